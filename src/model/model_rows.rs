//! Prediction with a model that differs from row to row.

use super::feature::FAR_UNIT;
use super::input::FeatureInput;
use super::scorer::{ParamsOut, cap_sigma};
use super::scorer_set::{BoundModel, FeatureUse, Layout, ScorerSet};
use super::terms::{NumberTerms, OtherTerms};
use super::tile::{LANES, TILE_ROWS, Tile};
use crate::Result;
use crate::math::{dispatch, sigmas_from_raw};

/// Features that are computed at a time.
const FEATURES: usize = 16;

/// Rows with their models, ready for prediction.
#[derive(Debug)]
pub struct ModelRows<'a> {
    set: &'a ScorerSet,
    scorer_of_row: &'a [u32],
    /// The places of the layouts of the models that rows use.
    layouts: Vec<usize>,
    /// The place of the model that all rows use which use any.
    only: Option<usize>,
}

impl<'a> ModelRows<'a> {
    /// Of rows that use the models of these places.
    pub(super) fn new(
        set: &'a ScorerSet,
        scorer_of_row: &'a [u32],
        used: &[usize],
        layouts: Vec<usize>,
    ) -> Self {
        let only = if let [only] = used { Some(*only) } else { None };
        Self { set, scorer_of_row, layouts, only }
    }

