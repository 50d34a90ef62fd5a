//! The loop of every function of the distribution: columns in, a column out, a block of rows at a time.
//!
//! `row` must be a closure marked `#[inline(always)]` around a function that is: only what is inlined into the
//! loop is compiled for the instructions that were chosen, and vectorised.

use super::{
    column::{BLOCK, Blocks, Column, ParamBlocks, Params},
    dispatch::dispatch,
};

/// `out[i] = row(logit[i], mu[i], sigma[i])`.
#[inline(always)]
pub(crate) fn map_params(
    params: &Params<'_>,
    out: &mut [f64],
    row: impl Fn(f64, f64, f64) -> f64 + Copy,
) {
    let mut params = ParamBlocks::new(params);
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let (logit, mu, sigma) = params.rows(block * BLOCK, out.len());
        dispatch(
            #[inline(always)]
            || {
                let inputs = logit.iter().zip(mu).zip(sigma);
                for (to, ((&logit, &mu), &sigma)) in out.iter_mut().zip(inputs) {
                    *to = row(logit, mu, sigma);
                }
            },
        );
    }
}

/// `out[i] = row(first[i], logit[i], mu[i], sigma[i])`.
#[inline(always)]
pub(crate) fn map_first_and_params(
    first: Column<'_>,
    params: &Params<'_>,
    out: &mut [f64],
    row: impl Fn(f64, f64, f64, f64) -> f64 + Copy,
) {
    let mut first = Blocks::new(first);
    let mut params = ParamBlocks::new(params);
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let first = first.rows(block * BLOCK, out.len());
        let (logit, mu, sigma) = params.rows(block * BLOCK, out.len());
        dispatch(
            #[inline(always)]
            || {
                let inputs = first.iter().zip(logit).zip(mu).zip(sigma);
                for (to, (((&first, &logit), &mu), &sigma)) in out.iter_mut().zip(inputs) {
                    *to = row(first, logit, mu, sigma);
                }
            },
        );
    }
}
