//! Where the weights of a model stand in the heads of the parts that are trained.

use std::collections::HashMap;

use super::rows::Table;
use crate::model::{Encoding, Model};

/// Where each weight of a model's head stands in a head of a part, the intercept left out.
///
/// A model has its weights in the order of the features; a part has the numbers first, then the levels.
pub(super) fn part_indices(encodings: &[Encoding]) -> Vec<usize> {
    let is_number = |encoding: &&Encoding| matches!(encoding, Encoding::Numeric { .. });
    let mut number = 1;
    let mut level = 1 + encodings.iter().filter(is_number).count();
    let mut part_indices = Vec::with_capacity(encodings.iter().map(Encoding::width).sum());
    for encoding in encodings {
        let next = match encoding {
            Encoding::Numeric { .. } => &mut number,
            Encoding::Categorical { .. } => &mut level,
        };
        part_indices.extend(*next..*next + encoding.width());
        *next += encoding.width();
    }
    part_indices
}

/// Where each weight of the model to continue from stands in a head of a part; weights of features in another
/// order, and levels between which new ones came, are found by name. `None` for one that is not there.
pub(super) fn known_part_indices(
    model: &Model,
    table: &Table<'_>,
    encodings: &[Encoding],
    part_indices: &[usize],
) -> Vec<Option<usize>> {
    let mut of_name: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    let mut rest = part_indices.iter().copied();
    for (column, encoding) in table.features.iter().zip(encodings) {
        match encoding {
            Encoding::Numeric { .. } => {
                of_name.extend(rest.next().map(|index| ((column.name, None), index)));
            }
            Encoding::Categorical { levels, .. } => {
                for (level, index) in levels.iter().zip(rest.by_ref()) {
                    of_name.insert((column.name, level.as_deref()), index);
                }
            }
        }
    }
    let names = model.features().iter().flat_map(|feature| {
        let levels: Vec<Option<&str>> = match &feature.encoding {
            Encoding::Numeric { .. } => vec![None],
            Encoding::Categorical { levels, .. } => levels.iter().map(Option::as_deref).collect(),
        };
        levels.into_iter().map(|level| (feature.name.as_str(), level))
    });
    names.map(|name| of_name.get(&name).copied()).collect()
}
