//! What a pass sums over the rows of a group.

use super::fixed_point_sum::{FixedPointSum, power_of_two};
use crate::family::PAIRS;
use crate::model::Range;

/// Matrices of products: those of the observed second derivatives, and of the second head with itself the expected ones.
pub(super) const MATRICES: usize = PAIRS + 1;

/// What a row adds is summed in units of this. A row with a greater number says that the weights are far off.
pub(super) const UNIT: f64 = power_of_two(32);

/// What a [`Pass`](super::Pass) has summed over rows. Sums of parts of the rows can be merged, in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct PassSums {
    pub(super) counts: LabelCounts,
    /// The range of the payments.
    pub(super) payments: Range,
    pub(super) weight: FixedPointSum,
    pub(super) payer_weight: FixedPointSum,
    /// Of the paying part and of the amount part.
    pub(super) parts: [PartSums; 2],
}

/// Rows by what their labels are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LabelCounts {
    pub(super) rows: u64,
    pub(super) payers: u64,
    pub(super) skipped: u64,
    pub(super) negative: u64,
    pub(super) tiny: u64,
}

/// The sums of a part; none of one that has nothing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PartSums {
    /// Rows with a number too large to be summed; the weights are then rejected.
    pub(super) beyond: u64,
    pub(super) loss: FixedPointSum,
    /// With sigma within its bound.
    pub(super) bounded_loss: FixedPointSum,
    /// Head after head.
    pub(super) gradient: Vec<FixedPointSum>,
    /// Lower triangles, or what of them a [`Profile`](super::profile::Profile) has, row by row. One that is not wanted is
    /// empty.
    pub(super) products: Vec<Vec<FixedPointSum>>,
}

impl PartSums {
    /// Of a part with so many heads and columns, and matrices of so many numbers.
    pub(super) fn new(heads: usize, width: usize, matrices: &[usize]) -> Self {
        let zero = FixedPointSum::default();
        Self {
            beyond: 0,
            loss: zero,
            bounded_loss: zero,
            gradient: vec![zero; heads * width],
            products: matrices.iter().map(|numbers| vec![zero; *numbers]).collect(),
        }
    }

    fn totals(&self) -> impl Iterator<Item = &FixedPointSum> {
        let products = self.products.iter().flatten();
        [&self.loss, &self.bounded_loss].into_iter().chain(&self.gradient).chain(products)
    }

    fn totals_mut(&mut self) -> impl Iterator<Item = &mut FixedPointSum> {
        let products = self.products.iter_mut().flatten();
        [&mut self.loss, &mut self.bounded_loss]
            .into_iter()
            .chain(&mut self.gradient)
            .chain(products)
    }
}

impl PassSums {
    /// Whether no row was added, usable or not.
    pub fn is_empty(&self) -> bool {
        self.counts == LabelCounts::default()
    }

    /// Adds what was summed over other rows with the same model.
    pub fn merge(&mut self, other: &Self) {
        self.payments = self.payments.union(other.payments);
        self.counts_mut().into_iter().zip(other.counts()).for_each(|(sum, count)| *sum += count);
        self.totals_mut().zip(other.totals()).for_each(|(sum, total)| sum.merge(*total));
    }

    /// The memory that the sums take, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.totals().count() * size_of::<FixedPointSum>()
    }

    /// Writes the sums as bytes, as many for all sums of a model.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(self.size());
        for count in self.counts() {
            bytes.extend(count.to_le_bytes());
        }
        for end in [self.payments.least, self.payments.most] {
            bytes.extend(end.to_bits().to_le_bytes());
        }
        for total in self.totals() {
            bytes.extend(total.to_bytes());
        }
    }

    /// Adds sums that were written. Returns whether they are those of the same model.
    pub(super) fn merge_written(&mut self, bytes: &[u8]) -> bool {
        let mut other = self.clone();
        let (words, rest) = bytes.as_chunks::<8>();
        let counts = other.counts().len();
        let expected = counts + 2 + 2 * other.totals().count();
        if !rest.is_empty() || words.len() != expected {
            return false;
        }
        let (heads, totals) = words.split_at(counts + 2);
        let numbers: Vec<u64> = heads.iter().map(|word| u64::from_le_bytes(*word)).collect();
        for (count, number) in other.counts_mut().into_iter().zip(&numbers) {
            *count = *number;
        }
        if let [.., least, most] = numbers.as_slice() {
            let [least, most] = [*least, *most].map(f64::from_bits);
            other.payments = Range { least, most };
        }
        let totals = totals.as_flattened().as_chunks::<16>().0;
        for (total, bytes) in other.totals_mut().zip(totals) {
            *total = FixedPointSum::of_bytes(*bytes);
        }
        self.merge(&other);
        true
    }

    fn counts(&self) -> [u64; 7] {
        let LabelCounts { rows, payers, skipped, negative, tiny } = self.counts;
        let [paying, amount] = &self.parts;
        [rows, payers, skipped, negative, tiny, paying.beyond, amount.beyond]
    }

    fn counts_mut(&mut self) -> [&mut u64; 7] {
        let LabelCounts { rows, payers, skipped, negative, tiny } = &mut self.counts;
        let [paying, amount] = &mut self.parts;
        [rows, payers, skipped, negative, tiny, &mut paying.beyond, &mut amount.beyond]
    }

    fn totals(&self) -> impl Iterator<Item = &FixedPointSum> {
        let parts = self.parts.iter().flat_map(PartSums::totals);
        [&self.weight, &self.payer_weight].into_iter().chain(parts)
    }

    fn totals_mut(&mut self) -> impl Iterator<Item = &mut FixedPointSum> {
        let parts = self.parts.iter_mut().flat_map(PartSums::totals_mut);
        [&mut self.weight, &mut self.payer_weight].into_iter().chain(parts)
    }
}
