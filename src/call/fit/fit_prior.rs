//! `ziln_fit_prior(label, features, campaign [, weight] [, options])`.

use super::{FitNewton, Solver};
use crate::Result;
use crate::fit::{NewtonOptions, RowId, Table, fit_prior};
use crate::model::Model;

/// The heads common to campaigns, and how much those of each differ.
#[derive(Debug)]
pub(crate) struct FitPrior;

impl Solver for FitPrior {
    const NAME: &'static str = "ziln_fit_prior";
    const USAGE: &'static str = "ziln_fit_prior(label, features, campaign [, weight] [, options])";
    const EXAMPLE: &'static str = FitNewton::EXAMPLE;
    const HAS_CAMPAIGN: bool = true;
    const HAS_INIT: bool = false;

    type Options = NewtonOptions;

    fn fit(
        table: &Table<'_>,
        rows: &[RowId],
        campaigns: &[u32],
        options: &NewtonOptions,
    ) -> Result<Option<Model>> {
        fit_prior(table, rows, campaigns, options)
    }

    fn option_names() -> Vec<&'static str> {
        FitNewton::option_names()
    }
}
