//! A term of the loss, as training sees it.

use super::amount::Limits;
use super::head::Head;
use crate::math::TILE;

/// Pairs of at most two heads.
pub(crate) const PAIRS: usize = 3;

/// A term of the loss that depends on `H` heads. Terms that have no head in common share no weight of the linear model, and
/// are trained apart.
pub(crate) trait Term<const H: usize>: Copy + Send + Sync {
    /// The heads, in the order in which the term is given them.
    const HEADS: [Head; H];

    /// Whether the term concerns the payers alone, or all rows.
    const PAYERS_ONLY: bool;

    /// Turns the heads of a tile into the errors (the derivatives of the rows' losses by the heads), in place, and
    /// returns the summed loss, if asked for.
    fn errors(
        &self,
        targets: &TargetTile<'_>,
        heads: &mut [[f64; TILE]; H],
        with_loss: bool,
    ) -> f64;

    /// The same term with other limits of the amount.
    #[must_use]
    fn within(self, _: Limits) -> Self {
        self
    }

    /// The slope, by each intercept, of what the objective adds for the intercepts.
    fn prior_slope(&self, _intercepts: [f64; H]) -> [f64; H] {
        [0.0; H]
    }
}

/// A term whose second derivatives are known.
pub(crate) trait Curved<const H: usize>: Term<H> {
    /// The second derivatives of the rows' losses by pairs of heads: the first with itself, the second with the first,
    /// the second with itself. Those that are expected, or those of the rows as they are.
    fn curvature(
        &self,
        targets: &TargetTile<'_>,
        heads: &[[f64; TILE]; H],
        observed: bool,
        out: &mut [[f64; TILE]; PAIRS],
    );

    /// The loss of each row, counted with its weight.
    fn losses(&self, targets: &TargetTile<'_>, heads: &[[f64; TILE]; H], out: &mut [f64; TILE]);
}

/// What is known of the rows of a tile, those that pay first.
pub(crate) struct TargetTile<'a> {
    /// Rows, padding included.
    pub(crate) count: usize,
    /// The weight of each row; padding has 0.
    pub(crate) weight: &'a [f64; TILE],
    /// The rows from here on do not pay.
    pub(crate) payers: usize,
    /// The logarithms of the labels of the payers.
    pub(crate) log_amount: &'a [f64],
}
