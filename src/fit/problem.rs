//! What is to be solved: encoded rows, the penalties, the bounds, and where to start.

use super::automatic;
use super::encode::{Known, Learnt, Packed, PackedFor, Targets, deal, pack_encoded, pack_training};
use super::options::Options;
use super::part_indices::part_indices;
use super::penalty::{Survey, survey};
use super::rows::{Hashed, RowId, Table, Usable};
use super::sgd::PackedSplit;
use super::split::{Split, VALIDATION_BATCH};
use super::watch::Watch;
use crate::Result;
use crate::family::{Marginal, SigmaPrior, linear_components};
use crate::math::ln;
use crate::model::{Bounds, Encoding, Feature, L2, Range};

/// The rows of a training, encoded, with everything that makes their objective.
pub(super) struct Problem<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) options: &'a Options,
    pub(super) watch: Watch,
    pub(super) usable: &'a Usable,
    /// All rows in canonical order, if there is a network to train on them.
    pub(super) ordered: Vec<Hashed>,
    pub(super) training_rows: usize,
    /// Rows a batch.
    pub(super) batch_size: u64,
    pub(super) rows: PackedSplit,
    pub(super) encodings: Vec<Encoding>,
    /// Of each numeric feature the range of its values, absurd ones included.
    pub(super) ranges: Vec<Option<Range>>,
    /// Where the weights of a head of the model stand in a head of a part.
    pub(super) part_indices: Vec<usize>,
    /// What predictions stay within.
    pub(super) bounds: Bounds,
    /// The fit without features.
    pub(super) start: Marginal,
    /// The penalties, in the units of the weighted mean loss over all rows.
    pub(super) l2: L2,
    pub(super) sigma_prior: Option<SigmaPrior>,
    /// How much the features move together; see [`survey`].
    pub(super) spread: f64,
    /// The mean of each weight's feature over the payers.
    pub(super) payer_means: Vec<f64>,
    /// What the weights of all usable rows sum to.
    pub(super) weight_sum: f64,
}

impl<'a> Problem<'a> {
    /// `known` are the features of the model that training continues from.
    pub(super) fn new(
        table: &'a Table<'a>,
        usable: &'a Usable,
        split: Split,
        options: &'a Options,
        known: Option<&[Feature]>,
        watch: Watch,
    ) -> Result<Self> {
        let Split { ordered, training, labels, validation } = split;
        let training_rows = training.len();
        let payers = labels.iter().filter(|&&label| label > 0.0).count();
        let batch_size = automatic::batch_size(options, training_rows, payers);
        let layout = deal(&training, &labels, batch_size as usize);
        drop((training, labels));
        watch.check()?;
        let targets = Targets::gather(table, &layout);
        let known = Known { features: known, min_count: options.min_count };
        let Learnt { packed, encodings, ranges } = pack_training(table, &layout, &targets, &known);
        watch.check()?;
        let mut weight_sum = targets.weight_sum();
        drop(targets);
        drop(layout);
        let mut held_out = Vec::new();
        if !validation.is_empty() {
            let (packed, held_out_weight) = pack_held_out(table, usable, &validation, &encodings);
            weight_sum = (weight_sum + held_out_weight).min(f64::MAX);
            held_out = packed;
        }
        watch.check()?;
        let start = packed.marginal();
        // A prior of campaigns decides the penalties.
        let is_drawn = options.prior().is_some();
        let survey = if is_drawn { Survey::none() } else { survey(options, &packed, &start) };
        Ok(Self {
            table,
            options,
            watch,
            usable,
            ordered,
            training_rows,
            batch_size,
            part_indices: part_indices(&encodings),
            rows: PackedSplit { training: packed, validation: held_out },
            encodings,
            ranges,
            bounds: Bounds {
                mu: Range { least: ln(usable.payments.least), most: ln(usable.payments.most) },
                max_sigma: automatic::max_sigma(options, &start),
            },
            start,
            l2: survey.l2,
            sigma_prior: survey.sigma_prior,
            spread: survey.spread,
            payer_means: survey.payer_means,
            weight_sum,
        })
    }

    /// The training rows.
    pub(super) fn packed(&self) -> &Packed {
        &self.rows.training
    }

    /// The bounds, with the payments of the model that training continues from; below the ceiling of a prior.
    pub(super) fn widened_bounds(&self) -> Bounds {
        let mu = match (self.options.prior(), self.options.init.as_deref()) {
            (Some(prior), _) => prior.widened_mu_range(self.bounds.mu),
            (None, Some(init)) => {
                init.mu_range().map_or(self.bounds.mu, |known| known.union(self.bounds.mu))
            }
            (None, None) => self.bounds.mu,
        };
        Bounds { mu, ..self.bounds }
    }
}

/// The held-out rows, packed for each part, and what their weights sum to.
fn pack_held_out(
    table: &Table<'_>,
    usable: &Usable,
    rows: &[RowId],
    encodings: &[Encoding],
) -> (Vec<Packed>, f64) {
    let labels = usable.labels(table, rows);
    let layout = deal(rows, &labels, VALIDATION_BATCH);
    let targets = Targets::gather(table, &layout);
    let pack = |part| pack_encoded(table, &layout, &targets, encodings, part);
    let parts = linear_components().into_iter();
    let packed = parts.map(|terms| pack(PackedFor::of(&terms))).collect();
    (packed, targets.weight_sum())
}
