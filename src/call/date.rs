//! Dates as features: days since 1970-01-01.

/// The days of a moment since 1970-01-01, with the time as a fraction; `per_day` are the ticks of a day, and `ticks` those
/// since then.
///
/// A moment has the same bits whatever its unit, as only a quotient less than 1 and its sum with whole days are rounded.
pub(crate) fn days(ticks: i64, per_day: i64) -> f64 {
    ticks.div_euclid(per_day) as f64 + ticks.rem_euclid(per_day) as f64 / per_day as f64
}

/// Ticks of a day, of each unit.
pub(crate) const SECONDS: i64 = 86_400;
pub(crate) const MILLISECONDS: i64 = 1000 * SECONDS;
pub(crate) const MICROSECONDS: i64 = 1000 * MILLISECONDS;
pub(crate) const NANOSECONDS: i64 = 1000 * MICROSECONDS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_in_every_unit() {
        for seconds in [0, 1, 43_200, 86_399, 86_400, 1_785_000_123, -1, -86_400, -100_000] {
            let expected = days(seconds, SECONDS);
            assert_eq!(days(1000 * seconds, MILLISECONDS), expected);
            assert_eq!(days(1_000_000 * seconds, MICROSECONDS), expected);
            assert_eq!(days(1_000_000_000 * seconds, NANOSECONDS), expected);
        }
        assert_eq!((days(129_600, SECONDS), days(-43_200, SECONDS), days(7, 1)), (1.5, -0.5, 7.0));
        assert!(days(i64::MIN, NANOSECONDS) < days(i64::MAX, NANOSECONDS));
    }
}
