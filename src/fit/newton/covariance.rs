//! The covariances of the weights that a solver came to, and their standard errors.

use super::cholesky::Factor;
use super::direction::{add_diagonal, joint_factor, joint_matrix};
use super::part_objective::{PartObjective, Products};
use super::solve::Solution;
use super::symmetric::Symmetric;
use crate::family::Curved;
use crate::fit::weight_penalty::WeightPenalty;
use crate::model::{Covariance, Encoding, ErrorKind, HeadErrors, StandardErrors};

/// The covariances of a part's weights, in the order in which a model has them, head after head.
pub(in crate::fit) struct Covariances {
    pub(in crate::fit) matrix: Symmetric,
    /// Which weights have an error.
    pub(in crate::fit) known: Vec<bool>,
}

/// What covariances need beside the second derivatives.
pub(in crate::fit) struct CovarianceInputs<'a> {
    /// Of each weight of a model, the intercept left out, its index in a head of a part.
    pub(in crate::fit) part_indices: &'a [usize],
    /// The precision of each weight of a part, head after head, columns that the rows do not have included.
    pub(in crate::fit) precision: &'a [f64],
    /// Observations that the weights of the part's rows stand for.
    pub(in crate::fit) observations: f64,
}

impl<const H: usize, T: Curved<H>> PartObjective<'_, H, T> {
    /// The covariances at a solution: the inverse of the second derivatives of the summed objective; for robust ones
    /// around the products of the rows' slopes, the penalty counting as what it is in a prior.
    pub(in crate::fit) fn covariances(
        &self,
        solution: &Solution,
        kind: ErrorKind,
        inputs: &CovarianceInputs<'_>,
    ) -> Option<Covariances> {
        let values = || solution.point.values.clone();
        let factor = |products| {
            joint_factor::<H>(&self.at(values(), products), &self.penalty, &solution.left_out)
        };
        let factor = factor(Products::Observed).or_else(|| factor(Products::Expected))?;
        let mut matrix = factor.inverse();
        if kind == ErrorKind::Robust {
            let mut slopes = joint_matrix::<H>(&self.at(values(), Products::Slopes).products);
            add_diagonal(&mut slopes, &self.penalty.precision);
            matrix = sandwich(&matrix, &slopes);
        }
        matrix.scale(1.0 / inputs.observations);
        let of_columns = OfColumns {
            matrix: &matrix,
            left_out: &factor.left_out,
            penalty: &self.penalty,
            part_indices: self.columns.part_indices(),
        };
        Some(of_columns.in_order::<H>(inputs))
    }
}

impl Covariances {
    /// Of the factor of the second derivatives of an objective whose columns are all that a head of a part has.
    pub(super) fn of_factor<const H: usize>(
        factor: &Factor,
        penalty: &WeightPenalty,
        inputs: &CovarianceInputs<'_>,
    ) -> Self {
        let mut matrix = factor.inverse();
        matrix.scale(1.0 / inputs.observations);
        let columns: Vec<usize> = (0..matrix.width / H).collect();
        let left_out = &factor.left_out;
        OfColumns { matrix: &matrix, left_out, penalty, part_indices: &columns }
            .in_order::<H>(inputs)
    }
}

/// The covariances of the weights of a problem's columns, head after head.
struct OfColumns<'a> {
    matrix: &'a Symmetric,
    left_out: &'a [bool],
    penalty: &'a WeightPenalty,
    /// Of each column its index in a head of a part.
    part_indices: &'a [usize],
}

impl OfColumns<'_> {
    /// In the order of a model. A level that no row has is as its prior says.
    fn in_order<const H: usize>(&self, inputs: &CovarianceInputs<'_>) -> Covariances {
        let (columns, width) = (self.part_indices.len(), inputs.part_indices.len() + 1);
        let full = inputs.precision.len() / H;
        let mut column_of = vec![None; full];
        for (column, &index) in self.part_indices.iter().enumerate() {
            if let Some(slot) = column_of.get_mut(index) {
                *slot = Some(column);
            }
        }
        let order: Vec<(usize, usize)> = (0..H)
            .flat_map(|head| {
                let weights = inputs.part_indices.iter().map(move |&index| (head, index));
                std::iter::once((head, 0)).chain(weights)
            })
            .collect();
        let column = |&(head, index): &(usize, usize)| {
            Some(head * columns + column_of.get(index).copied().flatten()?)
        };
        let mut all =
            Covariances { matrix: Symmetric::new(H * width), known: vec![true; H * width] };
        for (row, here) in order.iter().enumerate() {
            let Some(from) = column(here) else {
                let precision = inputs.precision.get(here.0 * full + here.1).copied();
                let precision = precision.unwrap_or(0.0) * inputs.observations;
                all.known[row] = precision > 0.0;
                all.matrix.add(row, row, if precision > 0.0 { 1.0 / precision } else { 0.0 });
                continue;
            };
            let is_held = self.penalty.precision[from] == f64::INFINITY;
            all.known[row] = is_held || !self.left_out[from];
            for (other, there) in order[..=row].iter().enumerate() {
                if let Some(to) = column(there) {
                    all.matrix.add(row, other, self.matrix.get(from, to));
                }
            }
        }
        all
    }
}

