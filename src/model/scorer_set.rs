//! Many models, and how they read the columns of a table.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::input::{FeatureInput, Kind};
use super::model_rows::ModelRows;
use super::range::Range;
use super::scorer::Scorer;
use super::terms::NumberTerms;
use crate::Result;

/// In the place of a row's model: the row has none.
pub const NO_SCORER: u32 = u32::MAX;

/// Models of which every row uses one.
///
/// A set can be kept for further rows: what is found out about a model is found out once.
///
/// ```
/// use std::sync::Arc;
///
/// use ziln::fit::{Chunk, FeatureColumn, Options, RowId, Table, Values, fit};
/// use ziln::math::Column;
/// use ziln::model::{FeatureInput, NO_SCORER, ParamsOut, Scorer, ScorerSet};
///
/// # fn main() -> ziln::Result<()> {
/// let (label, visits) = ([0.0, 9.0, 0.0, 12.0], [1.0, 2.0, 3.0, 4.0]);
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![Values::Numbers(&visits)] }],
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
    pub(super) scorers: Vec<Arc<Scorer>>,
    /// Where each scorer stands, by its address.
    places: HashMap<usize, u32, RandomState>,
    pub(super) bound: Bound,
}

/// The models as they read the columns of certain names.
#[derive(Debug, Default)]
pub(super) struct Bound {
    names: Vec<String>,
    /// In the places of the set; `None` until a row uses the model.
    models: Vec<Option<BoundModel>>,
    /// What the numbers of all models add: side by side, so that a thousand models stay in the cache.
    numbers: Vec<NumberTerms>,
    pub(super) layouts: Vec<Layout>,
}

/// A model as it reads the columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundModel {
    /// Of the three heads, and a zero that makes them a vector.
    pub(super) intercept: [f64; 4],
    pub(super) mu_range: Range,
    pub(super) max_sigma: f64,
    /// Its place in the set.
    pub(super) place: usize,
    /// The place of its layout.
    pub(super) layout: usize,
    /// The place of what its first number adds.
    first_number: usize,
}

/// Which columns a model reads, and how. Most models of a query share one, so columns are checked once a layout.
#[derive(Debug)]
pub(super) struct Layout {
    /// A model that has it.
    pub(super) scorer: Arc<Scorer>,
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
}

impl ScorerSet {
    /// Adds a model and returns its place. The same [`Arc`] has the same place, and keeps it as long as the set lives.
    pub fn add(&mut self, scorer: Arc<Scorer>) -> u32 {
        let next = u32::try_from(self.scorers.len()).unwrap_or(NO_SCORER);
        // No other scorer can come to have the address, as the set holds this one.
        let place = *self.places.entry(Arc::as_ptr(&scorer) as usize).or_insert(next);
        if place == next {
            self.scorers.push(scorer);
        }
        place
    }

    /// The most features that a model of the rows has.
    pub fn most_features(&self, scorer_of_row: &[u32]) -> usize {
        let used = used_places(scorer_of_row, self.scorers.len());
        used.iter().map(|&place| self.scorers[place].feature_count()).max().unwrap_or_default()
    }

    /// Gives every row its model, and finds the columns that the models read by their names.
    ///
    /// Row `i` uses the model of the place `scorer_of_row[i]`; [`NO_SCORER`] stands for none, as any place does that no
    /// model has.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature of a model that a row uses has no column.
    pub fn bind<'a, N: AsRef<str>>(
        &'a mut self,
        names: &[N],
        scorer_of_row: &'a [u32],
    ) -> Result<ModelRows<'a>> {
        if !names.iter().map(AsRef::as_ref).eq(&self.bound.names) {
            let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
            self.bound = Bound { names, ..Bound::default() };
        }
        let used = used_places(scorer_of_row, self.scorers.len());
        let layouts = used.iter().map(|&place| self.bound.bind(place, &self.scorers));
        let mut layouts = layouts.collect::<Result<Vec<usize>>>()?;
        layouts.sort_unstable();
        layouts.dedup();
        Ok(ModelRows::new(self, scorer_of_row, &used, layouts))
    }
}

/// The places that occur, in order.
fn used_places(scorer_of_row: &[u32], scorers: usize) -> Vec<usize> {
    let mut is_used = vec![false; scorers];
    for &place in scorer_of_row {
        if let Some(is_used) = is_used.get_mut(place as usize) {
            *is_used = true;
        }
    }
    (0..scorers).filter(|&place| is_used[place]).collect()
}

impl Bound {
    /// The model of a place, if it has been bound.
    #[inline(always)]
    pub(super) fn model(&self, place: u32) -> Option<&BoundModel> {
        self.models.get(place as usize)?.as_ref()
    }

    /// What `count` numbers of a model add, from its first.
    #[inline(always)]
    pub(super) fn numbers(&self, model: &BoundModel, count: usize) -> &[NumberTerms] {
        &self.numbers[model.first_number..][..count]
    }

    /// Binds the model of a place, if it is not yet, and returns the place of its layout.
    fn bind(&mut self, place: usize, scorers: &[Arc<Scorer>]) -> Result<usize> {
        self.models.resize(scorers.len(), None);
        if let Some(model) = &self.models[place] {
            return Ok(model.layout);
        }
        let scorer = &scorers[place];
        let layout = self.layout_of(scorer)?;
        let [logit, mu, raw_sigma] = scorer.intercept;
        self.models[place] = Some(BoundModel {
            intercept: [logit, mu, raw_sigma, 0.0],
            mu_range: scorer.mu_range,
            max_sigma: scorer.max_sigma,
            place,
            layout,
            first_number: self.numbers.len(),
        });
        self.numbers.extend_from_slice(&scorer.numbers);
        Ok(layout)
    }

    fn layout_of(&mut self, scorer: &Arc<Scorer>) -> Result<usize> {
        let positions = scorer.match_features(&self.names)?;
        let is_it =
            |known: &Layout| known.positions == positions && known.scorer.kinds == scorer.kinds;
        if let Some(place) = self.layouts.iter().position(is_it) {
            return Ok(place);
        }
        let (numbers, others) = scorer.split(&positions);
        self.layouts.push(Layout { scorer: Arc::clone(scorer), positions, numbers, others });
        Ok(self.layouts.len() - 1)
    }
}

impl Layout {
    /// What it reads.
    pub(super) fn uses(&self) -> impl Iterator<Item = FeatureUse> {
        let pairs = self.positions.iter().zip(&self.scorer.kinds);
        let is_category = |kind: &Kind| *kind == Kind::Category;
        pairs.map(move |(&position, kind)| FeatureUse { position, is_category: is_category(kind) })
    }

    /// The columns of the features, in their order.
    pub(super) fn pick<'a>(&self, columns: &[FeatureInput<'a>]) -> Vec<FeatureInput<'a>> {
        self.positions.iter().filter_map(|&position| columns.get(position).copied()).collect()
    }
}
