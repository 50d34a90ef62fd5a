//! Campaigns that share a prior: the heads common to all, and how much those of campaigns differ.
//!
//! Imports the exact solver, [`newton`](super::newton), which it uses on each campaign's rows, and `rows`, `encode`,
//! `part_indices`, `weight_penalty`, `observer`, `watch`, `math`, [`family`](crate::family), `net` and `model`.

mod between;
mod campaign_rows;
mod campaigns;
mod fit_prior;
mod head_sums;

pub use fit_prior::fit_prior;
