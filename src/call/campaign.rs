//! The argument `campaign`: of any type by which rows can be grouped.

use super::{ArgumentType, TypeForm, wrong_argument};
use crate::Result;
use crate::model::MOST_FEATURES;

/// Refuses a type whose arrays declare more values than features may be: a NULL of it has them all.
pub(crate) fn check_campaign<T: ArgumentType>(given: &T) -> Result<()> {
    if declared_values(given) <= MOST_FEATURES {
        return Ok(());
    }
    let expected = format!("at most {MOST_FEATURES} values in an array");
    Err(wrong_argument("campaign", expected, given.to_string()))
}

/// How many values a type declares: of arrays within arrays those of all, of a list those of an item.
fn declared_values<T: ArgumentType>(given: &T) -> usize {
    match given.form() {
        TypeForm::Array(item, width) => width.saturating_mul(declared_values(item)),
        TypeForm::List(item) => declared_values(item),
        TypeForm::Struct(fields) => fields
            .into_iter()
            .map(|(_, field)| declared_values(field))
            .fold(0, usize::saturating_add),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{self, Array, Date, List, Null, Struct, Text};

    fn array(item: TestType, width: usize) -> TestType {
        Array(Box::new(item), width)
    }

    #[test]
    fn a_campaign_declares_no_endless_arrays() {
        for campaign in [
            Null,
            Date,
            Text,
            Struct(vec![]),
            array(Text, 0),
            array(Text, 100_000),
            Struct(vec![("a", array(Text, 60_000)), ("b", array(Text, 40_000))]),
        ] {
            assert_eq!(check_campaign(&campaign), Ok(()), "{campaign}");
        }
        for campaign in [
            array(Text, 100_001),
            array(Text, usize::MAX),
            array(array(Text, 1000), 101),
            array(List(Box::new(array(Text, 1000))), usize::MAX),
            Struct(vec![("a", array(Text, 60_000)), ("b", array(Text, 40_001))]),
        ] {
            let error = check_campaign(&campaign).unwrap_err().to_string();
            let expected = format!(
                "argument `campaign`: expected at most 100000 values in an array, got {campaign}"
            );
            assert_eq!(error, expected);
        }
    }
}
