//! What a weight may be.

use crate::{Error, Result};

/// Refuses weights that are negative, NaN or infinite.
///
/// An adapter calls this on the weights as they arrive, without those that are NULL. The metrics themselves leave
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
    match weight.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        None => Ok(()),
        Some(weight) => Err(Error::Argument {
            argument: "weight".to_string(),
            expected: "a finite number, 0 or more".to_string(),
            got: weight.to_string(),
        }),
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
