//! Many models, and how they read the columns of a table.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::bound::BoundModels;
use super::model_rows::ModelRows;
use super::scorer::Scorer;
use crate::Result;

/// The index of no model, for a row that has none.
pub const NO_SCORER: u32 = u32::MAX;

/// Models of which every row uses one.
///
/// A set can be kept for further rows: what is found out about a model is found out once.
///
/// ```
/// use std::sync::Arc;
///
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, Options, RowId, Table, fit};
/// use ziln::math::Column;
/// use ziln::model::{FeatureInput, NO_SCORER, ParamsOut, Scorer, ScorerSet};
///
/// # fn main() -> ziln::Result<()> {
/// let (label, visits) = ([0.0, 9.0, 0.0, 12.0], [1.0, 2.0, 3.0, 4.0]);
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let mut models = ScorerSet::default();
/// for rows in [[0, 1], [2, 3]].map(|rows| rows.map(|row| RowId { chunk: 0, row })) {
///     if let Some(model) = fit(&table, &rows, &Options::default())? {
///         models.add(Arc::new(Scorer::new(&model)));
///     }
/// }
///
/// let columns = [Column::Scalar(30.0), Column::F64(&visits)].map(FeatureInput::Number);
/// let rows = models.bind(&["age", "visits"], &[0, 0, 1, NO_SCORER])?;
/// let [mut logit, mut mu, mut sigma] = [[0.0; 4]; 3];
/// rows.predict(&columns, ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma })?;
/// assert!(logit[0] < logit[1] && mu[1] < mu[2] && mu[3].is_nan());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ScorerSet {
    scorers: Vec<Arc<Scorer>>,
    /// The index of each scorer, by its address.
    indices: HashMap<usize, u32, RandomState>,
    bound: BoundModels,
}

impl ScorerSet {
    /// Adds a model and returns its index. The same [`Arc`] has the same index, and keeps it as long as the set lives.
    pub fn add(&mut self, scorer: Arc<Scorer>) -> u32 {
        let next = u32::try_from(self.scorers.len()).unwrap_or(NO_SCORER);
        // No other scorer can come to have the address, as the set holds this one.
        let index = *self.indices.entry(Arc::as_ptr(&scorer) as usize).or_insert(next);
        if index == next {
            self.scorers.push(scorer);
        }
        index
    }

    /// The model of an index.
    pub fn get(&self, index: u32) -> Option<&Arc<Scorer>> {
        self.scorers.get(index as usize)
    }

    /// The most features that a model of the rows has.
    pub fn most_features(&self, scorer_of_row: &[u32]) -> usize {
        let scorers = self.used(scorer_of_row).into_iter().filter_map(|index| self.get(index));
        scorers.map(|scorer| scorer.feature_count()).max().unwrap_or_default()
    }

    /// Gives every row its model, and finds the columns that the models read by their names.
    ///
    /// Row `i` uses the model of the index `scorer_of_row[i]`. An index that no model has, such as [`NO_SCORER`], means that
    /// the row has none.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature of a model that a row uses has no column.
    pub fn bind<'a, N: AsRef<str>>(
        &'a mut self,
        names: &[N],
        scorer_of_row: &'a [u32],
    ) -> Result<ModelRows<'a>> {
        if !names.iter().map(AsRef::as_ref).eq(self.bound.names()) {
            let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
            self.bound = BoundModels::new(names);
        }
        let used = self.used(scorer_of_row);
        let bind = |&index: &u32| self.bound.bind(index, &self.scorers[index as usize]);
        let mut layouts = used.iter().map(bind).collect::<Result<Vec<usize>>>()?;
        layouts.sort_unstable();
        layouts.dedup();
        Ok(ModelRows::of_each(&self.bound, scorer_of_row, used, layouts))
    }

    /// The indices of models that rows use, in order.
    fn used(&self, scorer_of_row: &[u32]) -> Vec<u32> {
        let mut is_used = vec![false; self.scorers.len()];
        for &index in scorer_of_row {
            if let Some(is_used) = is_used.get_mut(index as usize) {
                *is_used = true;
            }
        }
        (0..).zip(is_used).filter_map(|(index, is_used)| is_used.then_some(index)).collect()
    }
}
