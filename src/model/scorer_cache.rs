//! Models made ready once a distinct text, however many rows, batches and queries repeat it, and in whatever engine.
//!
//! One cache a process, bounded in bytes: at most [`CACHED_BYTES`] of texts and of what is made of them are kept, those
//! used longest ago making room. A text that several threads ask for at once is parsed by one of them.

use std::sync::{Arc, LazyLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::document::Model;
use super::scorer::Scorer;
use crate::Result;

/// How many bytes of models the process keeps ready for prediction.
const CACHED_BYTES: u64 = 128 * 1024 * 1024;

/// How many models that is about, to size the cache's tables.
const EXPECTED_MODELS: usize = 16 * 1024;

/// What a text's scorer takes beside it: about as much again, and the cache's own.
fn bytes_of(text: &str) -> usize {
    2 * text.len() + 256
}

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<Scorer>> for Bytes {
    fn weight(&self, text: &String, scorer: &Arc<Scorer>) -> u64 {
        (bytes_of(text) + scorer.network_bytes()) as u64
    }
}

type Scorers = Cache<String, Arc<Scorer>, Bytes>;

static SCORERS: LazyLock<Scorers> = LazyLock::new(|| scorers(CACHED_BYTES));

fn scorers(bytes: u64) -> Scorers {
    Cache::with_weighter(EXPECTED_MODELS, bytes, Bytes)
}

impl Scorer {
    /// The scorer of a model's text, from a cache that all queries of the process share.
    ///
    /// # Errors
    /// Those of [`Model::from_json`]; a text that is no model is not remembered.
    pub fn of_text(text: &str) -> Result<Arc<Scorer>> {
        scorer_of(&SCORERS, text, |text| Ok(Scorer::new(&Model::from_json(text)?)))
    }
}

/// Keeps what `make` makes of a text; others who ask for the same text wait for it.
fn scorer_of(
    scorers: &Scorers,
    text: &str,
    make: impl FnOnce(&str) -> Result<Scorer>,
) -> Result<Arc<Scorer>> {
    scorers.get_or_insert_with(text, || make(text).map(Arc::new))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn text() -> String {
        r#"{"format_version": 1, "features": [{"name": "x", "encoding": {"numeric": {"mean": 2.5, "scale": 1.5}}}],
            "weights": {
                "logit": {"intercept": 0.5, "weights": [0.25]},
                "mu": {"intercept": 1.5, "weights": [-0.5]},
                "raw_sigma": {"intercept": 0.75, "weights": [0.0]}
            },
            "max_sigma": 2.0,
            "options": {
                "epochs": 1, "batch_size": 1, "learning_rate": 1.0, "optimizer": "adam", "schedule": "cosine",
                "l2": {"logit": 0.0, "mu": 0.0, "raw_sigma": 0.0}, "seed": 0, "validation_fraction": 0.0,
                "patience": 1, "min_count": 1, "init": false
            },
            "training": {
                "rows": 4, "payers": 2, "validation_rows": 0, "skipped_labels": 0, "negative_labels": 0,
                "weight_sum": 4.0, "epochs_run": 1, "best_epoch": 1, "stop_reason": "epochs",
                "train_loss": 1.0, "objective": 1.0, "history": {"epoch": [1], "train": [1.0]}
            }}"#
            .to_owned()
    }

    fn parse(text: &str) -> Result<Scorer> {
        Model::from_json(text).map(|model| Scorer::new(&model))
    }

    #[test]
    fn a_text_is_parsed_once_however_many_ask_for_it() {
        let (scorers, parsed, text) = (scorers(CACHED_BYTES), AtomicUsize::new(0), text());
        let start = Barrier::new(8);
        let ask = || {
            start.wait();
            scorer_of(&scorers, &text, |text| {
                parsed.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
                parse(text)
            })
        };
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            let found: Vec<_> =
                asking.into_iter().map(|one| one.join().unwrap().unwrap()).collect();
            assert!(found.iter().all(|one| Arc::ptr_eq(one, &found[0])));
        });
        assert_eq!(parsed.into_inner(), 1);
    }

    #[test]
    fn what_is_no_model_is_not_remembered() {
        let (scorers, text) = (scorers(CACHED_BYTES), text());
        assert!(scorer_of(&scorers, &text, |_| parse("torn")).is_err());
        assert!(scorer_of(&scorers, &text, parse).is_ok());
        assert_eq!(scorers.len(), 1);
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let text = text();
        let room = 20 * bytes_of(&text) as u64;
        let scorers = scorers(room);
        for padding in 0..100 {
            let padded = format!("{text}{}", " ".repeat(padding));
            scorer_of(&scorers, &padded, parse).unwrap();
        }
        assert!(scorers.weight() <= room && scorers.len() > 5, "{} models", scorers.len());
    }
}
