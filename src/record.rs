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

/// A field of the record of a `T` beside how its value is got, which is of the field's type by construction.
pub(crate) struct Entry<T> {
    field: Field,
    value: Getter<T>,
}

/// How a value is got; `None` is NULL. Integers are counts and indices.
enum Getter<T> {
    Integer(fn(&T) -> Option<u64>),
    Number(fn(&T) -> Option<f64>),
    Text(fn(&T) -> Option<&str>),
    Numbers(fn(&T) -> Option<Vec<f64>>),
    Texts(fn(&T) -> Option<&[String]>),
}

/// A field of type [`FieldType::Integer`].
pub(crate) const fn integer<T>(
    name: &'static str,
    description: &'static str,
    value: fn(&T) -> Option<u64>,
) -> Entry<T> {
    entry(name, description, Getter::Integer(value))
}

/// A field of type [`FieldType::Number`].
pub(crate) const fn number<T>(
    name: &'static str,
    description: &'static str,
    value: fn(&T) -> Option<f64>,
) -> Entry<T> {
    entry(name, description, Getter::Number(value))
}

/// A field of type [`FieldType::Text`].
pub(crate) const fn text<T>(
    name: &'static str,
    description: &'static str,
    value: fn(&T) -> Option<&str>,
) -> Entry<T> {
    entry(name, description, Getter::Text(value))
}

/// A field of type [`FieldType::Numbers`].
pub(crate) const fn numbers<T>(
    name: &'static str,
    description: &'static str,
    value: fn(&T) -> Option<Vec<f64>>,
) -> Entry<T> {
    entry(name, description, Getter::Numbers(value))
}

/// A field of type [`FieldType::Texts`].
pub(crate) const fn texts<T>(
    name: &'static str,
    description: &'static str,
    value: fn(&T) -> Option<&[String]>,
) -> Entry<T> {
    entry(name, description, Getter::Texts(value))
}

const fn entry<T>(name: &'static str, description: &'static str, value: Getter<T>) -> Entry<T> {
    let field_type = match value {
        Getter::Integer(_) => FieldType::Integer,
        Getter::Number(_) => FieldType::Number,
        Getter::Text(_) => FieldType::Text,
        Getter::Numbers(_) => FieldType::Numbers,
        Getter::Texts(_) => FieldType::Texts,
    };
    Entry { field: Field { name, field_type, description }, value }
}

/// The fields of entries, of which there is at least one: [`Record::FIELDS`].
pub(crate) const fn fields<T, const N: usize>(entries: &[Entry<T>; N]) -> [Field; N] {
    let mut fields = [entries[0].field; N];
    let mut index = 1;
    while index < N {
        fields[index] = entries[index].field;
        index += 1;
    }
    fields
}

/// The values of the entries: [`Record::into_values`].
pub(crate) fn values<T>(entries: &[Entry<T>], of: &T) -> Vec<FieldValue> {
    entries.iter().map(|entry| entry.value.get(of)).collect()
}

impl<T> Getter<T> {
    fn get(&self, of: &T) -> FieldValue {
        match self {
            Self::Integer(value) => FieldValue::Integer(value(of).map(signed)),
            Self::Number(value) => FieldValue::Number(value(of)),
            Self::Text(value) => FieldValue::Text(value(of).map(str::to_owned)),
            Self::Numbers(value) => FieldValue::Numbers(value(of)),
            Self::Texts(value) => FieldValue::Texts(value(of).map(<[String]>::to_vec)),
        }
    }
}

/// Engines have signed integers; a count beyond the greatest is that.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair {
        name: String,
        count: u64,
    }

    const PAIR: [Entry<Pair>; 5] = [
        text("name", "a name", |pair| Some(&pair.name)),
        integer("count", "a count", |pair| Some(pair.count)),
        number("half", "half of the count", |pair| Some(0.5 * pair.count as f64)),
        numbers("both", "the count twice", |pair| Some(vec![pair.count as f64; 2])),
        texts("names", "all names", |pair| Some(std::slice::from_ref(&pair.name))),
    ];

    #[test]
    fn a_count_beyond_the_greatest_integer_is_that() {
        let values = values(&PAIR, &Pair { name: String::new(), count: u64::MAX });
        assert_eq!(values[1], FieldValue::Integer(Some(i64::MAX)));
    }

    #[test]
    fn a_field_and_its_value_are_of_one_type() {
        let values = values(&PAIR, &Pair { name: "a".to_owned(), count: 3 });
        let expected = [
            FieldValue::Text(Some("a".to_owned())),
            FieldValue::Integer(Some(3)),
            FieldValue::Number(Some(1.5)),
            FieldValue::Numbers(Some(vec![3.0, 3.0])),
            FieldValue::Texts(Some(vec!["a".to_owned()])),
        ];
        assert_eq!(values, expected);
        let fields = fields(&PAIR);
        assert_eq!(fields.map(|field| field.name), ["name", "count", "half", "both", "names"]);
        let types = [
            FieldType::Text,
            FieldType::Integer,
            FieldType::Number,
            FieldType::Numbers,
            FieldType::Texts,
        ];
        assert_eq!(fields.map(|field| field.field_type), types);
        assert_eq!(fields[1].description, "a count");
    }
}
