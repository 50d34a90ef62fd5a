//! The argument `features` in its forms: a struct, a list of numbers, a single number.

use std::borrow::Cow;

use super::culprit::in_row;
use super::{ArgumentType, TypeForm, check_names, wrong_argument};
use crate::error::quoted;
use crate::model::check_feature_count;
use crate::{Error, Result};

const EXPECTED: &str =
    "a struct of numbers, booleans, dates and strings, a list of numbers, or one number";

/// Which features an argument's type names.
#[derive(Debug)]
pub(crate) enum FeaturesForm<'a, T> {
    /// These, with the types of their columns.
    Columns(Vec<(Cow<'a, str>, &'a T)>),
    /// Numbers `x0, x1, ...`, as many as a list turns out to have.
    Lists,
}

impl<'a, T: ArgumentType> FeaturesForm<'a, T> {
    /// The features of a column of this type. Those in a struct may have any type, since a model need not use them.
    pub fn of_type(features: &'a T) -> Result<Self> {
        match features.form() {
            TypeForm::Struct(fields) if fields.is_empty() => {
                Err(wrong_argument("features", EXPECTED, "a struct without fields"))
            }
            TypeForm::Struct(fields) => {
                check_feature_count(fields.len())?;
                check_names("features", &fields)?;
                let column = |(name, field)| (Cow::Borrowed(name), field);
                Ok(Self::Columns(fields.into_iter().map(column).collect()))
            }
            TypeForm::Array(item, width) if item.form().is_number() => {
                check_feature_count(width)?;
                let column = |index| (Cow::Owned(numbered_name(index)), item);
                Ok(Self::Columns((0..width).map(column).collect()))
            }
            TypeForm::List(item) if item.form().is_number() => Ok(Self::Lists),
            TypeForm::Number | TypeForm::Null => {
                Ok(Self::Columns(vec![(Cow::Owned(numbered_name(0)), features)]))
            }
            _ => Err(wrong_argument("features", EXPECTED, features.to_string())),
        }
    }

    /// Refuses columns of types that are no features.
    pub fn check_columns(&self) -> Result<()> {
        let Self::Columns(columns) = self else { return Ok(()) };
        columns.iter().try_for_each(|(name, column)| is_category(name, *column).map(|_| ()))
    }
}

/// The name of the feature at an index of a list.
pub(crate) fn numbered_name(index: usize) -> String {
    format!("x{index}")
}

/// The name of a feature's column as an argument.
pub(crate) fn column_argument(name: &str) -> String {
    format!("features.{}", quoted(name))
}

/// Whether the column of a feature holds categories; it holds numbers otherwise.
///
/// # Errors
/// Where its type is none of a feature.
pub(crate) fn is_category<T: ArgumentType>(name: &str, column: &T) -> Result<bool> {
    match column.form() {
        TypeForm::Text => Ok(true),
        TypeForm::Number | TypeForm::Boolean | TypeForm::Date | TypeForm::Null => Ok(false),
        _ => Err(wrong_argument(
            &column_argument(name),
            "a number, a boolean, a date or a string (cast another type to one of them)",
            column.to_string(),
        )),
    }
}

/// Refuses dates for a feature that a model was trained on as a number: a date is a number of days, and nobody knows of
/// what that number is.
pub(crate) fn check_date<T: ArgumentType>(name: &str, column: &T, takes_dates: bool) -> Result<()> {
    if takes_dates || !column.form().is_date() {
        return Ok(());
    }
    let expected = "a number, as the model was trained on";
    Err(wrong_argument(&column_argument(name), expected, column.to_string()))
}

/// How many numbers the lists of a group have, the same in each; 0 if all are NULL (`None`).
pub(crate) fn list_width(lengths: impl IntoIterator<Item = Option<usize>>) -> Result<usize> {
    let mut lengths = lengths.into_iter().flatten();
    let Some(width) = lengths.next() else { return Ok(0) };
    check_feature_count(width)?;
    match lengths.find(|&length| length != width) {
        None => Ok(width),
        Some(other) => Err(wrong_argument(
            "features",
            "lists of one length in all rows of a group",
            format!("lists of {} and of {} numbers", width.min(other), width.max(other)),
        )),
    }
}

/// A list that is shorter than a model needs, in a row unless it is a constant.
pub(crate) fn short_list(needed: usize, length: usize, row: Option<usize>) -> Error {
    let expected = format!("a list of {needed} numbers, as the model was trained on");
    wrong_argument("features", expected, format!("a list of length {length}{}", in_row(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{self, Array, Blob, Date, List, Number, Struct, Text};

    fn names(features: &TestType) -> Result<Option<Vec<String>>> {
        Ok(match FeaturesForm::of_type(features)? {
            FeaturesForm::Lists => None,
            FeaturesForm::Columns(columns) => {
                Some(columns.into_iter().map(|(name, _)| name.into_owned()).collect())
            }
        })
    }

    #[test]
    fn features_have_names() {
        let named = |features| names(&features).unwrap().unwrap().join(" ");
        assert_eq!(named(Struct(vec![("b", Number), ("a", Date)])), "b a");
        assert_eq!(named(Array(Box::new(Number), 3)), "x0 x1 x2");
        assert_eq!(named(Number), "x0");
        assert_eq!(names(&List(Box::new(Number))), Ok(None));
    }

    #[test]
    fn what_is_no_features() {
        let refused = |features| names(&features).unwrap_err().to_string();
        assert!(refused(Text).ends_with("or one number, got Text"));
        assert!(refused(List(Box::new(Text))).ends_with("got List(Text)"));
        assert!(refused(Struct(vec![])).ends_with("got a struct without fields"));
        assert!(refused(Array(Box::new(Number), 1 << 31)).contains("at most 100000 features"));
        let twice = Struct(vec![("a", Number), ("b", Number), ("a", Text)]);
        assert!(refused(twice).ends_with("expected fields of different names, got two fields `a`"));
        let blob = Struct(vec![("blob", Blob)]);
        let error = FeaturesForm::of_type(&blob).unwrap().check_columns().unwrap_err().to_string();
        assert!(
            error
                .starts_with("argument `features.blob`: expected a number, a boolean, a date or a")
        );
    }

    #[test]
    fn dates_are_for_models_of_dates() {
        assert_eq!(is_category("day", &Date), Ok(false));
        assert_eq!(
            (check_date("day", &Date, true), check_date("day", &Number, true)),
            (Ok(()), Ok(()))
        );
        let error = check_date("day", &Date, false).unwrap_err().to_string();
        assert!(
            error.ends_with("expected a number, as the model was trained on, got Date"),
            "{error}"
        );
    }

    #[test]
    fn lists_of_a_group_have_one_length() {
        assert_eq!(list_width([None, Some(2), Some(2)]), Ok(2));
        assert_eq!(list_width([None]), Ok(0));
        let error = list_width([Some(2), None, Some(1)]).unwrap_err().to_string();
        assert!(error.ends_with("got lists of 1 and of 2 numbers"), "{error}");
        assert!(list_width([Some(100_001)]).is_err());
    }
}
