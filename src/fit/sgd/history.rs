//! Which epochs the loss history keeps.

/// Points kept at most, besides the last.
const MOST: u64 = 32;

/// Whether the history keeps the epoch (from 1): the last, and up to 32 others evenly spaced.
pub(in crate::fit) fn keeps(epoch: u64, epochs: u64) -> bool {
    epoch == epochs || epoch.is_multiple_of(epochs.div_ceil(MOST).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_33_points_and_always_the_last() {
        for epochs in [1, 2, 31, 32, 33, 64, 65, 1000, 12345] {
            let kept: Vec<u64> = (1..=epochs).filter(|&epoch| keeps(epoch, epochs)).collect();
            assert!(kept.len() <= 33 && kept.last() == Some(&epochs), "{epochs}");
        }
    }
}
