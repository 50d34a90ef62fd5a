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

/// The same as [`map_first_and_params`] in two loops: `finish` gets what `begin` has made of `first` and `logit`.
///
/// A long formula is faster so. Its operations wait for each other, and a processor looks only so far ahead for others
/// to do meanwhile; the less there is to a loop, the more rows are within its sight.
#[inline(always)]
pub(crate) fn map_first_and_params_in_two(
    first: Column<'_>,
    params: &Params<'_>,
    out: &mut [f64],
    begin: impl Fn(f64, f64) -> (f64, f64) + Copy,
    finish: impl Fn((f64, f64), f64, f64, f64, f64) -> f64 + Copy,
) {
    let mut first = Blocks::new(first);
    let mut params = ParamBlocks::new(params);
    let (mut begun, mut also_begun) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let first = first.rows(block * BLOCK, out.len());
        let (logit, mu, sigma) = params.rows(block * BLOCK, out.len());
        dispatch(
            #[inline(always)]
            || {
                let to = begun.iter_mut().zip(&mut also_begun);
                for ((to, also_to), (&first, &logit)) in to.zip(first.iter().zip(logit)) {
                    (*to, *also_to) = begin(first, logit);
                }
            },
        );
        dispatch(
            #[inline(always)]
            || {
                let begun = begun.iter().zip(&also_begun);
                let inputs = first.iter().zip(logit).zip(mu).zip(sigma).zip(begun);
                for (to, ((((&first, &logit), &mu), &sigma), (&a, &b))) in
                    out.iter_mut().zip(inputs)
                {
                    *to = finish((a, b), first, logit, mu, sigma);
                }
            },
        );
    }
}
