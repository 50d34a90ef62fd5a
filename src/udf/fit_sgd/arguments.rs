//! Which argument is which, by their number and types.

use arrow::datatypes::DataType;
use datafusion_common::Result;

use super::NAME;
use crate::error::MODEL_TEXT;
use crate::udf::error::{wrong_arity, wrong_type};
use crate::udf::features::{FeatureKind, FeatureShape};
use crate::udf::model::check_text;
use crate::udf::number::check_number;
use crate::udf::rows::{ColumnKind, RowColumn, RowSchema};

const USAGE: &str = "ziln_fit_sgd(label, features [, weight] [, options]) or ziln_fit_sgd(label, features, weight, options, init)";

/// The position of the model to continue from.
pub(super) const INIT: usize = 4;

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arguments {
    /// Whether there is a weight, at position 2.
    pub has_weight: bool,
    /// Where the options are.
    options: Option<usize>,
    /// Whether there is a model to continue from, at position [`INIT`].
    pub has_init: bool,
    /// The features that are named by the type of the argument.
    pub features: FeatureShape,
}

impl Arguments {
    /// Reads the types of a call.
    pub fn of_types(types: &[DataType]) -> Result<Self> {
        let (label, features, rest) = match types {
            [label, features, rest @ ..] if rest.len() <= 3 => (label, features, rest),
            _ => return Err(wrong_arity(NAME, USAGE, types.len())),
        };
        check_number(NAME, "label", label)?;
        let features = FeatureShape::of_type(NAME, features)?;
        // A NULL without a type is an argument left out.
        let (has_weight, options) = match rest {
            [] | [DataType::Null] => (false, None),
            [DataType::Struct(_)] => (false, Some(2)),
            [weight] => {
                check_third(weight)?;
                (true, None)
            }
            [weight, options, ..] => {
                check_number(NAME, "weight", weight)?;
                check_options(options)?;
                (!weight.is_null(), (!options.is_null()).then_some(3))
            }
        };
        let has_init = match types.get(INIT) {
            None | Some(DataType::Null) => false,
            Some(init) => {
                check_text(NAME, "init", MODEL_TEXT, init)?;
                true
            }
        };
        Ok(Self { has_weight, options, has_init, features })
    }

    /// Where the options are.
    pub fn options_position(&self) -> Option<usize> {
        self.options
    }

    /// The columns to buffer: label, weight if there is one, features, the model to continue from if there is one.
    pub fn schema(&self) -> RowSchema {
        let number = |name: &str| RowColumn { name: name.to_string(), kind: ColumnKind::Number };
        let mut columns = vec![number("label")];
        if self.has_weight {
            columns.push(number("weight"));
        }
        match &self.features {
            FeatureShape::Fields(fields) => columns.extend(fields.iter().map(|field| RowColumn {
                name: format!("features.{}", field.name),
                kind: match field.kind {
                    FeatureKind::Number => ColumnKind::Number,
                    FeatureKind::Single => ColumnKind::Single,
                    FeatureKind::Category => ColumnKind::Category,
                },
            })),
            FeatureShape::Lists => {
                columns.push(RowColumn { name: "features".to_string(), kind: ColumnKind::Numbers });
            }
        }
        if self.has_init {
            columns.push(RowColumn { name: "init".to_string(), kind: ColumnKind::Category });
        }
        RowSchema::new(columns)
    }

    /// The position of the first feature among the buffered columns.
    pub fn first_feature(&self) -> usize {
        1 + usize::from(self.has_weight)
    }
}

fn check_third(data_type: &DataType) -> Result<()> {
    check_number(NAME, "weight", data_type).map_err(|_| {
        wrong_type(
            NAME,
            "weight or options",
            "a number (weight) or a struct such as {epochs: 30} (options)",
            data_type.to_string(),
        )
    })
}

fn check_options(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Struct(_) | DataType::Null => Ok(()),
        other => {
            Err(wrong_type(NAME, "options", "a struct such as {epochs: 30}", other.to_string()))
        }
    }
}
