//! What the options say of a fit.

use std::borrow::Cow;
use std::sync::Arc;

use super::setting::Limit;
use super::table::Options;
use crate::fit::network::NetworkOptions;
use crate::fit::rows::Seen;
use crate::fit::sgd::Schedule;
use crate::fit::watch::Watch;
use crate::model::Model;

impl Options {
    /// Whether there is a model to continue from.
    pub fn has_init(&self) -> bool {
        self.init.is_some()
    }

    /// The prior of campaigns that the weights are drawn to, if the model to continue from is one.
    pub(in crate::fit) fn prior(&self) -> Option<&Model> {
        self.init.as_deref().filter(|model| model.between().is_some())
    }

    /// The share of the rows that the linear heads are trained without.
    pub(in crate::fit) fn held_out(&self) -> f64 {
        self.validation_fraction.unwrap_or(0.0)
    }

    /// Epochs without a better validation loss before training of the linear heads stops.
    pub(in crate::fit) fn patience(&self) -> u64 {
        self.patience.unwrap_or(5)
    }

    /// The same with what is said of steps handed over to the network, if there is one.
    ///
    /// The linear heads below it are then trained with automatic values; those of a model to continue from stay as they are,
    /// unless it is a prior, which a campaign's own heads are drawn to.
    pub(in crate::fit) fn of_linear_heads(&self) -> Cow<'_, Self> {
        if self.network().is_none() {
            return Cow::Borrowed(self);
        }
        let stays = self.init.as_deref().is_some_and(|model| model.between().is_none());
        Cow::Owned(Self {
            epochs: stays.then_some(0),
            batch_size: None,
            learning_rate: None,
            schedule: Schedule::Cosine,
            hidden: self.hidden.with_steps(self),
            ..self.clone()
        })
    }

    /// The units of each hidden layer; none for a linear model.
    pub fn hidden(&self) -> &[usize] {
        self.hidden.hidden()
    }

    /// These options for rows that are a sample, drawn by [`Sample`](crate::fit::Sample), of rows that were seen.
    #[must_use]
    pub fn with_seen(&self, seen: Seen) -> Self {
        Self { seen: Some(seen), ..self.clone() }
    }

    /// Rows that are kept at most.
    pub fn max_rows(&self) -> Option<u64> {
        self.max_rows.map(|Limit(rows)| rows)
    }

    /// The seed of the canonical order and of the sample.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The network on top of the linear heads, if there is to be one.
    pub(in crate::fit) fn network(&self) -> Option<&NetworkOptions> {
        Some(&self.hidden).filter(|network| !network.hidden().is_empty())
    }

    /// These options for trainings that are watched together.
    #[must_use]
    pub fn watched(&self, watch: &Watch) -> Self {
        Self { watch: Some(watch.clone()), ..self.clone() }
    }

    /// Who watches the trainings of a call that begins, of so many models if that is known, and tells of them if option
    /// `progress` asks for it.
    pub fn begin_watch(&self, models: Option<u64>) -> Watch {
        if self.progress { Watch::begin_telling(models) } else { Watch::begin() }
    }

    /// Who watches a training that begins.
    pub(in crate::fit) fn watch(&self) -> Watch {
        self.watch.clone().unwrap_or_else(|| self.begin_watch(None)).of_model()
    }

    /// These options with a model to continue from.
    #[must_use]
    pub fn with_init(&self, model: Arc<Model>) -> Self {
        Self { init: Some(model), ..self.clone() }
    }
}
