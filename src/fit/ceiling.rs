//! Lowers the greatest mu and sigma of a model that predicts too high a total.
//!
//! Where a feature is skewed, heads that are linear in it may be too steep for its greatest values, and `exp(mu + sigma^2/2)`
//! then makes a few customers most of the total. Below a ceiling they are worth what others at the top are. Each ceiling is
//! lowered until the total is what was paid, but only as long as the payers who are held there paid less than it says, or
//! spread less: never below where the payments are most likely.

use super::total::Totals;
use crate::math::ln;
use crate::model::{Bounds, Range};

/// An excess of the total, as a logarithm, that is left as it is.
const LEAST_EXCESS: f64 = 0.1;

/// An excess of so many standard errors may be chance, and is left as it is.
const ERRORS: f64 = 2.0;

/// Ceilings that take off less than this share of the excess are not worth their while.
const LEAST_SHARE: f64 = 0.25;

/// How often the way to a ceiling is halved.
const HALVINGS: usize = 20;

/// Where mu and sigma are held, because the total was too high.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    pub(super) bounds: Bounds,
    /// The total before, over what was paid.
    pub(super) ratio: f64,
}

impl Ceiling {
    /// The ceiling within bounds, if the total is too high: that of the model as it is, before, and within other bounds.
    pub(super) fn find(
        bounds: Bounds,
        before: &Totals,
        mut totals: impl FnMut(Bounds) -> Totals,
    ) -> Option<Self> {
        if !is_too_high(before) {
            return None;
        }
        let of_mu =
            |most: f64, bounds: Bounds| Bounds { mu: Range { most, ..bounds.mu }, ..bounds };
        let of_sigma = |max_sigma: f64, bounds: Bounds| Bounds { max_sigma, ..bounds };
        let mu = lowest(bounds.mu, |most| {
            let Totals { ratio, slopes: [by_mu, _], .. } = totals(of_mu(most, bounds));
            ratio >= 1.0 && by_mu <= 0.0
        });
        let lowered = of_mu(mu, bounds);
        let sigma = lowest(Range { least: 0.0, most: bounds.max_sigma }, |most| {
            let Totals { ratio, slopes: [_, by_sigma], .. } = totals(of_sigma(most, lowered));
            ratio >= 1.0 && by_sigma <= 0.0
        });
        let lowered = of_sigma(sigma, lowered);
        let is_worth = ln(totals(lowered).ratio) <= (1.0 - LEAST_SHARE) * ln(before.ratio);
        is_worth.then_some(Self { bounds: lowered, ratio: before.ratio })
    }
}

/// The lowest ceiling in a range that is not too low, if the ones above are not.
fn lowest(range: Range, mut is_high_enough: impl FnMut(f64) -> bool) -> f64 {
    let Range { least: mut low, most: mut high } = range;
    for _ in 0..HALVINGS {
        let middle = low + 0.5 * (high - low);
        if is_high_enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Whether a total is higher than what was paid by more than chance. Where nothing was paid, nothing is known.
fn is_too_high(totals: &Totals) -> bool {
    totals.chance.is_finite() && ln(totals.ratio) > LEAST_EXCESS.max(ERRORS * totals.chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { mu: Range { least: 0.0, most: 8.0 }, max_sigma: 5.0 };

    /// A thousand customers worth 1, and one with a mu of 7 and a sigma of 1.5, of whom the likeliest mu and sigma are known.
    fn totals([mu, sigma]: [f64; 2]) -> impl Fn(Bounds) -> Totals {
        move |Bounds { mu: range, max_sigma }| {
            let held = sigma_of(max_sigma);
            let value = (range.hold(7.0) + held * held / 2.0).exp();
            let slopes = [
                if range.most < 7.0 { mu - range.most } else { 0.0 },
                if max_sigma < 1.5 { sigma - max_sigma } else { 0.0 },
            ];
            Totals { ratio: 0.999 + value / 1e3, chance: 0.02, slopes, at_max_sigma: 0.0 }
        }
    }

    fn sigma_of(most: f64) -> f64 {
        1.5_f64.min(most)
    }

    fn find(totals: &impl Fn(Bounds) -> Totals) -> Option<Ceiling> {
        Ceiling::find(BOUNDS, &totals(BOUNDS), totals)
    }

    #[test]
    fn the_total_comes_to_what_was_paid() {
        let totals = totals([-1.0, 1.0]);
        let Ceiling { bounds, ratio } = find(&totals).unwrap();
        assert_eq!(ratio, totals(BOUNDS).ratio);
        assert!((totals(bounds).ratio - 1.0).abs() < 0.003, "{bounds:?}");
        assert!(bounds.mu.most < 0.1 && bounds.max_sigma < 1.6, "{bounds:?}");
    }

    #[test]
    fn ceilings_stay_where_payments_are_likeliest() {
        let Ceiling { bounds, .. } = find(&totals([4.0, 0.5])).unwrap();
        assert!((bounds.mu.most - 4.0).abs() < 1e-4, "{bounds:?}");
        assert!((bounds.max_sigma - 0.5).abs() < 1e-4, "{bounds:?}");
        // Whoever paid what the model says is believed.
        assert!(find(&totals([7.5, 2.0])).is_none());
    }

    #[test]
    fn what_may_be_chance_stays() {
        let of = |ratio: f64, chance: f64| Totals { ratio, chance, ..Totals::default() };
        let nothing_paid = (f64::INFINITY, f64::NAN);
        for (ratio, chance) in [(1.1, 0.0), (0.5, 0.0), (1.5, 0.3), (f64::NAN, 0.0), nothing_paid] {
            assert!(!is_too_high(&of(ratio, chance)), "{ratio} {chance}");
        }
        for (ratio, chance) in [(1.2, 0.05), (2.0, 0.3), (f64::INFINITY, 1.0)] {
            assert!(is_too_high(&of(ratio, chance)), "{ratio} {chance}");
        }
    }
}
