//! The variances between campaigns, by their marginal likelihood.
//!
//! The weights `w` of a campaign are drawn from a normal distribution around a centre, with a variance for each weight.
//! Near a campaign's own fit its log-likelihood is that of a normal one with the information `H`, so that given the
//! variances `T` the weights are normal, too, with the covariance `V = (H + T^-1)^-1`. What they then say of the variances
//! and the centre is iterated (restricted maximum likelihood; the update of a variance is that of `MacKay` 1992, the sum of
//! the squared distances over the number of weights that the rows decide), starting from the moments of the campaigns'
//! scores at the common fit. A category has one variance for all its levels.
//!
//! Where tails are heavier than normal the payers' slopes by raw sigma vary more than the information says. The latter is
//! divided by how much more (a dispersion, as of quasi-likelihoods), or else a few odd payers of each campaign would pass
//! for a difference between campaigns.
//!
//! The centre is needed for the variances alone: it counts each campaign alike. Campaigns are drawn to the common heads, which
//! count each customer alike: their predictions are better.

use rayon::prelude::*;

use super::campaign_rows::{groups, layout};
use super::campaigns::Campaigns;
use super::head_sums::HeadSums;
use crate::family::{AmountTerm, Curved, PayingTerm};
use crate::fit::encode::{Packed, PackedFor, Targets, pack_encoded};
use crate::fit::newton::{
    DesignColumns, Drawn, Factor, PartObjective, PartRows, Point, Products, Symmetric,
};
use crate::fit::observer::{Stage, Step};
use crate::fit::part_indices::part_indices;
use crate::fit::rows::Table;
use crate::fit::watch::Watch;
use crate::fit::weight_penalty::WeightPenalty;
use crate::math::sigma_from_raw;
use crate::model::{Between, Encoding, HeadBetween, Model};

/// Iterations at most, and at least.
const ITERATIONS: usize = 24;
const LEAST_ITERATIONS: usize = 3;

/// Multiplications that all iterations together may take, about.
const BUDGET: f64 = 4e10;

/// Campaigns whose sums one thread makes.
const BLOCK_CAMPAIGNS: usize = 64;

/// A variance is iterated until it changes by no more than this share.
const SETTLED: f64 = 0.01;

/// In the square of what the head is measured in: where a variance starts at least, what counts as none, and how small
/// one may become on the way.
const LEAST_START: f64 = 1e-3;
const NONE: f64 = 1e-6;
const LEAST: f64 = 1e-9;

/// The variances between the campaigns around a model's heads. An interrupt leaves whatever there is.
pub(super) fn between(
    table: &Table<'_>,
    model: &Model,
    campaigns: &Campaigns,
    watch: &Watch,
) -> Between {
    let features = model.features().len();
    let none = || HeadBetween { intercept: 0.0, features: vec![0.0; features] };
    let count = campaigns.count as u64;
    if campaigns.rows.len() < 2 {
        return Between { campaigns: count, logit: none(), mu: none(), raw_sigma: none() };
    }
    let encodings: Vec<Encoding> =
        model.features().iter().map(|feature| feature.encoding.clone()).collect();
    let min_payment = model.options().min_payment.unwrap_or(0.0);
    let (layout, lists) = layout(table, campaigns, min_payment);
    let targets = Targets::gather(table, &layout);
    let packed = pack_encoded(table, &layout, &targets, &encodings, PackedFor::Paying);
    let part_indices = part_indices(&encodings);
    let width = packed.inputs.width();
    let [paying, amount] = Drawn::new(model, table, &encodings, &part_indices, width).starts;
    let groups = groups(&encodings, &part_indices, width);
    // A sigma that is the same for all is the unit of mu.
    let sigma = sigma_from_raw(amount.get(width).copied().unwrap_or(0.0));
    let new = |paying| Estimate {
        packed: &packed,
        lists,
        groups: &groups,
        features,
        paying,
        width,
        watch,
    };
    let (of_paying, of_amount) = rayon::join(
        || new(true).variances::<1, PayingTerm>(&PayingTerm, &paying, [1.0]),
        || new(false).variances::<2, AmountTerm>(&AmountTerm::FREE, &amount, [sigma * sigma, 1.0]),
    );
    let head = |variances: &[f64]| HeadBetween {
        intercept: variances[0],
        features: variances[1..].to_vec(),
    };
    Between {
        campaigns: count,
        logit: head(&of_paying[0]),
        mu: head(&of_amount[0]),
        raw_sigma: head(&of_amount[1]),
    }
}

