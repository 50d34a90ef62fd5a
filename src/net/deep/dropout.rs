//! Dropout: units that a step does without.

use super::hash::with;
use super::product::PANEL;
use super::shape::Shape;
use super::tile::Tile;

/// Shares of units that can be dropped, in sixteenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropout {
    sixteenths: u8,
}

impl Dropout {
    /// Of so many units in 16, at most 8; `None` for none.
    pub(crate) fn of_sixteenths(sixteenths: u8) -> Option<Self> {
        (sixteenths > 0).then_some(Self { sixteenths: sixteenths.min(8) })
    }

    /// What the units that are kept are multiplied by.
    pub(crate) fn factor(self) -> f32 {
        16.0 / (16.0 - f32::from(self.sixteenths))
    }

    /// Draws the units of a step that the first `rows` rows keep. `key` is of the step, `first` the number of the first row:
    /// nothing depends on the tile.
    #[inline(always)]
    pub(crate) fn draw(self, shape: &Shape, key: u64, first: usize, rows: usize, tile: &mut Tile) {
        for (number, (layer, tile)) in shape.layers.iter().zip(&mut tile.layers).enumerate() {
            let key = with(key, number as u64);
            let first = first as u64 * layer.panels() as u64;
            for (index, kept) in tile.kept[..rows * layer.panels()].iter_mut().enumerate() {
                *kept = self.kept(with(key, first + index as u64));
            }
        }
    }

    /// A bit a unit, from four random bits each: a number below 16 that is compared with the share.
    #[inline(always)]
    fn kept(self, random: u64) -> u32 {
        let mut below = 0_u64;
        // From the least bit of the share up: where it is 1 a unit is below if its own is 0 or the rest is below, where it
        // is 0 if both.
        for bit in 0..4 {
            let not_own = !(random >> (bit * PANEL));
            let share = u64::from(self.sixteenths >> bit & 1).wrapping_neg();
            below = (not_own & below) | (share & (not_own | below));
        }
        u32::from(!below as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_dropped_is_right() {
        for sixteenths in 1..=8 {
            let dropout = Dropout::of_sixteenths(sixteenths).unwrap();
            let kept: u32 = (0..20_000).map(|i| dropout.kept(with(3, i)).count_ones()).sum();
            let share = 1.0 - f64::from(kept) / 320_000.0;
            assert!((share - f64::from(sixteenths) / 16.0).abs() < 0.003, "{sixteenths} {share}");
        }
    }
}
