//! Campaigns that share a prior: the heads common to all, and how much those of campaigns differ.
//!
//! Uses the exact solver, [`newton`](super::newton), on each campaign's rows.

mod between;
mod campaigns;
mod fit_prior;

pub use fit_prior::fit_prior;
