//! The models of the batch before, recognised by where their texts lie.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::buffer::Buffer;
use datafusion_common::Result;
use foldhash::fast::RandomState;

use super::model::DistinctTexts;
use crate::model::Scorer;

/// Buffers that are larger together are not kept alive for the next batch.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// A model made ready for one list of features.
#[derive(Debug, Clone)]
pub(super) struct ReadyModel {
    /// The model.
    pub scorer: Arc<Scorer>,
    /// For each of its features the position among those given.
    pub positions: Arc<[usize]>,
}

/// Ready models by the address and the length of their texts.
///
/// The buffers of the texts are kept, so an address cannot come to hold another text while it is known here.
#[derive(Debug, Default)]
struct RecentModels {
    names: Vec<String>,
    buffers: Vec<Buffer>,
    ready: HashMap<(usize, usize), ReadyModel, RandomState>,
}

thread_local! {
    static RECENT: RefCell<RecentModels> = RefCell::default();
}

/// The model of every distinct text. A join hands the same texts at the same addresses to batch after batch: their
/// models are found without a look at the text.
pub(super) fn ready_models(
    texts: &DistinctTexts,
    names: &[String],
    make: impl Fn(&str) -> Result<ReadyModel>,
) -> Result<Vec<ReadyModel>> {
    RECENT.with(|recent| {
        let Ok(mut recent) = recent.try_borrow_mut() else {
            return texts.iter().map(&make).collect();
        };
        if recent.names != names || !recent.keeps(texts.buffers()) {
            *recent = RecentModels { names: names.to_vec(), ..RecentModels::default() };
        }
        let bytes: usize = texts.buffers().iter().map(Buffer::capacity).sum();
        if bytes > KEPT_BYTES {
            return texts.iter().map(&make).collect();
        }
        if recent.buffers.is_empty() {
            recent.buffers = texts.buffers().to_vec();
        }
        let mut found = Vec::new();
        for text in texts.iter() {
            let place = (text.as_ptr() as usize, text.len());
            let ready = match recent.ready.get(&place) {
                Some(ready) => ready.clone(),
                None => make(text)?,
            };
            // A short text lies in its view, not in a buffer that is kept.
            if recent.holds(text) {
                recent.ready.insert(place, ready.clone());
            }
            found.push(ready);
        }
        Ok(found)
    })
}

impl RecentModels {
    /// Whether these are the buffers that are kept.
    fn keeps(&self, buffers: &[Buffer]) -> bool {
        let same = |(kept, new): (&Buffer, &Buffer)| {
            kept.as_ptr() == new.as_ptr() && kept.len() == new.len()
        };
        self.buffers.len() == buffers.len() && self.buffers.iter().zip(buffers).all(same)
    }

    /// Whether a text lies in a buffer that is kept.
    fn holds(&self, text: &str) -> bool {
        let lies_in = |buffer: &Buffer| buffer.as_ptr_range().contains(&text.as_ptr());
        self.buffers.iter().any(lies_in)
    }
}
