//! Models made ready once a distinct text, however many rows and batches repeat it.

use std::sync::{Arc, LazyLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Model, Scorer};
use crate::Result;

/// How many bytes of model text the process keeps ready for prediction; a scorer takes about as much again.
const CACHED_TEXT_BYTES: u64 = 64 * 1024 * 1024;

/// How many models that is about, to size the cache's tables.
const EXPECTED_MODELS: usize = 16 * 1024;

#[derive(Clone)]
struct TextLength;

impl Weighter<Box<str>, Arc<Scorer>> for TextLength {
    fn weight(&self, text: &Box<str>, _scorer: &Arc<Scorer>) -> u64 {
        text.len().max(1) as u64
    }
}

static SCORERS: LazyLock<Cache<Box<str>, Arc<Scorer>, TextLength>> =
    LazyLock::new(|| Cache::with_weighter(EXPECTED_MODELS, CACHED_TEXT_BYTES, TextLength));

impl Scorer {
    /// The scorer of a model's text, from a cache that all queries of the process share.
    ///
    /// # Errors
    /// Those of [`Model::from_json`]; a text that is no model is not remembered.
    pub fn of_text(text: &str) -> Result<Arc<Scorer>> {
        if let Some(scorer) = SCORERS.get(text) {
            return Ok(scorer);
        }
        let scorer = Arc::new(Scorer::new(&Model::from_json(text)?));
        SCORERS.insert(text.into(), Arc::clone(&scorer));
        Ok(scorer)
    }
}
