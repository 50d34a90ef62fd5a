//! What a given model says of the weights of a fit: where they start, and what they are drawn to.

use super::part_objective::{PartObjective, Products};
use super::rows::{DesignColumns, PartRows};
use crate::family::{AmountTerm, Head, PayingTerm, Term};
use crate::fit::encode::{PackedFor, Targets, deal, pack_encoded};
use crate::fit::part_indices::{known_part_indices, part_indices};
use crate::fit::rows::{RowId, Table, canonical_order, gather};
use crate::fit::warm_start;
use crate::fit::weight_penalty::WeightPenalty;
use crate::model::{Between, Encoding, History, Model, StopReason, Training};

/// The weights of a given model in the order of the two parts, and their variances if it is a prior.
pub(in crate::fit) struct Drawn {
    /// Of the paying part and of the amount part, head after head.
    pub(in crate::fit) starts: [Vec<f64>; 2],
    pub(in crate::fit) variances: Option<[Vec<f64>; 2]>,
}

impl Drawn {
    /// `width` is that of a head of a part.
    pub(in crate::fit) fn new(
        model: &Model,
        table: &Table<'_>,
        encodings: &[Encoding],
        part_indices: &[usize],
        width: usize,
    ) -> Self {
        let known = known_part_indices(model, table, encodings, part_indices);
        let weights = |head: Head| {
            let mut out = vec![0.0; width];
            let weights = model.head_weights().head(head);
            warm_start::load(weights.intercept, weights.weights.iter().copied(), &known, &mut out);
            out
        };
        let of_parts = |of: &dyn Fn(Head) -> Vec<f64>| {
            [PayingTerm::HEADS.map(of).concat(), AmountTerm::HEADS.map(of).concat()]
        };
        let variances = model.between().map(|between| {
            of_parts(&|head| {
                variances(between, head, model, table, (encodings, part_indices), width)
            })
        });
        Self { starts: of_parts(&weights), variances }
    }
}

/// The variances of a head's weights; a new level has that of its feature's levels.
fn variances(
    between: &Between,
    head: Head,
    model: &Model,
    table: &Table<'_>,
    (encodings, part_indices): (&[Encoding], &[usize]),
    width: usize,
) -> Vec<f64> {
    let between = between.head(head);
    let mut out = vec![between.intercept; width];
    let mut rest = part_indices.iter();
    for (column, encoding) in table.features.iter().zip(encodings) {
        let feature = model.features().iter().position(|feature| feature.name == column.name);
        let variance = feature.and_then(|feature| between.features.get(feature)).copied();
        for &index in rest.by_ref().take(encoding.width()) {
            if let (Some(slot), Some(variance)) = (out.get_mut(index), variance) {
                *slot = variance;
            }
        }
    }
    out
}

/// The prior's own heads as the model of rows of which none pays.
pub(in crate::fit) fn without_payers(table: &Table<'_>, rows: &[RowId], prior: &Model) -> Model {
    let mut labels = Vec::new();
    gather::labels(table, rows, &mut labels);
    let count = |test: fn(f64) -> bool| labels.iter().filter(|&&label| test(label)).count() as u64;
    let (loss, weight_sum) = loss_of_prior(table, rows, &labels, prior);
    let training = Training {
        rows: count(f64::is_finite),
        rows_seen: None,
        payers: 0,
        validation_rows: 0,
        skipped_labels: count(|label| !label.is_finite()),
        negative_labels: count(|label| label.is_finite() && label < 0.0),
        tiny_labels: count(|label| label.is_finite() && label > 0.0),
        label_min: None,
        label_max: None,
        weight_sum,
        epochs_run: 0,
        best_epoch: 0,
        stop_reason: StopReason::Converged,
        train_loss: loss,
        objective: loss,
        validation_loss: None,
        prediction_ratio: None,
        warnings: vec!["no row pays: the model is its prior's own heads".to_owned()],
        history: History::default(),
    };
    prior.of_prior(training)
}

/// The mean loss of rows of which none pays, and what their weights sum to.
fn loss_of_prior(table: &Table<'_>, rows: &[RowId], labels: &[f64], prior: &Model) -> (f64, f64) {
    let finite = rows.iter().zip(labels).filter(|(_, label)| label.is_finite());
    let kept: Vec<RowId> = finite.map(|(row, _)| *row).collect();
    if kept.is_empty() {
        return (0.0, 0.0);
    }
    let ordered: Vec<RowId> = canonical_order(table, &kept, 0).iter().map(|row| row.row).collect();
    let layout = deal(&ordered, &vec![0.0; ordered.len()], 4096);
    let targets = Targets::gather(table, &layout);
    let encoding = |name: &str| prior.features().iter().find(|feature| feature.name == name);
    let encodings: Vec<Encoding> = table
        .features
        .iter()
        .filter_map(|column| Some(encoding(column.name)?.encoding.clone()))
        .collect();
    let packed = pack_encoded(table, &layout, &targets, &encodings, PackedFor::Paying);
    let part_indices = part_indices(&encodings);
    let width = packed.inputs.width();
    let [start, _] = Drawn::new(prior, table, &encodings, &part_indices, width).starts;
    let all = PartRows::new(&packed, 0..packed.batches.len(), false);
    let columns = DesignColumns::new(&all);
    let start = columns.pick(&start);
    let problem = PartObjective::new(all, columns, PayingTerm, WeightPenalty::default());
    let loss = problem.at(start, Products::None).loss;
    (if loss.is_finite() { loss } else { f64::MAX }, targets.weight_sum())
}
