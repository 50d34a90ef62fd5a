//! `ziln_newton_start(label, features [, weight] [, options])`.

use super::Solver;
use crate::Result;
use crate::fit::{PassOptions, RowId, Table, newton_start};
use crate::model::Model;

/// The beginning of a training by passes.
#[derive(Debug)]
pub(crate) struct NewtonStart;

impl Solver for NewtonStart {
    const NAME: &'static str = "ziln_newton_start";
    const USAGE: &'static str = "ziln_newton_start(label, features [, weight] [, options])";
    const EXAMPLE: &'static str = "{max_rows: 100000}";
    const HAS_CAMPAIGN: bool = false;
    const HAS_INIT: bool = false;

    type Options = PassOptions;

    fn fit(
        table: &Table<'_>,
        rows: &[RowId],
        _campaigns: &[u32],
        options: &PassOptions,
    ) -> Result<Option<Model>> {
        newton_start(table, rows, options)
    }

    fn option_names() -> Vec<&'static str> {
        PassOptions::names()
    }
}
