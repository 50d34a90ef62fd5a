//! The models of the rows of a call.

use std::sync::Arc;

use super::model_rows::ModelRows;
use super::scorer::Scorer;
use super::scorer_set::ScorerSet;
use crate::Result;

/// The models of some rows: one for all of them, or one a row.
#[derive(Debug)]
pub(crate) enum Models<'a> {
    /// One for all rows.
    One(Arc<Scorer>),
    /// For every row the index of its model in the set; an index that no model has means that the row has none.
    Each(&'a mut ScorerSet, &'a [u32]),
}

impl Models<'_> {
    /// The most features that a model of the rows has.
    pub(crate) fn most_features(&self) -> usize {
        match self {
            Self::One(scorer) => scorer.feature_count(),
            Self::Each(set, scorer_of_row) => set.most_features(scorer_of_row),
        }
    }

    /// Finds the columns that the models read by their names.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature of a model has no column.
    pub(crate) fn bind(&mut self, names: &[String]) -> Result<ModelRows<'_>> {
        match self {
            Self::One(scorer) => ModelRows::of_one(Arc::clone(scorer), names),
            Self::Each(set, scorer_of_row) => set.bind(names, scorer_of_row),
        }
    }
}