    fn layouts(&self) -> impl Iterator<Item = &'a Layout> {
        self.layouts.iter().map(|&place| &self.set.bound.layouts[place])
    }

    /// The columns that the models read. Some come several times.
    pub fn uses(&self) -> impl Iterator<Item = FeatureUse> {
        self.layouts().flat_map(Layout::uses)
    }

    /// How many features the model of a row has; 0 if it has none.
    pub fn feature_count(&self, row: usize) -> usize {
        let scorer = self.scorer_of_row.get(row).map(|&place| self.set.scorers.get(place as usize));
        scorer.flatten().map_or(0, |scorer| scorer.feature_count())
    }

    /// Predicts every row with its own model, with the bits that [`Scorer::predict`](super::Scorer::predict) gives. A row
    /// without a model gets NaN.
    ///
    /// `columns` are those of the names that the rows were bound to; what no model reads is not looked at. `out` has a
    /// place for every row; if it has fewer, as many rows are predicted.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a column is missing, too short or of the wrong kind.
    pub fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        let rows = out.rows().min(self.scorer_of_row.len());
        for layout in self.layouts() {
            layout.scorer.check(&layout.pick(columns), rows)?;
        }
        let ParamsOut { logit, mu, sigma } = out;
        let out = [logit, mu, sigma].map(|column| &mut column[..rows]);
        if let (Some(place), &[layout]) = (self.only, self.layouts.as_slice()) {
            return self.predict_with(place, &self.set.bound.layouts[layout].pick(columns), out);
        }
        self.predict_mixed(columns, out);
        Ok(())
    }

    /// Predicts with the only model, from the columns of its features.
    fn predict_with(&self, place: usize, columns: &[FeatureInput<'_>], out: Out<'_>) -> Result<()> {
        let [logit, mu, sigma] = out;
        let out = ParamsOut { logit: &mut *logit, mu: &mut *mu, sigma: &mut *sigma };
        self.set.scorers[place].predict(columns, out)?;
        for (row, &scorer) in self.scorer_of_row.iter().enumerate().take(logit.len()) {
            if scorer as usize != place {
                [logit[row], mu[row], sigma[row]] = [f64::NAN; 3];
            }
        }
        Ok(())
    }

    fn predict_mixed(&self, columns: &[FeatureInput<'_>], [logit, mu, sigma]: Out<'_>) {
        let numbers = self.uses().filter(|used| !used.is_category).map(|used| used.position);
        let mut tile = Tile::new(columns, numbers.collect());
        let slots = self.slots(&tile);
        let uses_network = |&place: &u32| {
            self.set.scorers.get(place as usize).is_some_and(|scorer| scorer.network.is_some())
        };
        let has_networks = self.scorer_of_row.iter().any(uses_network);
        let mut raw_sigmas = [0.0; TILE_ROWS];
        for start in (0..logit.len()).step_by(TILE_ROWS) {
            let rows = start..logit.len().min(start + TILE_ROWS);
            let places = &self.scorer_of_row[rows.clone()];
            let raw_sigmas = &mut raw_sigmas[..rows.len()];
            tile.fill(&rows);
            let block = Block { set: self.set, columns, slots: &slots, tile: &tile, start };
            let heads = [&mut logit[rows.clone()], &mut mu[rows.clone()], &mut *raw_sigmas];
            dispatch(
                #[inline(always)]
                || block.predict(places, heads),
            );
            if has_networks {
                sigma[rows].copy_from_slice(raw_sigmas);
            } else {
                self.finish(places, raw_sigmas, &mut mu[rows.clone()], &mut sigma[rows]);
            }
        }
        if has_networks {
            self.add_networks(columns, [&mut *logit, &mut *mu, &mut *sigma]);
            let raw_sigmas = sigma.to_vec();
            self.finish(&self.scorer_of_row[..sigma.len()], &raw_sigmas, mu, sigma);
        }
    }

    /// From the heads to the parameters.
    fn finish(&self, places: &[u32], raw_sigmas: &[f64], mu: &mut [f64], sigma: &mut [f64]) {
        sigmas_from_raw(raw_sigmas, sigma);
        for ((mu, sigma), &place) in mu.iter_mut().zip(sigma).zip(places) {
            match self.set.bound.model(place) {
                Some(model) => {
                    *mu = model.mu_range.hold(*mu);
                    *sigma = cap_sigma(*sigma, model.max_sigma);
                }
                None => *sigma = f64::NAN,
            }
        }
    }

    /// Adds what networks say to the heads of their rows, model by model.
    fn add_networks(&self, columns: &[FeatureInput<'_>], [logit, mu, raw_sigma]: Out<'_>) {
        let places = self.scorer_of_row.iter().take(logit.len());
        let mut rows: Vec<(u32, usize)> = places.copied().zip(0..).collect();
        rows.sort_unstable();
        for of_model in rows.chunk_by(|a, b| a.0 == b.0) {
            let Some(model) = of_model.first().and_then(|row| self.set.bound.model(row.0)) else {
                continue;
            };
            if let Some(network) = &self.set.scorers[model.place].network {
                let columns = self.set.bound.layouts[model.layout].pick(columns);
                let rows: Vec<usize> = of_model.iter().map(|row| row.1).collect();
                network.add_to_rows(&columns, &rows, [&mut *logit, &mut *mu, &mut *raw_sigma]);
            }
        }
    }

    /// For each layout that rows use, in its place, the slots of [`Layout::numbers`].
    fn slots(&self, tile: &Tile<'_>) -> Vec<Vec<usize>> {
        let layouts = &self.set.bound.layouts;
        let mut slots = vec![Vec::new(); layouts.len()];
        for &place in &self.layouts {
            let numbers = layouts[place].numbers.iter();
            slots[place] = numbers.filter_map(|&position| tile.slot(position)).collect();
        }
        slots
    }
}

/// Columns of logits, mus and sigmas, all of one length.
type Out<'a> = [&'a mut [f64]; 3];

/// The heads of a row in one vector: logit, mu, raw sigma, and a lane that means nothing.
type HeadVector = [f64; 4];

/// The rows that are predicted at a time.
struct Block<'a> {
    set: &'a ScorerSet,
    columns: &'a [FeatureInput<'a>],
    tile: &'a Tile<'a>,
    /// For each layout the slots of its numbers in the tile.
    slots: &'a [Vec<usize>],
    /// The first row.
    start: usize,
}

