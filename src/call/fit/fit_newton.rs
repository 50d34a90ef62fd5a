//! `ziln_fit_newton(label, features [, weight] [, options] [, init])`.

use super::Solver;
use crate::Result;
use crate::fit::{NewtonOptions, RowId, Table, fit_newton, newton_option_names};
use crate::model::Model;

/// The exact solver.
#[derive(Debug)]
pub(crate) struct FitNewton;

impl Solver for FitNewton {
    const NAME: &'static str = "ziln_fit_newton";
    const USAGE: &'static str = "ziln_fit_newton(label, features [, weight] [, options]) or ziln_fit_newton(label, features, weight, options, init)";
    const EXAMPLE: &'static str = "{l2: 0}";
    const HAS_CAMPAIGN: bool = false;
    const HAS_INIT: bool = true;

    type Options = NewtonOptions;

    fn fit(
        table: &Table<'_>,
        rows: &[RowId],
        _campaigns: &[u32],
        options: &NewtonOptions,
    ) -> Result<Option<Model>> {
        fit_newton(table, rows, options)
    }

    fn option_names() -> Vec<&'static str> {
        newton_option_names()
    }
}
