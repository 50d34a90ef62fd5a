//! Which argument is which, by their number and types.

use std::ops::Range;

use arrow::datatypes::DataType;
use datafusion_common::Result;

use crate::call::fit::{FitArguments, Solver};
use crate::udf::error::refuse_plan;
use crate::udf::features::{FeatureKind, FeatureShape};
use crate::udf::rows::{ColumnKind, RowColumn, RowSchema};
use crate::udf::types::refs;

/// The arguments of a call: their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArgumentPositions {
    /// The campaign.
    pub campaign: Option<usize>,
    /// The weight.
    pub weight: Option<usize>,
    /// The options.
    pub options: Option<usize>,
    /// The model to continue from.
    pub init: Option<usize>,
    /// The features that are named by the type of the argument.
    pub features: FeatureShape,
}

impl ArgumentPositions {
    /// Reads the types of a call.
    pub fn of_types<S: Solver>(types: &[DataType]) -> Result<Self> {
        let types = refs(types);
        let arguments =
            FitArguments::of_types::<S>(&types).map_err(|error| refuse_plan(S::NAME, &error))?;
        let FitArguments { features, campaign, weight, options, init } = arguments;
        let features = FeatureShape::of_form(features);
        Ok(Self { campaign, weight, options, init, features })
    }

    /// The columns to buffer: label, weight if there is one, features, the campaign or the model to continue from if there is
    /// one.
    pub fn schema(&self) -> RowSchema {
        let number = |name: &str| RowColumn { name: name.to_string(), kind: ColumnKind::Number };
        let mut columns = vec![number("label")];
        if self.weight.is_some() {
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
        let last = [("campaign", self.campaign), ("init", self.init)];
        columns.extend(
            last.into_iter()
                .filter(|(_, position)| position.is_some())
                .map(|(name, _)| RowColumn { name: name.to_string(), kind: ColumnKind::Category }),
        );
        RowSchema::new(columns)
    }

    /// The position of the first feature among the buffered columns.
    pub fn first_feature(&self) -> usize {
        1 + usize::from(self.weight.is_some())
    }

    /// The positions of the features among the buffered columns.
    pub fn feature_columns(&self) -> Range<usize> {
        let columns = match &self.features {
            FeatureShape::Fields(fields) => fields.len(),
            FeatureShape::Lists => 1,
        };
        let first = self.first_feature();
        first..first + columns
    }

    /// The position of the last buffered column: that of the campaign, or of the model to continue from, if there is one.
    pub fn last_column(&self) -> usize {
        self.schema().columns().len() - 1
    }

    /// The names of the features that are dates.
    pub fn dates(&self) -> Vec<&str> {
        let FeatureShape::Fields(fields) = &self.features else { return Vec::new() };
        fields.iter().filter(|field| field.is_date).map(|field| field.name.as_str()).collect()
    }
}
