//! The models that groups continue from.

use std::sync::{Arc, OnceLock};

use datafusion_common::Result;

use super::arguments::ArgumentPositions;
use super::codes::{code_of_row, codes_of_chunks};
use crate::Error;
use crate::call::fit::Solver;
use crate::call::init::options_of_group;
use crate::fit::RowId;
use crate::model::Model;
use crate::udf::error::refuse_value;
use crate::udf::rows::GroupedRows;

/// The models that groups continue from.
pub(super) struct Inits<'a> {
    /// The code of each row's model, chunk by chunk.
    codes: Vec<&'a [u32]>,
    /// The texts that codes stand for.
    texts: Vec<Option<&'a str>>,
    /// The models of the texts, read where a group needs them.
    models: Vec<OnceLock<Result<Arc<Model>, Error>>>,
}

impl<'a> Inits<'a> {
    /// Those of the rows of a call, if it has any.
    pub fn of(arguments: &ArgumentPositions, rows: &'a GroupedRows) -> Result<Option<Self>> {
        if arguments.init.is_none() {
            return Ok(None);
        }
        let column = arguments.last_column();
        let texts = rows.levels(column);
        let models = texts.iter().map(|_| OnceLock::new()).collect();
        Ok(Some(Self { codes: codes_of_chunks(rows, column)?, texts, models }))
    }

    /// The options with the model of these rows, which must be the same in all of them.
    pub fn options<S: Solver>(&self, options: &S::Options, rows: &[RowId]) -> Result<S::Options> {
        let codes = rows.iter().filter_map(|&row| code_of_row(&self.codes, row));
        let text_of = |code: u32| self.texts.get(code as usize).copied().flatten();
        let read = |code: u32, text: &str| {
            let model = &self.models[code as usize];
            model.get_or_init(|| Model::from_json(text).map(Arc::new)).clone()
        };
        options_of_group(options, codes, text_of, read, rows.len())
            .map_err(|error| refuse_value(S::NAME, &error))
    }
}
