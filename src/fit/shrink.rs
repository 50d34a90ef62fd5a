//! Keeps the total that a model predicts for its training rows near what they paid.

use super::sgd::PartWeights;

/// A total is far from the actual one when it is more than so many times it, or less than one such part.
pub(super) const FAR_TOTAL: f64 = 2.0;

/// How often what is added to the amount is halved before it is given up.
const HALVINGS: usize = 4;

/// Whether a total is not far off, whatever that of the intercepts.
pub(super) fn is_near(ratio: f64) -> bool {
    !is_far(ratio, 1.0)
}

/// Whether a total is far off, and farther than that of the intercepts alone.
pub(super) fn is_far(ratio: f64, of_intercepts: f64) -> bool {
    let off = |ratio: f64| ratio.max(1.0 / ratio);
    // What is no number is far, too.
    ratio.is_nan() || off(ratio) > FAR_TOTAL.max(off(of_intercepts))
}

/// Halves what is added to the amount until the total is not far off any more; at last it is given up.
///
/// Returns what it was multiplied by, if it was.
pub(super) fn shrink<T>(
    model: &mut T,
    mut is_far: impl FnMut(&T) -> bool,
    halve: impl Fn(&mut T),
    give_up: impl FnOnce(&mut T),
) -> Option<f64> {
    if !is_far(model) {
        return None;
    }
    let mut factor = 1.0;
    for _ in 0..HALVINGS {
        factor *= 0.5;
        halve(model);
        if !is_far(model) {
            return Some(factor);
        }
    }
    give_up(model);
    Some(0.0)
}

/// Shrinks the weights of the heads of the amount, around the average payer; at last the heads are the intercepts alone.
///
/// `ratio` is of such heads. Returns what the weights were multiplied by, if they were.
pub(super) fn shrink_amount(
    amount: &mut PartWeights,
    intercepts: [f64; 2],
    payer_means: &[f64],
    ratio: impl Fn(&PartWeights) -> f64,
) -> Option<f64> {
    let only_intercepts = without_weights(amount, intercepts);
    let of_intercepts = ratio(&only_intercepts);
    shrink(
        amount,
        |amount| is_far(ratio(amount), of_intercepts),
        |amount| halve(amount, payer_means),
        |amount| amount.values = only_intercepts.values,
    )
}

fn halve(amount: &mut PartWeights, payer_means: &[f64]) {
    for head in amount.values.chunks_exact_mut(amount.width) {
        let [intercept, weights @ ..] = head else { continue };
        for (weight, mean) in weights.iter_mut().zip(payer_means) {
            *weight *= 0.5;
            *intercept += *weight * mean;
        }
    }
}

fn without_weights(amount: &PartWeights, intercepts: [f64; 2]) -> PartWeights {
    let mut alone = amount.clone();
    alone.values.fill(0.0);
    for (head, intercept) in alone.values.chunks_exact_mut(amount.width).zip(intercepts) {
        if let Some(slot) = head.first_mut() {
            *slot = intercept;
        }
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_not_far_and_no_number_is() {
        assert!(!is_far(2.0, 1.0) && !is_far(0.5, 1.0) && is_far(2.1, 1.0) && is_far(0.4, 1.0));
        assert!(!is_far(0.3, 0.3) && is_far(0.2, 0.3), "no farther off than the intercepts");
        assert!(is_near(2.0) && !is_near(2.1) && !is_near(f64::NAN));
        assert!(is_far(f64::INFINITY, 1.0) && is_far(f64::NAN, 1.0) && is_far(0.0, 1.0));
    }

    #[test]
    fn weights_are_halved_around_the_average_payer() {
        let mut amount =
            PartWeights { width: 2, values: vec![1.0, 8.0, 0.5, 2.0], ..Default::default() };
        let heads = |amount: &PartWeights| amount.values[0] + 3.0 * amount.values[1];
        let at_mean = heads(&amount);
        let factor =
            shrink_amount(&mut amount, [9.0, 0.5], &[3.0], |amount| 1.0 + amount.values[1]);
        assert_eq!(factor, Some(0.125));
        assert_eq!(heads(&amount), at_mean);
        assert_eq!(amount.values[3], 0.25);
        let factor = shrink_amount(&mut amount, [9.0, 0.5], &[3.0], |amount| {
            if amount.values[1] == 0.0 { 1.0 } else { 1e9 }
        });
        assert_eq!((factor, amount.values), (Some(0.0), vec![9.0, 0.0, 0.5, 0.0]));
    }
}
