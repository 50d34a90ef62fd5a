//! `ziln_fit_sgd(label, features [, weight] [, options] [, init])`.

use super::Solver;
use crate::Result;
use crate::fit::{OPTIONS, Options, RowId, Table, fit};
use crate::model::Model;

/// Training by steps.
#[derive(Debug)]
pub(crate) struct FitSgd;

impl Solver for FitSgd {
    const NAME: &'static str = "ziln_fit_sgd";
    const USAGE: &'static str = "ziln_fit_sgd(label, features [, weight] [, options]) or ziln_fit_sgd(label, features, weight, options, init)";
    const EXAMPLE: &'static str = "{epochs: 30}";
    const HAS_CAMPAIGN: bool = false;
    const HAS_INIT: bool = true;

    type Options = Options;

    fn fit(
        table: &Table<'_>,
        rows: &[RowId],
        _campaigns: &[u32],
        options: &Options,
    ) -> Result<Option<Model>> {
        fit(table, rows, options)
    }

    fn option_names() -> Vec<&'static str> {
        OPTIONS.iter().map(|option| option.name).collect()
    }
}
