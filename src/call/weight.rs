//! The argument `weight`: how often a row counts.

use super::culprit::in_row;
use crate::Result;
use crate::error::number_text;
use crate::metrics::weight::{is_weight, wrong_weight};

/// Refuses the first weight that is negative, NaN or infinite, of those that are known: not NULL. `row_of` says
/// which row of the batch a weight is in, unless it is a constant.
pub(crate) fn check_weights(
    weights: &[f64],
    is_known: impl Fn(usize) -> bool,
    row_of: impl Fn(usize) -> Option<usize>,
) -> Result<()> {
    let mut weights = weights.iter().enumerate();
    match weights.find(|&(index, &weight)| !is_weight(weight) && is_known(index)) {
        None => Ok(()),
        Some((index, &wrong)) => {
            Err(wrong_weight(format!("{}{}", number_text(wrong), in_row(row_of(index)))))
        }
    }
}

/// Whether a row of this weight counts. In the place of a NULL is a NaN, which does not.
pub(crate) fn counts(weight: f64) -> bool {
    weight > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_is_no_wrong_weight() {
        assert!(check_weights(&[0.0, f64::NAN, 2.0], |index| index != 1, Some).is_ok());
        let error = check_weights(&[0.0, -1.0], |_| true, |index| Some(index + 5)).unwrap_err();
        assert!(error.to_string().ends_with("got -1 in row 7 of the batch, counted from 1"));
        let error = check_weights(&[-1e300], |_| true, |_| None).unwrap_err().to_string();
        assert!(error.ends_with("got -1e300"), "{error}");
        let error = check_weights(&[f64::INFINITY], |_| true, |_| None).unwrap_err().to_string();
        assert!(error.ends_with("expected a finite number, 0 or more, got inf"), "{error}");
        assert!(counts(0.5) && !counts(0.0) && !counts(f64::NAN));
    }
}
