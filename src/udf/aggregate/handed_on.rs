//! What an engine holds of the states that it was handed.

use arrow::array::{Array, ArrayRef};
use datafusion_common::Result;

/// States that an engine holds at once, however wide they are: a batch of DataFusion's, unless it was configured.
const BATCH: usize = 8192;

/// How often: as they were read from disk, as they are put into order, and as they are merged.
const TIMES: usize = 3;

/// The bytes of those states that an engine holds at once, of so many.
pub(in crate::udf) fn batch_bytes(bytes: usize, states: usize) -> usize {
    if states <= BATCH {
        return bytes;
    }
    (bytes as u128 * BATCH as u128 / states as u128) as usize
}

/// States of all groups that were handed on before their rows had ended, as an engine asks for where memory ends.
///
/// It writes them to disk, or gives them to the next stage. They come together again, a batch at a time, in memory that it
/// does not count: so they count as if they were here. Where there are no more than a batch, nothing is gained by handing
/// them on, and the query is refused by its limit before it takes several times as much.
#[derive(Debug, Default)]
pub(super) struct HandedOn {
    bytes: usize,
    states: usize,
}

impl HandedOn {
    /// Adds the states of some groups.
    pub fn add(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.states += states.first().map_or(0, Array::len);
        for column in states {
            self.bytes += column.to_data().get_slice_memory_size()?;
        }
        Ok(())
    }

    /// What they will take when they come together.
    pub fn size(&self) -> usize {
        TIMES * batch_bytes(self.bytes, self.states)
    }
}