/// `A B A`.
fn sandwich(a: &Symmetric, b: &Symmetric) -> Symmetric {
    let width = a.width;
    // Row by row of A B, then its products with the rows of A.
    let full = |matrix: &Symmetric| -> Vec<Vec<f64>> {
        (0..width).map(|row| (0..width).map(|column| matrix.get(row, column)).collect()).collect()
    };
    let (a, b) = (full(a), full(b));
    let times = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| x * y).sum() };
    let mut product = Symmetric::new(width);
    for row in 0..width {
        let along: Vec<f64> = b.iter().map(|column| times(&a[row], column)).collect();
        for (column, other) in a[..=row].iter().enumerate() {
            product.add(row, column, times(&along, other));
        }
    }
    product
}

impl Covariances {
    /// The standard errors of a head of a part.
    pub(in crate::fit) fn errors(&self, head: usize, encodings: &[Encoding]) -> HeadErrors {
        let width = 1 + encodings.iter().map(Encoding::width).sum::<usize>();
        let first = head * width;
        let error = |index: usize| {
            let variance = self.matrix.get(first + index, first + index);
            self.known[first + index].then(|| variance.max(0.0).sqrt()).filter(|e| e.is_finite())
        };
        // The head where every number is 0: each weight counts by its mean over its scale.
        let shares = encodings.iter().flat_map(|encoding| match encoding {
            Encoding::Numeric { mean, scale, .. } => vec![-mean / scale],
            Encoding::Categorical { levels, .. } => vec![0.0; levels.len()],
        });
        let shares: Vec<f64> = std::iter::once(1.0).chain(shares).collect();
        let moved: Vec<usize> = (0..width).filter(|&index| shares[index] != 0.0).collect();
        let mut variance = 0.0;
        for &row in &moved {
            for &column in &moved {
                let covariance = self.matrix.get(first + row, first + column);
                variance += shares[row] * shares[column] * covariance;
            }
        }
        let raw = (variance >= 0.0).then(|| variance.sqrt()).filter(|error| error.is_finite());
        HeadErrors {
            intercept: error(0),
            raw_intercept: error(0).and(raw),
            weights: (1..width).map(error).collect(),
        }
    }

    /// The lower triangle, row by row.
    pub(in crate::fit) fn triangle(&self) -> Vec<f64> {
        (0..self.matrix.width)
            .flat_map(|row| (0..=row).map(move |column| self.matrix.get(row, column)))
            .collect()
    }
}

/// The standard errors of a model's weights; with their covariances if all are known and `keeps` says so.
pub(super) fn standard_errors(
    kind: ErrorKind,
    keeps: bool,
    encodings: &[Encoding],
    of_paying: Option<&Covariances>,
    of_amount: Option<&Covariances>,
) -> StandardErrors {
    let weights = encodings.iter().map(Encoding::width).sum();
    let none = || HeadErrors { weights: vec![None; weights], ..HeadErrors::default() };
    let head = |covariances: Option<&Covariances>, head| {
        covariances.map_or_else(none, |all| all.errors(head, encodings))
    };
    let covariance = of_paying
        .zip(of_amount)
        .filter(|_| keeps)
        .map(|(paying, amount)| Covariance { logit: paying.triangle(), amount: amount.triangle() });
    StandardErrors {
        kind,
        logit: head(of_paying, 0),
        mu: head(of_amount, 0),
        raw_sigma: head(of_amount, 1),
        covariance: covariance
            .filter(|all| all.logit.iter().chain(&all.amount).all(|value| value.is_finite())),
    }
}
