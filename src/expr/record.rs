//! The core's [`Record`]s as Polars structs.

use polars::chunked_array::builder::get_list_builder;
use polars::prelude::{
    DataType, Field, IntoSeries, NamedFrom, PlSmallStr, PolarsResult, Series, StructChunked,
    polars_bail,
};
use polars_arrow::bitmap::Bitmap;

use crate::record::{FieldType, FieldValue, Record};

/// The type of a struct of a record's fields.
pub(super) fn record_type<R: Record>() -> DataType {
    let fields =
        R::FIELDS.iter().map(|field| Field::new(field.name.into(), dtype(field.field_type)));
    DataType::Struct(fields.collect())
}

/// The type of a list of such structs.
pub(super) fn record_list_type<R: Record>() -> DataType {
    DataType::List(Box::new(record_type::<R>()))
}

fn dtype(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::Integer => DataType::Int64,
        FieldType::Number => DataType::Float64,
        FieldType::Text => DataType::String,
        FieldType::Numbers => DataType::List(Box::new(DataType::Float64)),
        FieldType::Texts => DataType::List(Box::new(DataType::String)),
    }
}

/// A series of structs, NULL where there is no record.
pub(super) fn record_series<R: Record>(
    name: PlSmallStr,
    records: Vec<Option<R>>,
) -> PolarsResult<Series> {
    let rows = records.len();
    let validity: Bitmap = records.iter().map(Option::is_some).collect();
    let mut columns: Vec<Vec<Option<FieldValue>>> =
        R::FIELDS.iter().map(|_| Vec::with_capacity(rows)).collect();
    for record in records {
        let mut values = record.map(Record::into_values).unwrap_or_default().into_iter();
        for column in &mut columns {
            column.push(values.next());
        }
    }
    let fields = R::FIELDS
        .iter()
        .zip(columns)
        .map(|(field, values)| column(field.name, field.field_type, values))
        .collect::<PolarsResult<Vec<Series>>>()?;
    let records = StructChunked::from_series(name, rows, fields.iter())?;
    Ok(records.with_outer_validity(Some(validity)).into_series())
}

/// A series of lists of structs, NULL where there is no list.
pub(super) fn record_list_series<R: Record>(
    name: PlSmallStr,
    lists: Vec<Option<Vec<R>>>,
) -> PolarsResult<Series> {
    let mut builder = get_list_builder(&record_type::<R>(), 0, lists.len(), name);
    for list in lists {
        match list {
            Some(list) => {
                let records = list.into_iter().map(Some).collect();
                builder.append_series(&record_series("".into(), records)?)?;
            }
            None => builder.append_null(),
        }
    }
    Ok(builder.finish().into_series())
}

fn column(
    name: &str,
    field_type: FieldType,
    values: Vec<Option<FieldValue>>,
) -> PolarsResult<Series> {
    let name: PlSmallStr = name.into();
    Ok(match field_type {
        FieldType::Integer => Series::new(
            name,
            typed(values, |value| match value {
                FieldValue::Integer(value) => Ok(value),
                other => Err(other),
            })?,
        ),
        FieldType::Number => Series::new(
            name,
            typed(values, |value| match value {
                FieldValue::Number(value) => Ok(value),
                other => Err(other),
            })?,
        ),
        FieldType::Text => Series::new(
            name,
            typed(values, |value| match value {
                FieldValue::Text(value) => Ok(value),
                other => Err(other),
            })?,
        ),
        FieldType::Numbers => list_column(
            name,
            &DataType::Float64,
            typed(values, |value| match value {
                FieldValue::Numbers(value) => Ok(value),
                other => Err(other),
            })?,
        )?,
        FieldType::Texts => list_column(
            name,
            &DataType::String,
            typed(values, |value| match value {
                FieldValue::Texts(value) => Ok(value),
                other => Err(other),
            })?,
        )?,
    })
}

/// The values of one type; a record without a value is NULL.
fn typed<T>(
    values: Vec<Option<FieldValue>>,
    read: impl Fn(FieldValue) -> Result<Option<T>, FieldValue>,
) -> PolarsResult<Vec<Option<T>>> {
    let mut typed = Vec::with_capacity(values.len());
    for value in values {
        match value.map_or(Ok(None), &read) {
            Ok(value) => typed.push(value),
            Err(other) => {
                polars_bail!(ComputeError: "a record's value {other:?} is not of its field's type")
            }
        }
    }
    Ok(typed)
}

fn list_column<T>(
    name: PlSmallStr,
    item: &DataType,
    lists: Vec<Option<Vec<T>>>,
) -> PolarsResult<Series>
where
    Series: NamedFrom<Vec<T>, [T]>,
{
    let mut builder = get_list_builder(item, 0, lists.len(), name);
    for list in lists {
        match list {
            Some(list) => builder.append_series(&Series::new("".into(), list))?,
            None => builder.append_null(),
        }
    }
    Ok(builder.finish().into_series())
}
