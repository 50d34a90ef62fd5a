//! The rows of a group as a metric reads them.

use std::borrow::Cow;

use super::predicted::{Amount, Predicted};

/// The rows of one group: all of them, or a piece.
#[derive(Debug)]
pub(in crate::udf) struct MetricRows<'a, P: Predicted> {
    /// The labels.
    pub label: Cow<'a, [f64]>,
    /// What was predicted.
    pub predicted: P::Columns<'a>,
    /// The weights, if the call has any.
    pub weight: Option<Cow<'a, [f64]>>,
}

/// What a metric is computed from.
#[derive(Debug)]
pub(in crate::udf) struct MetricGroup<'a, P: Predicted> {
    /// The rows; without a row there may be no piece.
    pub pieces: Vec<MetricRows<'a, P>>,
    /// How many buckets are asked for.
    pub buckets: usize,
}

impl MetricGroup<'_, Amount> {
    /// The rows of all pieces, copied if there are several.
    pub fn whole(&self) -> MetricRows<'_, Amount> {
        let weight: Option<Vec<&[f64]>> =
            self.pieces.iter().map(|piece| piece.weight.as_deref()).collect();
        MetricRows {
            label: concat(self.pieces.iter().map(|piece| piece.label.as_ref())),
            predicted: concat(self.pieces.iter().map(|piece| piece.predicted.as_ref())),
            weight: weight.map(|weight| concat(weight.into_iter())),
        }
    }
}

fn concat<'a>(mut pieces: impl Iterator<Item = &'a [f64]>) -> Cow<'a, [f64]> {
    let first = pieces.next().unwrap_or_default();
    pieces.fold(Cow::Borrowed(first), |mut all, piece| {
        all.to_mut().extend_from_slice(piece);
        all
    })
}
