//! The kernel of prediction with a model that differs from row to row: a tile of rows at a time.

use super::bound::{BoundModel, BoundModels};
use super::huge::HUGE_UNIT;
use super::input::FeatureInput;
use super::scorer::cap_sigma;
use super::terms::{NumberTerms, OtherTerms};
use super::tile::{LANES, NumberTile, TILE_ROWS};
use crate::math::{dispatch, sigmas_from_raw};

/// Features that are computed at a time.
const FEATURES: usize = 16;

/// Columns of logits, mus and sigmas, all of one length.
pub(super) type HeadColumns<'a> = [&'a mut [f64]; 3];

/// The heads of a row in one vector: logit, mu, raw sigma, and a lane that means nothing.
type HeadVector = [f64; 4];

/// Rows that use several models.
pub(super) struct Mixed<'a> {
    models: &'a BoundModels,
    columns: &'a [FeatureInput<'a>],
    /// For each layout, by its index, the slots of its numbers in the tile.
    slots: Vec<Vec<usize>>,
    tile: NumberTile<'a>,
}

impl<'a> Mixed<'a> {
    /// Of columns that were checked, for rows that use the layouts of these indices.
    pub(super) fn new(
        models: &'a BoundModels,
        used_layouts: &[usize],
        columns: &'a [FeatureInput<'a>],
    ) -> Self {
        let layouts = models.layouts();
        let uses = used_layouts.iter().flat_map(|&index| layouts[index].uses());
        let numbers = uses.filter(|used| !used.is_category).map(|used| used.position);
        let tile = NumberTile::new(columns, numbers.collect());
        let mut slots = vec![Vec::new(); layouts.len()];
        for &index in used_layouts {
            let numbers = layouts[index].numbers.iter();
            slots[index] = numbers.filter_map(|&position| tile.slot(position)).collect();
        }
        Self { models, columns, slots, tile }
    }

    /// Predicts all rows, each with the model of its index. A row without a model gets NaN.
    pub(super) fn predict(&mut self, indices: &[u32], [logit, mu, sigma]: HeadColumns<'_>) {
        let mut raw_sigmas = [0.0; TILE_ROWS];
        let mut most_sigmas = [f64::NAN; TILE_ROWS];
        for start in (0..logit.len()).step_by(TILE_ROWS) {
            let rows = start..logit.len().min(start + TILE_ROWS);
            self.tile.fill(&rows);
            let (indices, sigma) = (&indices[rows.clone()], &mut sigma[rows.clone()]);
            let raw_sigmas = &mut raw_sigmas[..rows.len()];
            let heads = [&mut logit[rows.clone()], &mut mu[rows.clone()], &mut *raw_sigmas];
            dispatch(
                #[inline(always)]
                || self.predict_tile(start, indices, heads, &mut most_sigmas),
            );
            sigmas_from_raw(raw_sigmas, sigma);
            dispatch(
                #[inline(always)]
                || {
                    for (sigma, most) in sigma.iter_mut().zip(most_sigmas) {
                        *sigma = cap_sigma(*sigma, most);
                    }
                },
            );
        }
    }

    /// The heads of the tile's rows, of which `start` is the first, the third raw; and the greatest sigma of each.
    #[inline(always)]
    fn predict_tile(
        &self,
        start: usize,
        indices: &[u32],
        [logit, mu, raw_sigma]: HeadColumns<'_>,
        most_sigma: &mut [f64; TILE_ROWS],
    ) {
        let mut write = |row: usize, [a, b, c, _]: HeadVector, most: f64| {
            [logit[row], mu[row], raw_sigma[row], most_sigma[row]] = [a, b, c, most];
        };
        // The next models are looked up before these are computed with, so that nobody waits for them.
        let mut groups = indices.chunks(LANES).map(|indices| (indices, self.side_by_side(indices)));
        let mut next = groups.next();
        for row in (0..).step_by(LANES) {
            let Some((indices, models)) = std::mem::replace(&mut next, groups.next()) else {
                break;
            };
            if let Some(models) = models {
                let heads = self.heads(models, start, row, 0);
                for ((row, heads), model) in (row..).zip(heads).zip(models) {
                    write(row, heads, model.max_sigma);
                }
                continue;
            }
            for (lane, &index) in indices.iter().enumerate() {
                match self.models.model(index) {
                    Some(model) => {
                        let [heads] = self.heads([model], start, row, lane);
                        write(row + lane, heads, model.max_sigma);
                    }
                    None => write(row + lane, [f64::NAN; 4], f64::NAN),
                }
            }
        }
    }

    /// The models of [`LANES`] rows, if all have one and read the same columns.
    #[inline(always)]
    fn side_by_side(&self, indices: &[u32]) -> Option<[&BoundModel; LANES]> {
        let bound = self.models;
        let &[a, b, c, d] = indices else { return None };
        let models = [bound.model(a)?, bound.model(b)?, bound.model(c)?, bound.model(d)?];
        models.iter().all(|model| model.layout == models[0].layout).then_some(models)
    }

    /// The heads of `N` rows whose models have one layout, mu held: from this lane of the [`LANES`] rows of the tile that
    /// begin at `row`.
    #[inline(always)]
    fn heads<const N: usize>(
        &self,
        models: [&BoundModel; N],
        start: usize,
        row: usize,
        lane: usize,
    ) -> [HeadVector; N] {
        let slots = self.slots[models[0].layout].as_slice();
        let numbers = self.tile.slots_of_rows(row);
        let mut heads: [HeadVector; N] = [[0.0; 4]; N];
        let mut terms: [&[NumberTerms]; N] = [&[]; N];
        for ((heads, terms), model) in heads.iter_mut().zip(&mut terms).zip(models) {
            *heads = model.intercept;
            *terms = self.models.numbers(model, slots.len());
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
            // A copy, which stays in registers.
            let mut sums = heads;
            for (centred, feature) in centred.iter().zip(features) {
                for ((sums, terms), centred) in sums.iter_mut().zip(terms).zip(centred) {
                    *sums = terms[feature].add_centred(*sums, *centred);
                }
            }
            heads = sums;
        }
        for ((heads, model), row) in heads.iter_mut().zip(models).zip(row + lane..) {
            self.add_others(heads, model, start, row);
            heads[1] = model.mu_range.hold(heads[1]);
        }
        heads
    }

    /// Adds what the features of a row of the tile add that are no plain numbers.
    #[inline(always)]
    fn add_others(&self, heads: &mut HeadVector, model: &BoundModel, start: usize, row: usize) {
        let layout = &self.models.layouts()[model.layout];
        if layout.others.is_empty() {
            return;
        }
        let terms = &model.scorer.others;
        for (terms, &position) in terms.iter().zip(&layout.others) {
            match terms {
                OtherTerms::Huge(terms) => {
                    let Some(slot) = self.tile.slot(position) else { continue };
                    let number = self.tile.slots_of_rows(row)[slot][row % LANES];
                    *heads = terms.add_centred(*heads, terms.centred(number * HUGE_UNIT));
                }
                OtherTerms::Levels(terms) => {
                    let (codes, levels) = self.columns[position].codes();
                    let weights = terms.of_code(codes[start + row], levels);
                    for (head, weight) in heads.iter_mut().zip(weights) {
                        *head += weight;
                    }
                }
            }
        }
    }
}