/// The estimate of a part's variances.
struct Estimate<'a> {
    packed: &'a Packed,
    /// How many campaigns there are.
    lists: usize,
    groups: &'a [usize],
    features: usize,
    paying: bool,
    /// Of a head.
    width: usize,
    watch: &'a Watch,
}

/// Centre and variances of a part, and what the centre's own error is.
struct PriorState<const H: usize> {
    /// How much more the slopes of rows vary than the information says.
    dispersion: [f64; H],
    /// Head after head.
    centre: Vec<f64>,
    /// By group.
    variances: [Vec<f64>; H],
    /// The square of what each variance is doubted by.
    errors: [Vec<f64>; H],
    /// The inverse of the information on the centre.
    inverse: [Option<Symmetric>; H],
}

impl Estimate<'_> {
    fn variances<const H: usize, T: Curved<H>>(
        &self,
        terms: &T,
        centre: &[f64],
        units: [f64; H],
    ) -> [Vec<f64>; H] {
        let dispersion = self.dispersion(terms, centre);
        let mut state = PriorState {
            dispersion,
            centre: centre.to_vec(),
            variances: self.moments(terms, centre, units, dispersion),
            errors: std::array::from_fn(|_| vec![0.0; self.features + 1]),
            inverse: std::array::from_fn(|_| None),
        };
        let columns: Vec<DesignColumns> =
            self.each(|campaign| DesignColumns::new(&self.rows(campaign)));
        let mut values: Vec<Vec<f64>> =
            columns.iter().map(|columns| self.pick::<H>(columns, centre)).collect();
        for round in 1..=Self::iterations::<H>(&columns) {
            if self.watch.is_interrupted() {
                break;
            }
            let sums = self.round(terms, &columns, &mut values, &state);
            self.watch.tell(Step {
                stage: Stage::Rounds,
                done: round as u64,
                most: None,
                loss: None,
            });
            if self.update(&mut state, &sums, units) <= SETTLED {
                break;
            }
        }
        std::array::from_fn(|head| {
            let all = state.variances[head].iter().zip(&state.errors[head]);
            let kept = all.map(|(variance, error)| {
                // What may as well be chance counts for less, so that nothing is drawn apart by it.
                let kept = variance - error / variance;
                if kept > NONE * units[head] { kept } else { 0.0 }
            });
            kept.collect()
        })
    }

    fn rows(&self, campaign: usize) -> PartRows<'_> {
        PartRows::new(self.packed, campaign..campaign + 1, !self.paying)
    }

    /// Calls for every campaign, in parallel, the results in order.
    fn each<R: Send>(&self, call: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
        (0..self.lists).into_par_iter().with_min_len(BLOCK_CAMPAIGNS).map(call).collect()
    }

    fn pick<const H: usize>(&self, columns: &DesignColumns, all: &[f64]) -> Vec<f64> {
        columns.pick_heads(all.get(..H * self.width).unwrap_or(all), self.width)
    }

    fn dense(&self) -> usize {
        1 + self.packed.inputs.number_count
    }

    /// So many that the factorisations stay within the budget.
    fn iterations<const H: usize>(columns: &[DesignColumns]) -> usize {
        let cubes: f64 = columns.iter().map(|columns| (columns.width() as f64).powi(3)).sum();
        ((BUDGET / (cubes * H as f64)) as usize).clamp(LEAST_ITERATIONS, ITERATIONS)
    }

    /// The penalty of a campaign, in the units of its mean loss.
    fn objective<'b, const H: usize, T: Curved<H>>(
        &'b self,
        terms: &T,
        campaign: usize,
        columns: &DesignColumns,
        state: Option<&PriorState<H>>,
    ) -> (PartObjective<'b, H, T>, f64) {
        let rows = self.rows(campaign);
        let observations = rows.weight_sum() * self.packed.repeats;
        let width = columns.width();
        let penalty = match state {
            None => WeightPenalty {
                precision: vec![0.0; H * width],
                centre: vec![0.0; H * width],
                sigma: None,
            },
            Some(state) => {
                let precision = |head: usize| {
                    let groups = columns.part_indices().iter().map(|index| self.groups[*index]);
                    let observations = observations / state.dispersion[head];
                    groups.map(move |group| 1.0 / (state.variances[head][group] * observations))
                };
                WeightPenalty {
                    precision: (0..H).flat_map(precision).collect(),
                    centre: self.pick::<H>(columns, &state.centre),
                    sigma: None,
                }
            }
        };
        (PartObjective::new(rows, columns.clone(), *terms, penalty), observations)
    }

    /// The mean square of the rows' slopes by the intercept over the information on it, at the common fit; at least 1.
    fn dispersion<const H: usize, T: Curved<H>>(&self, terms: &T, centre: &[f64]) -> [f64; H] {
        let found = self.each(|campaign| {
            let columns = DesignColumns::new(&self.rows(campaign));
            let (objective, observations) = self.objective::<H, T>(terms, campaign, &columns, None);
            if observations == 0.0 {
                return [(0.0, 0.0); H];
            }
            let values = self.pick::<H>(&columns, centre);
            let slopes = objective.at(values.clone(), Products::Slopes);
            let expected = objective.expected(values);
            let of_intercept =
                |point: &Point, head| observations * point.information(head).get(0, 0);
            std::array::from_fn(|head| (of_intercept(&slopes, head), of_intercept(&expected, head)))
        });
        std::array::from_fn(|head| {
            let slopes: f64 = found.iter().map(|sums| sums[head].0).sum();
            let expected: f64 = found.iter().map(|sums| sums[head].1).sum();
            let dispersion = slopes / expected;
            if dispersion.is_finite() { dispersion.max(1.0) } else { 1.0 }
        })
    }

    /// From the scores at the common fit: their squares are `H + H T H` on average.
    fn moments<const H: usize, T: Curved<H>>(
        &self,
        terms: &T,
        centre: &[f64],
        units: [f64; H],
        dispersion: [f64; H],
    ) -> [Vec<f64>; H] {
        let groups = self.features + 1;
        let found = self.each(|campaign| {
            let mut sums: [(Vec<f64>, Vec<f64>); H] =
                std::array::from_fn(|_| (vec![0.0; groups], vec![0.0; groups]));
            let columns = DesignColumns::new(&self.rows(campaign));
            let (objective, observations) = self.objective::<H, T>(terms, campaign, &columns, None);
            if observations == 0.0 || self.watch.is_interrupted() {
                return sums;
            }
            let point = objective.expected(self.pick::<H>(&columns, centre));
            for (head, (over, under)) in sums.iter_mut().enumerate() {
                for (column, index) in columns.part_indices().iter().enumerate() {
                    let slope = observations * point.slope(head, column);
                    let information = observations * point.information(head).get(column, column);
                    over[self.groups[*index]] += slope * slope - dispersion[head] * information;
                    under[self.groups[*index]] += information * information;
                }
            }
            sums
        });
        std::array::from_fn(|head| {
            let mut sums = vec![(0.0, 0.0); groups];
            for campaign in &found {
                let (over, under) = &campaign[head];
                for ((sum, over), under) in sums.iter_mut().zip(over).zip(under) {
                    sum.0 += over;
                    sum.1 += under;
                }
            }
            let least = LEAST_START * units[head];
            let start = |(over, under): (f64, f64)| {
                let moment = over / under;
                if moment > least && moment.is_finite() { moment } else { least }
            };
            sums.into_iter().map(start).collect()
        })
    }

    /// A step of every campaign to its own weights, and what they then say.
    fn round<const H: usize, T: Curved<H>>(
        &self,
        terms: &T,
        columns: &[DesignColumns],
        values: &mut [Vec<f64>],
        state: &PriorState<H>,
    ) -> [HeadSums; H] {
        let empty = || -> [HeadSums; H] {
            std::array::from_fn(|_| HeadSums::new(self.features + 1, self.dense()))
        };
        let blocks = values
            .par_chunks_mut(BLOCK_CAMPAIGNS)
            .zip(columns.par_chunks(BLOCK_CAMPAIGNS))
            .enumerate();
        let found: Vec<[HeadSums; H]> = blocks
            .map(|(block, (values, columns))| {
                let mut sums = empty();
                for (index, (values, columns)) in values.iter_mut().zip(columns).enumerate() {
                    let campaign = BLOCK_CAMPAIGNS * block + index;
                    let (objective, observations) =
                        self.objective(terms, campaign, columns, Some(state));
                    if observations > 0.0 && !self.watch.is_interrupted() {
                        let point = objective.step(std::mem::take(values));
                        self.add(&mut sums, columns, &point, observations, state);
                        *values = point.into_values();
                    }
                }
                sums
            })
            .collect();
        let mut sums = empty();
        for block in &found {
            sums.iter_mut().zip(block).for_each(|(sum, block)| sum.add(block));
        }
        sums
    }

    /// Adds what a campaign says, at its own weights.
    fn add<const H: usize>(
        &self,
        sums: &mut [HeadSums; H],
        columns: &DesignColumns,
        point: &Point,
        observations: f64,
        state: &PriorState<H>,
    ) {
        let width = columns.width();
        let centre = self.pick::<H>(columns, &state.centre);
        for (head, sums) in sums.iter_mut().enumerate() {
            let variance =
                |column: usize| state.variances[head][self.groups[columns.part_indices()[column]]];
            let mut matrix = point.information(head).clone();
            matrix.scale(observations / state.dispersion[head]);
            for column in 0..width {
                matrix.add(column, column, 1.0 / variance(column));
            }
            let Some(factor) = Factor::new(&matrix, &[]) else { continue };
            let covariance = factor.inverse();
            let dense = self.dense().min(width);
            let information = information_on_centre(&covariance, variance, dense);
            for column in 0..width {
                let group = self.groups[columns.part_indices()[column]];
                let off = point.value(head, column) - centre[head * width + column];
                sums.squares[group] += off * off;
                let decided = 1.0 - covariance.get(column, column) / variance(column);
                sums.decided[group] += decided;
                sums.of_variance[group] += (decided / variance(column)).powi(2);
                // That of the rows alone.
                let own = decided / (1.0 - decided).max(f64::EPSILON) / variance(column);
                sums.of_none[group] += own.powi(2);
                sums.of_none_squared[group] += own.powi(4);
                if column < dense {
                    sums.slope[column] += off / variance(column);
                }
            }
            if let Some(inverse) = &state.inverse[head] {
                // What the centre takes from them.
                for column in 0..dense {
                    let row: Vec<f64> = (0..dense).map(|k| information.get(column, k)).collect();
                    let group = self.groups[columns.part_indices()[column]];
                    sums.decided[group] -= variance(column) * quadratic(inverse, &row);
                }
            }
            sums.information.add_all(&information);
        }
    }

    /// The next centre and variances; how much the latter changed.
    fn update<const H: usize>(
        &self,
        state: &mut PriorState<H>,
        sums: &[HeadSums; H],
        units: [f64; H],
    ) -> f64 {
        let mut most: f64 = 0.0;
        for (head, sums) in sums.iter().enumerate() {
            let first = head * self.width;
            let factor = Factor::new(&sums.information, &[]);
            if let Some(factor) = &factor {
                let steps = factor.solve(&sums.slope);
                for (value, step) in state.centre[first..].iter_mut().zip(steps) {
                    *value += step;
                }
            }
            state.errors[head] = (0..sums.squares.len()).map(|group| sums.error(group)).collect();
            state.inverse[head] = factor.map(|factor| factor.inverse());
            let groups = sums.squares.iter().zip(&sums.decided);
            for (variance, (squares, decided)) in state.variances[head].iter_mut().zip(groups) {
                let least = LEAST * units[head];
                let next = squares / decided.max(f64::MIN_POSITIVE);
                // Nothing is known where the rows decide no weight.
                let next =
                    if *decided > 1e-6 && next.is_finite() { next.max(least) } else { least };
                // Far below anything that matters, there is no need to settle.
                if next.max(*variance) > NONE * units[head] {
                    most = most.max((next / *variance - 1.0).abs());
                }
                *variance = next;
            }
        }
        most
    }
}

/// The information on the centre of the first weights: `P - P V P`, with `P` the inverse of their variances and `V` the
/// covariance of a campaign's own.
fn information_on_centre(
    covariance: &Symmetric,
    variance: impl Fn(usize) -> f64,
    dense: usize,
) -> Symmetric {
    let mut information = Symmetric::new(dense);
    for row in 0..dense {
        information.add(row, row, 1.0 / variance(row));
        for column in 0..=row {
            let value = covariance.get(row, column) / (variance(row) * variance(column));
            information.add(row, column, -value);
        }
    }
    information
}

/// `x'Ax`.
fn quadratic(matrix: &Symmetric, x: &[f64]) -> f64 {
    let row = |row: usize| -> f64 {
        x.iter().enumerate().map(|(column, x)| matrix.get(row, column) * x).sum()
    };
    x.iter().enumerate().map(|(index, value)| value * row(index)).sum()
}
