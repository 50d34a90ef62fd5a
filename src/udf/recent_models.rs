//! The models of the rows of a batch, recognised by where their texts lie.

use std::cell::RefCell;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::buffer::Buffer;
use datafusion_common::Result;

use super::error::refuse_value;
use super::model::{DistinctTexts, check_model, repeats_views, text_views};
use crate::call::Codes;
use crate::call::culprit::no_model;
use crate::model::{NO_SCORER, Scorer, ScorerSet};

/// Buffers that are larger together are not kept alive for the next batch.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Models by the words of their views.
///
/// The buffers that views point into are kept, so equal words mean equal texts for as long as they are.
#[derive(Debug, Default)]
struct RecentModels {
    buffers: Vec<Buffer>,
    scorer_of_view: Codes<u128>,
    models: ScorerSet,
}

thread_local! {
    static RECENT: RefCell<RecentModels> = RefCell::default();
}

/// Hands on the models of a column: a set that holds them, and for every row the index of its own.
///
/// A join repeats a model by repeating its view, and hands the same buffers to batch after batch: such models are found
/// without a look at their texts. Other encodings repeat the text, which is then read in every batch.
pub(super) fn with_models<R>(
    function: &str,
    texts: &ArrayRef,
    predict: impl FnOnce(&mut ScorerSet, &[u32]) -> Result<R>,
) -> Result<R> {
    check_model(function, texts.data_type())?;
    if !repeats_views(texts.data_type()) {
        let texts = DistinctTexts::try_new(texts)?;
        let mut models = ScorerSet::default();
        let scorer = |(row, text)| scorer_of_text(function, text, Some(row));
        let scorers = texts.iter().map(|text| Ok(models.add(scorer(text)?)));
        let scorers = scorers.collect::<Result<Vec<u32>>>()?;
        let scorer_of = |&code: &u32| scorers.get(code as usize).copied().unwrap_or(NO_SCORER);
        let scorer_of_row: Vec<u32> = texts.code_of_row().iter().map(scorer_of).collect();
        return predict(&mut models, &scorer_of_row);
    }
    let texts = text_views(texts)?;
    let bytes: usize = texts.data_buffers().iter().map(Buffer::capacity).sum();
    RECENT.with(|recent| match recent.try_borrow_mut() {
        Ok(mut recent) if bytes <= KEPT_BYTES => recent.with_models(function, &texts, predict),
        _ => RecentModels::default().with_models(function, &texts, predict),
    })
}

/// The scorer of a model's text, in a row of a batch unless it is a constant.
pub(super) fn scorer_of_text(
    function: &str,
    text: &str,
    row: Option<usize>,
) -> Result<Arc<Scorer>> {
    Scorer::of_text(text)
        .map_err(|error| refuse_value(function, &no_model("model", text, row, &error)))
}

impl RecentModels {
    fn with_models<R>(
        &mut self,
        function: &str,
        texts: &StringViewArray,
        predict: impl FnOnce(&mut ScorerSet, &[u32]) -> Result<R>,
    ) -> Result<R> {
        if !self.keeps(texts.data_buffers()) {
            *self = Self { buffers: texts.data_buffers().to_vec(), ..Self::default() };
        }
        let scorer_of_row = self.scorer_of_row(function, texts)?;
        predict(&mut self.models, &scorer_of_row)
    }

    /// Whether these are the buffers that are kept.
    fn keeps(&self, buffers: &[Buffer]) -> bool {
        let same = |(kept, new): (&Buffer, &Buffer)| {
            kept.as_ptr() == new.as_ptr() && kept.len() == new.len()
        };
        self.buffers.len() == buffers.len() && self.buffers.iter().zip(buffers).all(same)
    }

    /// For every row the index of its model.
    ///
    /// A text may stand at a view not seen before and at others all the same: a constant is written out for every row.
    fn scorer_of_row(&mut self, function: &str, texts: &StringViewArray) -> Result<Vec<u32>> {
        let Self { scorer_of_view, models, .. } = self;
        let mut of_new_text = Codes::default();
        let scorers = (0..texts.len()).map(|row| {
            if texts.is_null(row) {
                return Ok(NO_SCORER);
            }
            scorer_of_view.code(texts.views()[row], || {
                let text = texts.value(row);
                of_new_text
                    .code(text, || Ok(models.add(scorer_of_text(function, text, Some(row))?)))
            })
        });
        scorers.collect()
    }
}
