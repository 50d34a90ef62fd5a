//! The argument `buckets`: a constant.

use super::wrong_argument;
use crate::fit::OptionValue;
use crate::metrics::{DEFAULT_BUCKETS, MAX_BUCKETS, check_buckets};
use crate::{Error, Result};

/// The number of buckets that a value asks for; NULL is the default. A whole number may have the type of a float, as an
/// option may.
pub(crate) fn read(value: &OptionValue) -> Result<usize> {
    match (value, value.whole()) {
        (OptionValue::Null, _) => Ok(DEFAULT_BUCKETS),
        (_, Some(buckets)) => check_buckets(buckets),
        (other, None) => {
            let expected = format!("a whole number from 1 to {MAX_BUCKETS}");
            Err(wrong_argument("buckets", expected, other.to_string()))
        }
    }
}

/// Buckets that are not a constant number.
pub(crate) fn no_constant(got: impl Into<String>) -> Error {
    let expected = format!("a constant, a whole number from 1 to {MAX_BUCKETS}");
    wrong_argument("buckets", expected, got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_any_type() {
        assert_eq!(read(&OptionValue::Null), Ok(DEFAULT_BUCKETS));
        assert_eq!(read(&OptionValue::Integer(3)), Ok(3));
        assert_eq!(read(&OptionValue::Number(4.0)), Ok(4));
        for wrong in
            [OptionValue::Integer(0), 2.5.into(), f64::NAN.into(), 1e300.into(), "ten".into()]
        {
            let message = read(&wrong).unwrap_err().to_string();
            assert_eq!(
                message,
                format!(
                    "argument `buckets`: expected a whole number from 1 to 1000000, got {wrong}"
                )
            );
        }
    }
}
