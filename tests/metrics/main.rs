//! Proofs about the metrics: the reference implementation's values, properties, and their page in the docs.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod docs;
mod properties;
mod reference;

use ziln::math::{Column, Params, Spread};
use ziln::metrics::{Evaluation, Scored};

/// Every metric of rows in one piece.
fn evaluate(
    label: &[f64],
    logit: &[f64],
    mu: &[f64],
    sigma: &[f64],
    weight: Option<&[f64]>,
) -> Evaluation {
    let (logit, mu, sigma) = (Column::F64(logit), Column::F64(mu), Column::F64(sigma));
    let params = Params { logit, mu, spread: Spread::Sigma(sigma) };
    ziln::metrics::evaluate(&[Scored { label, params, weight }])
}
