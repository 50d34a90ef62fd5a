//! The models of the rows of a batch, recognised by where their texts lie.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::buffer::Buffer;
use datafusion_common::Result;

use super::error::refuse_value;
use super::model::{DistinctTexts, check_model, repeats_views, text_views};
use crate::call::Codes;
use crate::call::culprit::no_model;
use crate::model::{NO_SCORER, Scorer, ScorerSet};

/// The most bytes that all threads together keep for the batches to come: buffers of texts, and what is made of these.
const KEPT_BYTES: usize = 128 * 1024 * 1024;

/// The bytes that all threads keep.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// A share of [`KEPT_BYTES`].
#[derive(Debug)]
struct Kept(usize);

impl Kept {
    /// `None` if there is no room for so many bytes.
    fn reserve(bytes: usize) -> Option<Self> {
        let more = |all: usize| all.checked_add(bytes).filter(|&all| all <= KEPT_BYTES);
        KEPT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(bytes))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Models by the words of their views: those of the last batch that a thread saw.
///
/// The buffers that views point into are kept, so equal words mean equal texts for as long as they are.
#[derive(Debug, Default)]
struct RecentModels {
    kept: Option<Kept>,
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
    RECENT.with(|recent| {
        if let Ok(mut recent) = recent.try_borrow_mut()
            && recent.may_keep(texts.data_buffers())
        {
            return recent.with_models(function, &texts, predict);
        }
        RecentModels::default().with_models(function, &texts, predict)
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
    /// Makes room for the models of these buffers, if they are not there already and all threads together may keep them.
    fn may_keep(&mut self, buffers: &[Buffer]) -> bool {
        if !self.keeps(buffers) {
            *self = Self::default();
            // A scorer takes about as much as its text.
            let bytes = buffers.iter().map(|buffer| 2 * buffer.capacity()).sum();
            self.kept = Kept::reserve(bytes);
            self.buffers = buffers.to_vec();
        }
        if self.kept.is_none() {
            *self = Self::default();
        }
        self.kept.is_some()
    }

    fn with_models<R>(
        &mut self,
        function: &str,
        texts: &StringViewArray,
        predict: impl FnOnce(&mut ScorerSet, &[u32]) -> Result<R>,
    ) -> Result<R> {
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
        let mut new_text = |row: usize| -> Result<u32> {
            let text = texts.value(row);
            of_new_text.code(text, || Ok(models.add(scorer_of_text(function, text, Some(row))?)))
        };
        let mut scorer_of_row = vec![NO_SCORER; texts.len()];
        for (row, (scorer, view)) in scorer_of_row.iter_mut().zip(texts.views().iter()).enumerate()
        {
            if texts.is_valid(row) {
                *scorer = scorer_of_view.code(*view, || new_text(row))?;
            }
        }
        Ok(scorer_of_row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_together_keep_no_more_than_is_allowed() {
        let third = KEPT_BYTES / 3;
        let kept: Vec<Kept> = (0..5).filter_map(|_| Kept::reserve(third)).collect();
        assert!((1..=3).contains(&kept.len()), "{}", kept.len());
        assert!(Kept::reserve(KEPT_BYTES).is_none());
        assert!(Kept::reserve(usize::MAX).is_none());
        drop(kept);
        assert!(Kept::reserve(third).is_some());
    }
}
