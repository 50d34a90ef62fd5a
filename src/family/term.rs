//! A term of the loss, as training sees it.

use crate::math::TILE;

/// A term of the loss that depends on `H` heads.
pub(crate) trait Term<const H: usize>: Copy + Send + Sync {
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

    /// The same term with a sigma that has no upper bound.
    #[must_use]
    fn unbounded(self) -> Self {
        self
    }

    /// The slope, by each intercept, of what the objective adds for the intercepts.
    fn prior_slope(&self, _intercepts: [f64; H]) -> [f64; H] {
        [0.0; H]
    }
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
