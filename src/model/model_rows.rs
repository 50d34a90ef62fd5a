//! Rows and the models that they are predicted with.

use std::sync::Arc;

use super::bound::BoundModels;
use super::input::FeatureInput;
use super::layout::{FeatureUse, Layout};
use super::mixed::Mixed;
use super::scorer::{ParamsOut, Scorer};
use crate::Result;

/// Rows with their models, which have found their columns: ready for prediction.
#[derive(Debug)]
pub struct ModelRows<'a>(Rows<'a>);

#[derive(Debug)]
enum Rows<'a> {
    /// All rows use one model.
    One(Layout),
    /// Every row uses its own.
    Each(EachRow<'a>),
}

/// Rows that use the models of places.
#[derive(Debug)]
struct EachRow<'a> {
    models: &'a BoundModels,
    scorer_of_row: &'a [u32],
    /// The places that occur.
    used: Vec<u32>,
    /// The places of the layouts of those models.
    layouts: Vec<usize>,
}

impl<'a> ModelRows<'a> {
    /// Rows that all use one model, with columns of these names.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature has no column.
    pub fn of_one<N: AsRef<str>>(scorer: Arc<Scorer>, names: &[N]) -> Result<Self> {
        Ok(Self(Rows::One(Layout::new(scorer, names)?)))
    }

    /// Rows that use the models of these places; `used` are those that occur, and `layouts` the places of their layouts.
    pub(super) fn of_each(
        models: &'a BoundModels,
        scorer_of_row: &'a [u32],
        used: Vec<u32>,
        layouts: Vec<usize>,
    ) -> Self {
        Self(Rows::Each(EachRow { models, scorer_of_row, used, layouts }))
    }

    /// The columns that the models read. Some come several times.
    pub fn uses(&self) -> Vec<FeatureUse> {
        match &self.0 {
            Rows::One(layout) => layout.uses().collect(),
            Rows::Each(rows) => rows.layouts().flat_map(Layout::uses).collect(),
        }
    }

    /// How many features the model of a row has; 0 if it has none.
    pub fn feature_count(&self, row: usize) -> usize {
        match &self.0 {
            Rows::One(layout) => layout.feature_count(),
            Rows::Each(rows) => rows.feature_count(row),
        }
    }

    /// Predicts every row with its own model, with the bits that [`Scorer::predict`] gives. A row without a model gets
    /// NaN.
    ///
    /// `columns` are those of the names that the rows were bound to; what no model reads is not looked at. `out` has a
    /// place for every row; if it has fewer, as many rows are predicted.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a column is missing, too short or of the wrong kind.
    pub fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        match &self.0 {
            Rows::One(layout) => layout.predict(columns, out),
            Rows::Each(rows) => rows.predict(columns, out),
        }
    }
}

impl<'a> EachRow<'a> {
    fn layouts(&self) -> impl Iterator<Item = &'a Layout> {
        self.layouts.iter().map(|&place| &self.models.layouts()[place])
    }

    fn feature_count(&self, row: usize) -> usize {
        let model = self.scorer_of_row.get(row).and_then(|&place| self.models.model(place));
        model.map_or(0, |model| model.scorer.feature_count())
    }

    fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        let rows = out.rows().min(self.scorer_of_row.len());
        self.layouts().try_for_each(|layout| layout.check(columns, rows))?;
        let ParamsOut { logit, mu, sigma } = out;
        let out = [logit, mu, sigma].map(|column| &mut column[..rows]);
        if let &[only] = self.used.as_slice() {
            return self.predict_with(only, columns, out);
        }
        let mut mixed = Mixed::new(self.models, &self.layouts, columns);
        mixed.predict(self.scorer_of_row, out);
        Ok(())
    }

    /// Predicts the rows that use the only model there is.
    fn predict_with(
        &self,
        only: u32,
        columns: &[FeatureInput<'_>],
        [logit, mu, sigma]: [&mut [f64]; 3],
    ) -> Result<()> {
        if let Some(model) = self.models.model(only) {
            let layout = &self.models.layouts()[model.layout];
            let out = ParamsOut { logit: &mut *logit, mu: &mut *mu, sigma: &mut *sigma };
            layout.predict_with(&model.scorer, columns, out)?;
        }
        for (row, &place) in self.scorer_of_row.iter().enumerate().take(logit.len()) {
            if place != only {
                [logit[row], mu[row], sigma[row]] = [f64::NAN; 3];
            }
        }
        Ok(())
    }
}
