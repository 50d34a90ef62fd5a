//! Training one model a group from buffered rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, StringViewArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use datafusion_common::Result;
use rayon::prelude::*;

use super::NAME;
use super::arguments::Arguments;
use crate::fit::{Chunk, FeatureColumn, Options, Table, Values, fit};
use crate::udf::error::refuse_value;
use crate::udf::features::{
    FeatureKind, FeatureShape, feature_arrays, list_width, number_lists, numbered_name, split_lists,
};
use crate::udf::number::{doubles_with_nan, singles_with_nan};
use crate::udf::rows::accumulator::{BatchRows, RowAggregate};
use crate::udf::rows::{GroupedRows, RowSchema, encode_strings, primitive_values};
use crate::udf::weight::read_weight;

/// A call of the function: which arguments, which options.
#[derive(Debug)]
pub(super) struct FitAggregate {
    arguments: Arguments,
    options: Options,
}

impl FitAggregate {
    /// A call.
    pub fn new(arguments: Arguments, options: Options) -> Self {
        Self { arguments, options }
    }
}

impl RowAggregate for FitAggregate {
    fn schema(&self) -> RowSchema {
        self.arguments.schema()
    }

    fn read(&self, values: &[ArrayRef]) -> Result<BatchRows> {
        let label = &values[0];
        let mut nulls = vec![label.logical_nulls()];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(doubles_with_nan(NAME, "label", label)?)];
        if self.arguments.has_weight {
            let (weight, counts) = read_weight(NAME, &values[2])?;
            columns.push(Arc::new(weight));
            nulls.push(Some(counts));
        }
        columns.extend(read_features(&self.arguments.features, &values[1])?);
        let nulls = NullBuffer::union_many(nulls.iter().map(Option::as_ref));
        Ok(BatchRows {
            columns,
            keep: nulls.map(|nulls| BooleanArray::new(nulls.inner().clone(), None)),
        })
    }

    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef> {
        let lists = self.split_lists(rows)?;
        let table = self.table(rows, &lists)?;
        let texts = (0..rows.groups())
            .into_par_iter()
            .map(|group| {
                let model = fit(&table, &rows.rows(group), &self.options)
                    .map_err(|error| refuse_value(NAME, &error))?;
                Ok(model.map(|model| model.to_json()))
            })
            .collect::<Result<Vec<Option<String>>>>()?;
        Ok(Arc::new(StringViewArray::from_iter(texts)))
    }
}

/// Features that came as lists, as columns: their names, and a vector of columns a chunk.
#[derive(Debug, Default)]
struct SplitLists {
    names: Vec<String>,
    chunks: Vec<Vec<Float64Array>>,
}

/// The features of one batch as the schema's columns.
fn read_features(shape: &FeatureShape, features: &ArrayRef) -> Result<Vec<ArrayRef>> {
    let FeatureShape::Fields(fields) = shape else {
        return Ok(vec![number_lists(NAME, features)?]);
    };
    let arrays = feature_arrays(features)?;
    fields
        .iter()
        .zip(&arrays)
        .map(|(field, array)| {
            let argument = || format!("features.{}", field.name);
            Ok(match field.kind {
                FeatureKind::Category => Arc::new(encode_strings(array)?) as ArrayRef,
                FeatureKind::Number => Arc::new(doubles_with_nan(NAME, &argument(), array)?),
                FeatureKind::Single => Arc::new(singles_with_nan(NAME, &argument(), array)?),
            })
        })
        .collect()
}

impl FitAggregate {
    /// Lists of features as columns; nothing where features are columns already.
    fn split_lists(&self, rows: &GroupedRows) -> Result<SplitLists> {
        if self.arguments.features != FeatureShape::Lists {
            return Ok(SplitLists::default());
        }
        let lists = rows.chunks().iter().map(|columns| &columns[self.arguments.first_feature()]);
        let width = lists.clone().find_map(list_width).unwrap_or_default();
        let chunks =
            lists.map(|lists| split_lists(NAME, lists, width)).collect::<Result<Vec<_>>>()?;
        Ok(SplitLists { names: (0..width).map(numbered_name).collect(), chunks })
    }

    /// The buffered columns as the core reads them.
    fn table<'a>(&'a self, rows: &'a GroupedRows, lists: &'a SplitLists) -> Result<Table<'a>> {
        let features = match &self.arguments.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.arguments.first_feature()..)
                .map(|(field, column)| FeatureColumn {
                    name: &field.name,
                    levels: (field.kind == FeatureKind::Category).then(|| rows.levels(column)),
                })
                .collect(),
            FeatureShape::Lists => {
                lists.names.iter().map(|name| FeatureColumn { name, levels: None }).collect()
            }
        };
        let chunks = rows
            .chunks()
            .iter()
            .enumerate()
            .map(|(chunk, columns)| self.chunk(columns, lists.chunks.get(chunk)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Table { features, chunks })
    }

    fn chunk<'a>(
        &self,
        columns: &'a [ArrayRef],
        lists: Option<&'a Vec<Float64Array>>,
    ) -> Result<Chunk<'a>> {
        let weight = self.arguments.has_weight.then(|| primitive_values::<Float64Type>(columns, 1));
        let features = match &self.arguments.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.arguments.first_feature()..)
                .map(|(field, column)| feature_values(field.kind, columns, column))
                .collect::<Result<Vec<_>>>()?,
            FeatureShape::Lists => {
                lists.into_iter().flatten().map(|place| Values::Numbers(place.values())).collect()
            }
        };
        Ok(Chunk {
            label: primitive_values::<Float64Type>(columns, 0)?,
            weight: weight.transpose()?,
            features,
        })
    }
}

fn feature_values(kind: FeatureKind, columns: &[ArrayRef], column: usize) -> Result<Values<'_>> {
    Ok(match kind {
        FeatureKind::Number => Values::Numbers(primitive_values::<Float64Type>(columns, column)?),
        FeatureKind::Single => Values::Singles(primitive_values::<Float32Type>(columns, column)?),
        FeatureKind::Category => Values::Codes(primitive_values::<UInt32Type>(columns, column)?),
    })
}
