//! The zero-inflated log-normal distribution on columns of `f64`.
//!
//! A customer's value is 0 with probability `1 - p` and log-normal(`mu`, `sigma`) with probability `p`, where
//! `p = sigmoid(logit)`. Every function of the distribution is a file of this room, and comes in two forms:
//! `x_row` on the numbers of one row, which holds the formula, and `x` on whole columns.
//!
//! This room imports no engine and nothing of the other rooms. Its formulas are branch-free and use no tables, so that a
//! loop over them vectorises. A multiplication is fused with an addition where the code says so (`mul_add`) and nowhere
//! else, so a row has **the same bits** on every processor, with every width of vector and wherever in a batch it stands.
//! [`dispatch`] runs such a loop with the widest instructions the machine has. Outside of one a `mul_add` is a call, and
//! slow. `docs/numerics.md` states how accurate each function is, and how that was measured.
//!
//! Contract of every function: NaN in gives NaN out, overflow is infinite, nothing panics.

// A function's name in place of a closure is called through a shim that may not be inlined, and then nothing is
// vectorised.
#![allow(clippy::redundant_closure)]

mod capped_ltv;
mod cdf;
mod column;
mod constants;
mod crps;
mod dispatch;
mod exp;
mod exp_m1;
mod expected_ltv;
mod ln;
mod loss;
mod norm_cdf;
mod norm_quantile;
mod params;
mod pay_amount;
mod pay_prob;
mod payers;
mod polynomial;
mod quantile;
mod rows;
mod sigma;
mod sigmoid;
mod softplus;
mod tile;
mod variance;

pub use capped_ltv::{capped_ltv, capped_ltv_row};
pub use cdf::{cdf, cdf_row};
pub(crate) use column::ParamBlocks;
pub use column::{BLOCK, Blocks, Column, Params, Spread};
pub use constants::{LN_2PI_HALF, SIGMA_FLOOR};
pub use crps::{crps, crps_row};
pub use dispatch::dispatch;
pub(crate) use dispatch::dispatch_simd;
pub use exp::exp;
pub(crate) use exp_m1::exp_m1_negative;
pub use expected_ltv::{expected_ltv, expected_ltv_row};
pub use ln::ln;
pub use loss::{loss, loss_row};
pub use norm_cdf::norm_cdf;
pub use norm_quantile::norm_quantile;
pub use params::{logit_from_prob, params_from_logits, params_from_prob};
pub use pay_amount::{pay_amount, pay_amount_row};
pub use pay_prob::{pay_prob, pay_prob_row};
pub use quantile::{quantile, quantile_row};
pub(crate) use sigma::sigmas_from_raw;
pub use sigma::{floor_sigma, sigma_from_raw};
pub use sigmoid::sigmoid;
pub use softplus::softplus;
pub(crate) use tile::{LANES, TILE, padded_rows, sum_rows};
pub use variance::{variance, variance_row};
