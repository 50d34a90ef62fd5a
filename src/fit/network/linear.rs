//! What a network starts from, and what it comes to.

use crate::family::{AmountTerm, JointTerm, Limits};
use crate::fit::ceiling::Ceiling;
use crate::fit::rows::{Hashed, Table, Usable};
use crate::fit::total::{LinearHeads, Totals};
use crate::fit::watch::Watch;
use crate::model::{Encoding, Feature, Model};

/// The linear model, trained, and the rows.
pub(in crate::fit) struct Linear<'a> {
    pub(in crate::fit) table: &'a Table<'a>,
    pub(in crate::fit) usable: &'a Usable,
    /// All rows in canonical order.
    pub(in crate::fit) ordered: &'a [Hashed],
    pub(in crate::fit) encodings: &'a [Encoding],
    pub(in crate::fit) heads: LinearHeads<'a>,
    /// Totals are in units of the exponential of this.
    pub(in crate::fit) unit: f64,
    /// The share of the rows that it was not trained on.
    pub(in crate::fit) held_out: f64,
    pub(in crate::fit) seed: u64,
    /// The model that training continues from.
    pub(in crate::fit) init: Option<&'a Model>,
    /// Whether the optimiser's state is to be kept.
    pub(in crate::fit) keep_state: bool,
    pub(in crate::fit) watch: &'a Watch,
}

impl Linear<'_> {
    /// Whether there was a network before.
    pub(super) fn is_continued(&self) -> bool {
        self.init.is_some_and(|model| model.network().is_some())
    }

    /// Whether it was drawn to a prior.
    pub(super) fn is_drawn(&self) -> bool {
        self.init.is_some_and(|model| model.between().is_some())
    }

    /// The features with their encodings.
    pub(super) fn features(&self) -> Vec<Feature> {
        let names = self.table.features.iter().map(|column| column.name.to_owned());
        let encodings = self.encodings.iter().cloned();
        names.zip(encodings).map(|(name, encoding)| Feature::new(name, encoding)).collect()
    }

    /// What the hidden layers are trained on: they are common to all heads, and so to both terms. Losses are of amounts
    /// below the ceiling, if there is one.
    pub(super) fn term(&self, ceiling: Option<Ceiling>) -> JointTerm {
        let LinearHeads { amount_scale, bounds, .. } = self.heads;
        let free = Limits::of_sigma(bounds.max_sigma);
        let limits = ceiling.map_or(free, |ceiling| ceiling.bounds.limits());
        JointTerm(AmountTerm { scale: amount_scale, limits, prior: None })
    }
}

/// What a model comes to on its rows.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Outcome {
    pub(in crate::fit) train_loss: f64,
    pub(in crate::fit) validation_loss: Option<f64>,
    pub(in crate::fit) validation_rows: u64,
    pub(in crate::fit) totals: Totals,
    /// Where mu and sigma are held, because the total was too high.
    pub(in crate::fit) ceiling: Option<Ceiling>,
    /// What the weights of the amount were multiplied by, if they were.
    pub(in crate::fit) shrunk: Option<f64>,
}
