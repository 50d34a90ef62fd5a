//! Which argument is which, by their number and types.

use arrow::datatypes::DataType;
use datafusion_common::Result;

use crate::call::fit_sgd::{FitArguments, NAME};
use crate::udf::error::refuse_plan;
use crate::udf::features::{FeatureKind, FeatureShape};
use crate::udf::rows::{ColumnKind, RowColumn, RowSchema};
use crate::udf::types::refs;

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
        let types = refs(types);
        let arguments =
            FitArguments::of_types(&types).map_err(|error| refuse_plan(NAME, &error))?;
        Ok(Self {
            has_weight: arguments.weight.is_some(),
            options: arguments.options,
            has_init: arguments.init.is_some(),
            features: FeatureShape::of_form(arguments.features),
        })
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
