//! The columns of a call as the core reads them.

use arrow::array::ArrayRef;
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use datafusion_common::Result;

use super::arguments::ArgumentPositions;
use crate::fit::{Chunk, FeatureColumn, FeatureValues, ListElements, Table};
use crate::udf::features::{FeatureKind, FeatureShape, NumberLists};
use crate::udf::rows::primitive_values;

impl ArgumentPositions {
    /// The lists of every chunk; none where features are columns already.
    pub fn lists(&self, chunks: &[Vec<ArrayRef>]) -> Result<Vec<NumberLists>> {
        if self.features != FeatureShape::Lists {
            return Ok(Vec::new());
        }
        let lists = chunks.iter().map(|columns| &columns[self.first_feature()]);
        lists.map(NumberLists::of_buffered).collect()
    }

    /// Columns as the core reads them, chunk by chunk; `numbered` are the names of the numbers of lists.
    pub fn table<'a>(
        &'a self,
        chunks: &'a [Vec<ArrayRef>],
        levels: impl Fn(usize) -> Vec<Option<&'a str>>,
        lists: &'a [NumberLists],
        numbered: &'a [String],
    ) -> Result<Table<'a>> {
        let features = match &self.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.first_feature()..)
                .map(|(field, column)| FeatureColumn {
                    name: &field.name,
                    levels: (field.kind == FeatureKind::Category).then(|| levels(column)),
                })
                .collect(),
            FeatureShape::Lists => {
                numbered.iter().map(|name| FeatureColumn { name, levels: None }).collect()
            }
        };
        let chunks = chunks
            .iter()
            .enumerate()
            .map(|(chunk, columns)| self.chunk(columns, lists.get(chunk), numbered.len()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Table { features, chunks })
    }

    fn chunk<'a>(
        &self,
        columns: &'a [ArrayRef],
        lists: Option<&'a NumberLists>,
        width: usize,
    ) -> Result<Chunk<'a>> {
        let weight = self.weight.map(|_| primitive_values::<Float64Type>(columns, 1));
        let features = match &self.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.first_feature()..)
                .map(|(field, column)| feature_values(field.kind, columns, column))
                .collect::<Result<Vec<_>>>()?,
            FeatureShape::Lists => {
                let indices =
                    lists.into_iter().flat_map(|lists| (0..width).map(move |index| (lists, index)));
                indices
                    .map(|(lists, index)| {
                        FeatureValues::Elements(ListElements {
                            values: lists.values(),
                            starts: lists.starts(),
                            index,
                        })
                    })
                    .collect()
            }
        };
        Ok(Chunk {
            label: primitive_values::<Float64Type>(columns, 0)?,
            weight: weight.transpose()?,
            features,
        })
    }
}

fn feature_values(
    kind: FeatureKind,
    columns: &[ArrayRef],
    column: usize,
) -> Result<FeatureValues<'_>> {
    Ok(match kind {
        FeatureKind::Number => {
            FeatureValues::Numbers(primitive_values::<Float64Type>(columns, column)?)
        }
        FeatureKind::Single => {
            FeatureValues::Singles(primitive_values::<Float32Type>(columns, column)?)
        }
        FeatureKind::Category => {
            FeatureValues::Codes(primitive_values::<UInt32Type>(columns, column)?)
        }
    })
}
