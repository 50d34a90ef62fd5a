//! The core's [`Record`]s as Arrow structs.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Builder, Int64Builder, ListArray, ListBuilder, StringBuilder, StructArray,
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
pub(super) fn record_array<R: Record>(records: Vec<Option<R>>) -> Result<StructArray> {
    let rows = records.len();
    let valid: NullBuffer = records.iter().map(Option::is_some).collect();
    let mut columns: Vec<ColumnBuilder> =
        R::FIELDS.iter().map(|field| ColumnBuilder::new(field.field_type)).collect();
    for record in records {
        match record {
            Some(record) => {
                for (column, value) in columns.iter_mut().zip(record.into_values()) {
                    column.append(value)?;
                }
            }
            None => columns.iter_mut().for_each(ColumnBuilder::append_null),
        }
    }
    let arrays: Vec<ArrayRef> = columns.into_iter().map(ColumnBuilder::finish).collect();
    Ok(StructArray::try_new_with_length(record_fields::<R>(), arrays, Some(valid), rows)?)
}

/// The Arrow type of a list of records.
pub(super) fn record_list_type<R: Record>() -> DataType {
    DataType::new_list(record_type::<R>(), true)
}

/// A column of lists of structs, NULL where there is no list.
pub(super) fn record_list_array<R: Record>(lists: Vec<Option<Vec<R>>>) -> Result<ArrayRef> {
    let valid: NullBuffer = lists.iter().map(Option::is_some).collect();
    let lengths = lists.iter().map(|list| list.as_ref().map_or(0, Vec::len));
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    let records =
        record_array(lists.into_iter().flatten().flatten().map(Some).collect::<Vec<_>>())?;
    let item = Arc::new(Field::new_list_field(record_type::<R>(), true));
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(records), Some(valid))?))
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
            (Self::Text(builder), FieldValue::Text(value)) => builder.append_option(value),
            (Self::Numbers(builder), FieldValue::Numbers(values)) => {
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
