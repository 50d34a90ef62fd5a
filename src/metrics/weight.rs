//! What a weight may be.

use crate::error::number_text;
use crate::{Error, Result};

/// Refuses weights that are negative, NaN or infinite.
///
/// Weights that are NULL are left away before. The metrics themselves leave
/// out a row whose weight is not a positive finite number.
///
/// # Errors
/// [`Error::Argument`] naming the first weight that is not a finite number, 0 or more.
///
/// # Example
/// ```
/// use ziln::metrics::check_weight;
///
/// assert!(check_weight(&[0.0, 0.5, 2.0]).is_ok());
/// let error = check_weight(&[1.0, -2.0]).unwrap_err();
/// assert_eq!(error.to_string(), "argument `weight`: expected a finite number, 0 or more, got -2");
/// ```
pub fn check_weight(weight: &[f64]) -> Result<()> {
    match weight.iter().find(|&&weight| !is_weight(weight)) {
        None => Ok(()),
        Some(weight) => Err(wrong_weight(number_text(*weight))),
    }
}

/// Whether a weight is a finite number, 0 or more.
#[inline]
pub(crate) fn is_weight(weight: f64) -> bool {
    weight.is_finite() && weight >= 0.0
}

/// The error of a weight that is none.
pub(crate) fn wrong_weight(got: String) -> Error {
    Error::Argument {
        argument: "weight".to_string(),
        expected: "a finite number, 0 or more".to_string(),
        got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_weight() {
        for weight in [-1.0, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(check_weight(&[1.0, weight]).is_err(), "{weight}");
        }
        assert!(check_weight(&[0.0, -0.0, 5e-324, f64::MAX]).is_ok());
        assert!(check_weight(&[]).is_ok());
    }
}
