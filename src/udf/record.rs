//! The core's [`Record`]s as Arrow structs.

use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, Float64Builder, Int64Builder, ListArray, ListBuilder, StringBuilder,
    StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion_common::{Result, exec_err};

use crate::record::{FieldType, FieldValue, Record};

/// The Arrow struct type of a record.
pub(super) fn record_type<R: Record>() -> DataType {
    DataType::Struct(record_fields::<R>())
}

fn record_fields<R: Record>() -> Fields {
    R::FIELDS
        .iter()
        .map(|field| Field::new(field.name, arrow_type(field.field_type), true))
        .collect()
}

fn arrow_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::Integer => DataType::Int64,
        FieldType::Number => DataType::Float64,
        FieldType::Text => DataType::Utf8,
        FieldType::Numbers => DataType::new_list(DataType::Float64, true),
        FieldType::Texts => DataType::new_list(DataType::Utf8, true),
    }
}

/// A struct column, NULL where there is no record.
pub(super) fn record_array<R: Record>(
    records: impl IntoIterator<Item = Option<R>>,
) -> Result<StructArray> {
    let mut rows = RecordBuilder::new();
    for record in records {
        rows.append(record)?;
    }
    rows.finish()
}

/// The Arrow type of a list of records.
pub(super) fn record_list_type<R: Record>() -> DataType {
    DataType::new_list(record_type::<R>(), true)
}

/// A column of lists of structs, NULL where there is no list.
pub(super) fn record_list_array<R: Record>(
    lists: impl IntoIterator<Item = Option<Vec<R>>>,
) -> Result<ArrayRef> {
    let mut items = RecordBuilder::new();
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for list in lists {
        valid.push(list.is_some());
        let list = list.unwrap_or_default();
        check_offset(items.valid.len().saturating_add(list.len()))?;
        lengths.push(list.len());
        for record in list {
            items.append(Some(record))?;
        }
    }
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    let item = Arc::new(Field::new_list_field(record_type::<R>(), true));
    let valid = NullBuffer::from(valid);
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(items.finish()?), Some(valid))?))
}

/// A struct column while it grows.
struct RecordBuilder<R> {
    columns: Vec<ColumnBuilder>,
    valid: Vec<bool>,
    records: PhantomData<R>,
}

impl<R: Record> RecordBuilder<R> {
    fn new() -> Self {
        let columns = R::FIELDS.iter().map(|field| ColumnBuilder::new(field.field_type));
        Self { columns: columns.collect(), valid: Vec::new(), records: PhantomData }
    }

    fn append(&mut self, record: Option<R>) -> Result<()> {
        self.valid.push(record.is_some());
        let Some(record) = record else {
            self.columns.iter_mut().for_each(ColumnBuilder::append_null);
            return Ok(());
        };
        let mut pairs = self.columns.iter_mut().zip(record.into_values());
        pairs.try_for_each(|(column, value)| column.append(value))
    }

    fn finish(self) -> Result<StructArray> {
        let arrays = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        let (rows, valid) = (self.valid.len(), NullBuffer::from(self.valid));
        Ok(StructArray::try_new_with_length(record_fields::<R>(), arrays, Some(valid), rows)?)
    }
}

/// Refuses what would end behind the last place that an offset of 32 bits can name.
fn check_offset(end: usize) -> Result<()> {
    if i32::try_from(end).is_ok() {
        return Ok(());
    }
    exec_err!(
        "the results of one batch of rows have more than {} characters or items; use a smaller batch size",
        i32::MAX
    )
}

/// One column of a struct while it grows.
enum ColumnBuilder {
    Integer(Int64Builder),
    Number(Float64Builder),
    Text(StringBuilder),
    Numbers(ListBuilder<Float64Builder>),
    Texts(ListBuilder<StringBuilder>),
}

impl ColumnBuilder {
    fn new(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Integer => Self::Integer(Int64Builder::new()),
            FieldType::Number => Self::Number(Float64Builder::new()),
            FieldType::Text => Self::Text(StringBuilder::new()),
            FieldType::Numbers => Self::Numbers(ListBuilder::new(Float64Builder::new())),
            FieldType::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    fn append(&mut self, value: FieldValue) -> Result<()> {
        match (self, value) {
            (Self::Integer(builder), FieldValue::Integer(value)) => builder.append_option(value),
            (Self::Number(builder), FieldValue::Number(value)) => builder.append_option(value),
            (Self::Text(builder), FieldValue::Text(value)) => {
                let length = value.as_ref().map_or(0, String::len);
                check_offset(builder.values_slice().len().saturating_add(length))?;
                builder.append_option(value);
            }
            (Self::Numbers(builder), FieldValue::Numbers(values)) => {
                let length = values.as_ref().map_or(0, Vec::len);
                check_offset(builder.values_ref().len().saturating_add(length))?;
                builder.append_option(values.map(|values| values.into_iter().map(Some)));
            }
            (Self::Texts(builder), FieldValue::Texts(values)) => {
                builder.append_option(values.map(|values| values.into_iter().map(Some)));
            }
            (_, value) => {
                return exec_err!("a record's value {value:?} is not of its field's type");
            }
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Integer(builder) => builder.append_null(),
            Self::Number(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Numbers(builder) => builder.append_null(),
            Self::Texts(builder) => builder.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Numbers(mut builder) => Arc::new(builder.finish()),
            Self::Texts(mut builder) => Arc::new(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_32_bits_cannot_count_is_an_error() {
        check_offset(i32::MAX as usize).unwrap();
        let error = check_offset(i32::MAX as usize + 1).unwrap_err().to_string();
        assert!(error.contains("use a smaller batch size"), "{error}");
    }
}
