//! Rows and the models that they are predicted with.

use std::collections::HashMap;
use std::sync::Arc;

use super::bound::BoundModels;
use super::input::FeatureInput;
use super::layout::{FeatureUse, Layout};
use super::mixed::Mixed;
use super::scorer::{ParamsOut, Scorer};
use crate::Result;
use crate::math::Column;

/// Rows with their models, which have found their columns: ready for prediction.
#[derive(Debug)]
pub struct ModelRows<'a>(RowModels<'a>);

#[derive(Debug)]
enum RowModels<'a> {
    /// All rows use one model.
    One(Layout),
    /// Every row uses its own.
    Each(EachRow<'a>),
}

/// Rows that each use a model of a set.
#[derive(Debug)]
struct EachRow<'a> {
    models: &'a BoundModels,
    scorer_of_row: &'a [u32],
    /// The indices of the models that occur.
    used: Vec<u32>,
    /// The indices of the layouts of those models.
    layouts: Vec<usize>,
}

impl<'a> ModelRows<'a> {
    /// Rows that all use one model, with columns of these names.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature has no column.
    pub fn of_one<N: AsRef<str>>(scorer: Arc<Scorer>, names: &[N]) -> Result<Self> {
        Ok(Self(RowModels::One(Layout::new(scorer, names)?)))
    }

    /// Rows that use the models of these indices; `used` are those that occur, and `layouts` the indices of their layouts.
    pub(super) fn of_each(
        models: &'a BoundModels,
        scorer_of_row: &'a [u32],
        used: Vec<u32>,
        layouts: Vec<usize>,
    ) -> Self {
        Self(RowModels::Each(EachRow { models, scorer_of_row, used, layouts }))
    }

    /// The columns that the models read. Some come several times.
    pub fn uses(&self) -> Vec<FeatureUse> {
        match &self.0 {
            RowModels::One(layout) => layout.uses().collect(),
            RowModels::Each(rows) => rows.layouts().flat_map(Layout::uses).collect(),
        }
    }

    /// How many features the model of a row has; 0 if it has none.
    pub fn feature_count(&self, row: usize) -> usize {
        match &self.0 {
            RowModels::One(layout) => layout.feature_count(),
            RowModels::Each(rows) => rows.feature_count(row),
        }
    }

    /// Predicts every row with its own model, with the bits that [`Scorer::predict`] gives. A row without a model gets
    /// NaN.
    ///
    /// `columns` are those of the names that the rows were bound to; what no model reads is not looked at. `out` has a
    /// value for every row; if it has fewer, as many rows are predicted.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a column is missing, too short or of the wrong kind.
    pub fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        match &self.0 {
            RowModels::One(layout) => layout.predict(columns, out),
            RowModels::Each(rows) => rows.predict(columns, out),
        }
    }
}

/// Some rows of a column.
#[derive(Debug, Clone, Default)]
struct Gathered {
    numbers: Vec<f64>,
    codes: Vec<u32>,
}

impl Gathered {
    fn new(column: FeatureInput<'_>, rows: &[usize]) -> Self {
        match column {
            FeatureInput::Number(_) => Self {
                numbers: rows.iter().map(|&row| column.number(row)).collect(),
                codes: Vec::new(),
            },
            FeatureInput::Codes { codes, .. } => Self {
                numbers: Vec::new(),
                codes: rows.iter().filter_map(|&row| codes.get(row).copied()).collect(),
            },
        }
    }

    /// The rows as a column like the one they are of.
    fn input<'a>(&'a self, column: FeatureInput<'a>) -> FeatureInput<'a> {
        match column {
            FeatureInput::Number(_) => FeatureInput::Number(Column::F64(&self.numbers)),
            FeatureInput::Codes { levels, .. } => {
                FeatureInput::Codes { codes: &self.codes, levels }
            }
        }
    }
}

impl<'a> EachRow<'a> {
    fn layouts(&self) -> impl Iterator<Item = &'a Layout> {
        self.layouts.iter().map(|&index| &self.models.layouts()[index])
    }

    fn feature_count(&self, row: usize) -> usize {
        let model = self.scorer_of_row.get(row).and_then(|&index| self.models.model(index));
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
        let [logit, mu, sigma] = out;
        mixed.predict(self.scorer_of_row, [&mut *logit, &mut *mu, &mut *sigma]);
        self.predict_networks(columns, [logit, mu, sigma])
    }

    /// Predicts the rows whose models have networks, model by model, from columns of their rows alone.
    fn predict_networks(
        &self,
        columns: &[FeatureInput<'_>],
        [logit, mu, sigma]: [&mut [f64]; 3],
    ) -> Result<()> {
        if !self.models.has_network() {
            return Ok(());
        }
        let models = self.used.iter().filter_map(|&index| Some((index, self.models.model(index)?)));
        let networks: HashMap<u32, _> =
            models.filter(|(_, model)| model.scorer.has_network()).collect();
        let of_row = self.scorer_of_row.iter().copied().take(logit.len()).zip(0..);
        let mut rows: Vec<(u32, usize)> =
            of_row.filter(|(index, _)| networks.contains_key(index)).collect();
        rows.sort_unstable();
        for of_model in rows.chunk_by(|a, b| a.0 == b.0) {
            let Some(model) = of_model.first().and_then(|row| networks.get(&row.0)) else {
                continue;
            };
            let rows: Vec<usize> = of_model.iter().map(|row| row.1).collect();
            let layout = &self.models.layouts()[model.layout];
            let mut gathered = vec![Gathered::default(); columns.len()];
            for used in layout.uses() {
                gathered[used.position] = Gathered::new(columns[used.position], &rows);
            }
            let inputs = gathered.iter().zip(columns).map(|(rows, column)| rows.input(*column));
            let inputs: Vec<FeatureInput<'_>> = inputs.collect();
            let [mut logits, mut mus, mut sigmas] = [0, 1, 2].map(|_| vec![0.0; rows.len()]);
            let out = ParamsOut { logit: &mut logits, mu: &mut mus, sigma: &mut sigmas };
            layout.predict_with(&model.scorer, &inputs, out)?;
            for (at, &row) in rows.iter().enumerate() {
                [logit[row], mu[row], sigma[row]] = [logits[at], mus[at], sigmas[at]];
            }
        }
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
        for (row, &index) in self.scorer_of_row.iter().enumerate().take(logit.len()) {
            if index != only {
                [logit[row], mu[row], sigma[row]] = [f64::NAN; 3];
            }
        }
        Ok(())
    }
}