impl Block<'_> {
    /// The heads of the rows, whose models have these places; the third is raw.
    #[inline(always)]
    fn predict(&self, places: &[u32], [logit, mu, raw_sigma]: Out<'_>) {
        let mut write = |row: usize, [a, b, c, _]: HeadVector| {
            [logit[row], mu[row], raw_sigma[row]] = [a, b, c];
        };
        for (group, places) in places.chunks(LANES).enumerate() {
            let row = group * LANES;
            if let Some(models) = self.side_by_side(places) {
                for (row, heads) in (row..).zip(self.heads(models, row, 0)) {
                    write(row, heads);
                }
                continue;
            }
            for (lane, &place) in places.iter().enumerate() {
                let heads = match self.set.bound.model(place) {
                    Some(model) => self.heads([model], row, lane)[0],
                    None => [f64::NAN; 4],
                };
                write(row + lane, heads);
            }
        }
    }

    /// The models of [`LANES`] rows, if all have one and read the same columns.
    #[inline(always)]
    fn side_by_side(&self, places: &[u32]) -> Option<[&BoundModel; LANES]> {
        let bound = &self.set.bound;
        let &[a, b, c, d] = places else { return None };
        let models = [bound.model(a)?, bound.model(b)?, bound.model(c)?, bound.model(d)?];
        models.iter().all(|model| model.layout == models[0].layout).then_some(models)
    }

    /// The heads of `N` rows whose models have one layout, from this lane of the [`LANES`] rows that begin at `row`.
    #[inline(always)]
    fn heads<const N: usize>(
        &self,
        models: [&BoundModel; N],
        row: usize,
        lane: usize,
    ) -> [HeadVector; N] {
        let slots = self.slots[models[0].layout].as_slice();
        let numbers = self.tile.slots_of_rows(row);
        let mut heads: [HeadVector; N] = [[0.0; 4]; N];
        let mut terms: [&[NumberTerms]; N] = [&[]; N];
        for ((heads, terms), model) in heads.iter_mut().zip(&mut terms).zip(models) {
            *heads = model.intercept;
            *terms = self.set.bound.numbers(model, slots.len());
        }
        for start in (0..slots.len()).step_by(FEATURES) {
            let features = start..slots.len().min(start + FEATURES);
            // All distances first: this loop is vectorised across the rows, and has the models fetched from memory.
            let mut centred = [[0.0; N]; FEATURES];
            for (centred, feature) in centred.iter_mut().zip(features.clone()) {
                let numbers = &numbers[slots[feature]][lane..][..N];
                let of_feature: [NumberTerms; N] = std::array::from_fn(|lane| terms[lane][feature]);
                for ((centred, terms), number) in centred.iter_mut().zip(of_feature).zip(numbers) {
                    *centred = terms.centred(*number);
                }
            }
            for (centred, feature) in centred.iter().zip(features) {
                for ((heads, terms), centred) in heads.iter_mut().zip(terms).zip(centred) {
                    *heads = terms[feature].add_centred(*heads, *centred);
                }
            }
        }
        for ((heads, model), row) in heads.iter_mut().zip(models).zip(row + lane..) {
            self.add_others(heads, model, row);
        }
        heads
    }

    /// Adds what the features of a row add that are no plain numbers.
    #[inline(always)]
    fn add_others(&self, heads: &mut HeadVector, model: &BoundModel, row: usize) {
        let layout = &self.set.bound.layouts[model.layout];
        if layout.others.is_empty() {
            return;
        }
        let terms = &self.set.scorers[model.place].others;
        for (terms, &position) in terms.iter().zip(&layout.others) {
            match terms {
                OtherTerms::Far(terms) => {
                    let Some(slot) = self.tile.slot(position) else { continue };
                    let number = self.tile.slots_of_rows(row)[slot][row % LANES];
                    *heads = terms.add_centred(*heads, terms.centred(number * FAR_UNIT));
                }
                OtherTerms::Levels(terms) => {
                    let (codes, levels) = self.columns[position].codes();
                    let weights = terms.of_code(codes[self.start + row], levels);
                    for (head, weight) in heads.iter_mut().zip(weights) {
                        *head += weight;
                    }
                }
            }
        }
    }
}
