//! The rows of groups as the core reads them: a table for each width of lists.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use datafusion_common::Result;
use rayon::prelude::*;

use super::arguments::ArgumentPositions;
use super::uncounted::telling;
use crate::call::features::{list_width, numbered_name};
use crate::call::fit::Solver;
use crate::fit::{RowId, Table};
use crate::udf::error::refuse_value;
use crate::udf::features::NumberLists;
use crate::udf::rows::GroupedRows;

/// The lists of buffered rows, if features are lists.
pub(super) struct GroupLists {
    chunks: Vec<NumberLists>,
    /// How many numbers the lists of each group have.
    widths: Vec<usize>,
    /// The names of the numbers of the widest.
    names: Vec<String>,
}

impl GroupLists {
    /// Those of the rows of a call.
    pub fn of<S: Solver>(arguments: &ArgumentPositions, rows: &GroupedRows) -> Result<Self> {
        let chunks = arguments.lists(rows.chunks())?;
        let labels = rows.numbers(0)?;
        let width = |group: usize| match chunks.as_slice() {
            [] => Ok(0),
            lists => width_of_group::<S>(lists, &telling(&labels, &rows.rows(group))),
        };
        let widths = (0..rows.groups()).into_par_iter().map(width).collect::<Result<Vec<_>>>()?;
        let names = (0..widths.iter().copied().max().unwrap_or_default()).map(numbered_name);
        Ok(Self { chunks, names: names.collect(), widths })
    }
}

/// How many numbers the lists of a group have, the same in each; 0 if all are NULL.
fn width_of_group<S: Solver>(lists: &[NumberLists], rows: &[RowId]) -> Result<usize> {
    let length = |row: &RowId| lists.get(row.chunk as usize)?.length(row.row as usize);
    list_width(rows.iter().map(length)).map_err(|error| refuse_value(S::NAME, &error))
}

/// The tables of all groups, which have the same rows and are different only where the lists are.
pub(super) struct Tables<'a> {
    of_width: HashMap<usize, Table<'a>>,
    widths: &'a [usize],
}

impl<'a> Tables<'a> {
    /// Those of the rows of a call.
    pub fn of(
        arguments: &'a ArgumentPositions,
        rows: &'a GroupedRows,
        lists: &'a GroupLists,
    ) -> Result<Self> {
        let mut of_width = HashMap::new();
        for &width in &lists.widths {
            if let Entry::Vacant(table) = of_width.entry(width) {
                let levels = |column| rows.levels(column);
                let names = &lists.names[..width];
                table.insert(arguments.table(rows.chunks(), levels, &lists.chunks, names)?);
            }
        }
        Ok(Self { of_width, widths: &lists.widths })
    }

    /// The table of a group.
    pub fn of_group(&self, group: usize) -> &Table<'a> {
        &self.of_width[&self.widths[group]]
    }
}
