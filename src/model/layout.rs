//! Which columns of a table a model reads.

use std::sync::Arc;

use super::input::{FeatureInput, InputKind};
use super::scorer::{ParamsOut, Scorer};
use crate::Result;

/// Which columns a model reads, and how. Most models of a query share one, so columns are checked once a layout.
#[derive(Debug)]
pub(super) struct Layout {
    /// A model that has it.
    scorer: Arc<Scorer>,
    /// For each feature the position of its column.
    positions: Vec<usize>,
    /// The same for [`Scorer::numbers`].
    pub(super) numbers: Vec<usize>,
    /// The same for [`Scorer::others`].
    pub(super) others: Vec<usize>,
}

/// A column that a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureUse {
    /// Its position among the columns.
    pub position: usize,
    /// Whether the model takes it as a category; it takes it as a number otherwise.
    pub is_category: bool,
    /// Whether the model was trained on dates.
    pub is_date: bool,
}

impl Layout {
    /// Finds the columns of a model's features by their names.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature has no column.
    pub(super) fn new<N: AsRef<str>>(scorer: Arc<Scorer>, names: &[N]) -> Result<Self> {
        let positions = scorer.match_features(names)?;
        let (numbers, others) = scorer.split(&positions);
        Ok(Self { scorer, positions, numbers, others })
    }

    /// Whether its model reads the same columns in the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.positions == other.positions
            && self.scorer.kinds == other.scorer.kinds
            && self.scorer.dates == other.scorer.dates
    }

    /// What it reads.
    pub(super) fn uses(&self) -> impl Iterator<Item = FeatureUse> {
        let of_feature = |((&position, kind), &is_date): ((&usize, &InputKind), &bool)| {
            FeatureUse { position, is_category: *kind == InputKind::Category, is_date }
        };
        self.positions.iter().zip(&self.scorer.kinds).zip(&self.scorer.dates).map(of_feature)
    }

    /// How many features its model has.
    pub(super) fn feature_count(&self) -> usize {
        self.positions.len()
    }

    /// Checks what it reads of the columns as [`Scorer::predict`] does.
    pub(super) fn check(&self, columns: &[FeatureInput<'_>], rows: usize) -> Result<()> {
        self.scorer.check(&self.pick(columns), rows)
    }

    /// Predicts every row with a model that has it.
    pub(super) fn predict_with(
        &self,
        scorer: &Scorer,
        columns: &[FeatureInput<'_>],
        out: ParamsOut<'_>,
    ) -> Result<()> {
        scorer.predict(&self.pick(columns), out)
    }

    /// Predicts every row with its model.
    pub(super) fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        self.predict_with(&self.scorer, columns, out)
    }

    /// The columns of the features, in their order.
    fn pick<'a>(&self, columns: &[FeatureInput<'a>]) -> Vec<FeatureInput<'a>> {
        self.positions.iter().filter_map(|&position| columns.get(position).copied()).collect()
    }
}
