//! Zero-inflated log-normal (ZILN) lifetime-value models inside the query engine.
//!
//! A customer pays with probability `p`, and then an amount that is log-normal(`mu`, `sigma`); the expected
//! lifetime value is `p * exp(mu + sigma^2 / 2)`. The model is that of Wang, Liu and Miao (2019), "A Deep
//! Probabilistic Model for Customer Lifetime Value Prediction", arXiv 1912.07753.
//!
//! The rooms of the crate, innermost first; each imports only rooms above it:
//!
//! | room | what it holds | engine |
//! | --- | --- | --- |
//! | [`math`] | the distribution on `f64` columns: loss, gradient, moments, quantiles | none |
//! | `family` | what training needs of the distribution: heads, terms of the loss, start | none |
//! | `net` | affine layers over encoded features, forward and backward | none |
//! | [`model`] | what a model is: features and their encodings, weights, prediction, JSON | none |
//! | [`fit`] | training: options, canonical order of rows, optimisers, the loop | none |
//! | [`metrics`] | evaluation: Gini, deciles, rank correlation, everything at once | none |
//! | `call` | what both engines decide alike: arguments, names, messages | none |
//! | `udf` | the SQL functions (feature `datafusion`) | DataFusion |
//! | `expr` | the functions on Polars columns (feature `polars`) | Polars |
//! | `shell` | the SQL shell (feature `cli`) | DataFusion |

#[cfg(any(feature = "datafusion", feature = "polars"))]
// With one engine alone, what only the other asks is not used.
#[cfg_attr(not(all(feature = "datafusion", feature = "polars")), allow(dead_code, unused_imports))]
mod call;
mod error;
mod family;
pub mod fit;
pub mod guard;
pub mod math;
pub mod metrics;
pub mod model;
mod net;
pub mod record;

pub use error::{Error, Result};

#[cfg(feature = "polars")]
pub mod expr;
#[cfg(feature = "cli")]
pub mod shell;
#[cfg(feature = "datafusion")]
pub mod udf;
