//! The arguments of a batch as the columns that are buffered.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Float64Type;
use datafusion_common::Result;

use super::arguments::ArgumentPositions;
use super::campaign::campaign_texts;
use super::uncounted::with_uncounted;
use crate::call::features::column_argument;
use crate::call::fit::Solver;
use crate::udf::aggregate::BatchRows;
use crate::udf::dates::dates_as_days;
use crate::udf::features::{FeatureKind, FeatureShape, feature_arrays, number_lists};
use crate::udf::number::{doubles_with_nan, singles_with_nan};
use crate::udf::rows::primitive_values;
use crate::udf::weight::read_weight;

/// Reads the rows of a batch. Where groups have models to continue from, rows that do not count are kept, too.
pub(super) fn read_batch<S: Solver>(
    arguments: &ArgumentPositions,
    values: &[ArrayRef],
) -> Result<BatchRows> {
    let label = &values[0];
    let mut nulls = vec![label.logical_nulls()];
    let mut columns: Vec<ArrayRef> = vec![Arc::new(doubles_with_nan(S::NAME, "label", label)?)];
    if let Some(position) = arguments.weight {
        let (weight, counts) = read_weight(S::NAME, &values[position])?;
        columns.push(Arc::new(weight));
        nulls.push(Some(counts));
    }
    columns.extend(read_features::<S>(&arguments.features, &values[1])?);
    if let Some(position) = arguments.campaign {
        columns.push(campaign_texts(&values[position])?);
    }
    if let Some(position) = arguments.init {
        columns.push(Arc::clone(&values[position]));
    }
    if arguments.init.is_none() {
        return Ok(BatchRows::without_nulls(columns, &nulls));
    }
    let labels = with_uncounted(primitive_values::<Float64Type>(&columns, 0)?, &nulls);
    columns[0] = Arc::new(labels);
    Ok(BatchRows { columns, keep: None })
}

/// The features of one batch as the schema's columns.
fn read_features<S: Solver>(shape: &FeatureShape, features: &ArrayRef) -> Result<Vec<ArrayRef>> {
    let FeatureShape::Fields(fields) = shape else {
        return Ok(vec![number_lists(S::NAME, features)?]);
    };
    let arrays = feature_arrays(features)?;
    fields
        .iter()
        .zip(&arrays)
        .map(|(field, array)| {
            let argument = || column_argument(&field.name);
            Ok(match field.kind {
                FeatureKind::Category => Arc::clone(array),
                FeatureKind::Number => {
                    let numbers = dates_as_days(array)?;
                    Arc::new(doubles_with_nan(S::NAME, &argument(), &numbers)?)
                }
                FeatureKind::Single => Arc::new(singles_with_nan(S::NAME, &argument(), array)?),
            })
        })
        .collect()
}
