//! The constants of the distribution, each once.

/// The smallest sigma: `sqrt(1e-7)`, as in the reference implementation, so that no row has an infinite density.
pub const SIGMA_FLOOR: f64 = 3.162_277_660_168_379_5e-4;

/// `ln(2 pi) / 2`, the constant of the normal log-density.
pub const LN_2PI_HALF: f64 = 0.918_938_533_204_672_8;
