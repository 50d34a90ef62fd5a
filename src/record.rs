//! Results of several named values, described once so that every engine builds its own struct type from them.

/// The type of one value of a [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldType {
    /// A 64-bit integer.
    Integer,
    /// A 64-bit floating-point number.
    Number,
    /// Text.
    Text,
    /// A list of 64-bit floating-point numbers.
    Numbers,
    /// A list of texts.
    Texts,
}

/// One value of a [`Record`]; `None` is NULL in every engine.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldValue {
    /// A value of type [`FieldType::Integer`].
    Integer(Option<i64>),
    /// A value of type [`FieldType::Number`].
    Number(Option<f64>),
    /// A value of type [`FieldType::Text`].
    Text(Option<String>),
    /// A value of type [`FieldType::Numbers`].
    Numbers(Option<Vec<f64>>),
    /// A value of type [`FieldType::Texts`].
    Texts(Option<Vec<String>>),
}

/// What one field of a [`Record`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field's name in SQL and in Polars.
    pub name: &'static str,
    /// The field's type.
    pub field_type: FieldType,
    /// What it means, with its unit.
    pub description: &'static str,
}

mod sealed {
    /// Keeps [`Record`](super::Record) to the types of this crate.
    pub trait Sealed {}
}

pub(crate) use sealed::Sealed;

/// A result of several named values: a struct in SQL and in Polars. Only types of this crate are records.
pub trait Record: Sized + Sealed {
    /// The fields, in order.
    const FIELDS: &'static [Field];

    /// The values, in the order of [`Record::FIELDS`] and of their types.
    fn into_values(self) -> Vec<FieldValue>;
}
