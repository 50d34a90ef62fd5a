//! Numbers that look random, from what they are for: no generator, no order of work.

/// The bits of `key` mixed (the finaliser of `SplitMix64`, Steele, Lea and Flood 2014).
#[inline(always)]
pub(super) const fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// A key of a key and a number.
#[inline(always)]
pub(super) const fn with(key: u64, number: u64) -> u64 {
    mix(key.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// The key of a step of a training.
pub(crate) const fn step_key(seed: u64, step: u64) -> u64 {
    with(with(seed, 0x6472_6f70), step)
}

/// Evenly spread in (-1, 1).
pub(super) fn even(key: u64) -> f32 {
    // 24 bits, which single precision holds exactly, and half a step.
    let steps = (mix(key) >> 40) as f32;
    (steps + 0.5) / 8_388_608.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_evenly_spread() {
        let numbers: Vec<f64> = (0..100_000).map(|i| f64::from(even(with(7, i)))).collect();
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let square = numbers.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.01 && (square - 1.0 / 3.0).abs() < 0.01, "{mean} {square}");
        assert!(numbers.iter().all(|x| x.abs() < 1.0));
    }
}
