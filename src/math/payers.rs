//! The rows of a block that pay, side by side.

use super::column::BLOCK;

/// Rows are handed out in multiples of this, so that none is left over when vectors of up to 512 bits are full.
const LANES: usize = 8;

/// Which rows of a block pay, to compute for those alone what only they need.
///
/// Customers who pay are few, and stand in no order. Gathered, they fill whole vectors.
#[derive(Debug)]
pub(crate) struct Payers {
    /// The rows of the payers, then numbers without meaning.
    rows: [u8; BLOCK],
    count: usize,
}

impl Payers {
    /// No row yet.
    pub(crate) fn new() -> Self {
        const { assert!(BLOCK <= 256, "a row's number must fit") };
        Self { rows: [0; BLOCK], count: 0 }
    }

    /// Takes down the rows of at most [`BLOCK`] labels that are positive or NaN.
    pub(crate) fn find(&mut self, label: &[f64]) {
        self.count = 0;
        for (row, &label) in (0..).zip(&label[..label.len().min(BLOCK)]) {
            // Written every time and kept if the count moves on: the labels are in no order that a processor could
            // predict.
            self.rows[self.count % BLOCK] = row;
            let unpaid = label <= 0.0;
            self.count += usize::from(!unpaid);
        }
    }

    /// How many pay.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The payers' values of columns, in the buffers' fronts, followed by a few old values of the buffers.
    pub(crate) fn gather<'a, const N: usize>(
        &self,
        columns: [&[f64]; N],
        buffers: &'a mut [[f64; BLOCK]; N],
    ) -> [&'a mut [f64]; N] {
        let rows = columns[0].len();
        let columns = columns.map(|column| &column[..rows]);
        for (slot, &row) in self.rows[..self.count].iter().enumerate() {
            for i in 0..N {
                buffers[i][slot] = columns[i][usize::from(row)];
            }
        }
        let filled = self.count.next_multiple_of(LANES).min(BLOCK);
        buffers.each_mut().map(|buffer| &mut buffer[..filled])
    }

    /// Puts the payers' values to their rows.
    pub(crate) fn scatter(&self, values: &[f64], column: &mut [f64]) {
        for (&value, &row) in values.iter().zip(&self.rows[..self.count]) {
            column[usize::from(row)] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Payers};

    #[test]
    fn payers_side_by_side_and_back() {
        let mut payers = Payers::new();
        payers.find(&[0.0, 2.0, f64::NAN, -1.0, 3.0]);
        assert_eq!(payers.count(), 3);
        let mut buffers = [[0.0; BLOCK]];
        let [gathered] = payers.gather([&[10.0, 11.0, 12.0, 13.0, 14.0]], &mut buffers);
        assert_eq!(gathered, [11.0, 12.0, 14.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let mut column = [0.0; 5];
        payers.scatter(gathered, &mut column);
        assert_eq!(column, [0.0, 11.0, 12.0, 0.0, 14.0]);
    }

    #[test]
    fn a_block_of_payers_and_one_of_none() {
        let mut payers = Payers::new();
        payers.find(&[1.0; BLOCK + 1]);
        assert_eq!(payers.count(), BLOCK);
        let mut buffers = [[0.0; BLOCK]];
        assert_eq!(payers.gather([&[5.0; BLOCK]], &mut buffers), [[5.0; BLOCK]]);
        payers.find(&[0.0; BLOCK]);
        assert_eq!(payers.count(), 0);
        assert!(payers.gather([&[5.0; BLOCK]], &mut buffers)[0].is_empty());
    }
}
