//! The bits of every function of the distribution, the same on every platform.

use xxhash_rust::xxh3::Xxh3;
use ziln::math::{self, Column, Params, Spread};

const ROWS: usize = 50_000;

/// Numbers between two others, from a generator that gives the same ones for good.
fn column(seed: u64, low: f64, high: f64) -> Vec<f64> {
    let mut state = seed;
    let number = || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (high - low) * ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    std::iter::repeat_with(number).take(ROWS).collect()
}

fn hash_of(values: &[f64]) -> u64 {
    let mut hash = Xxh3::new();
    for value in values {
        // Processors differ in the sign of a NaN that they make.
        let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        hash.update(&bits.to_le_bytes());
    }
    hash.digest()
}

#[test]
fn the_same_bits_on_every_platform() {
    let (logit, mu, raw_sigma) =
        (column(1, -40.0, 40.0), column(2, -20.0, 20.0), column(3, -30.0, 6.0));
    let (amount, probability) = (column(4, -1.0, 500.0), column(5, -0.01, 1.01));
    let params = Params {
        logit: Column::F64(&logit),
        mu: Column::F64(&mu),
        spread: Spread::RawSigma(Column::F64(&raw_sigma)),
    };
    let (amount, probability) = (Column::F64(&amount), Column::F64(&probability));
    let mut out = vec![0.0; ROWS];
    let mut hashes = Vec::new();
    let mut hash = |name: &'static str, compute: &dyn Fn(&mut [f64])| {
        compute(&mut out);
        hashes.push((name, hash_of(&out)));
    };
    hash("loss", &|out| math::loss(amount, &params, out));
    hash("expected_ltv", &|out| math::expected_ltv(&params, out));
    hash("pay_prob", &|out| math::pay_prob(&params, out));
    hash("pay_amount", &|out| math::pay_amount(&params, out));
    hash("variance", &|out| math::variance(&params, out));
    hash("cdf", &|out| math::cdf(amount, &params, out));
    hash("quantile", &|out| math::quantile(probability, &params, out));
    hash("capped_ltv", &|out| math::capped_ltv(amount, &params, out));
    hash("crps", &|out| math::crps(amount, &params, out));
    let expected: [(&str, u64); 9] = [
        ("loss", 0x97d5_eb4e_23a5_807e),
        ("expected_ltv", 0xda46_9c37_be89_c0cc),
        ("pay_prob", 0x6c55_2b02_82ef_d51e),
        ("pay_amount", 0x7cf0_7c1e_4b8d_7afa),
        ("variance", 0x9140_12df_5254_ad1d),
        ("cdf", 0xc32a_044a_73f0_f5c2),
        ("quantile", 0x4979_60b2_1ac8_5566),
        ("capped_ltv", 0x8d89_6295_4928_ffce),
        ("crps", 0x1d68_3ef2_d2c3_386e),
    ];
    assert_eq!(hashes, expected, "a function changed, or this platform computes in its own way");
}
