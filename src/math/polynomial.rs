//! Polynomials, the one building block of the elementary functions.

/// The value of `c[0] + c[1] x + c[2] x^2 + ...`, at most 16 terms.
///
/// Estrin's scheme: neighbouring terms are joined in pairs, the pairs in pairs and so on, which leaves the
/// processor short independent chains to overlap where Horner's scheme would be one long one.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    const { assert!(0 < N && N <= 16) };
    let x2 = x * x;
    let x4 = x2 * x2;
    let pairs = join(x, coefficients, N);
    let quads = join(x2, pairs, N.div_ceil(2));
    let octets = join(x4, quads, N.div_ceil(4));
    join(x4 * x4, octets, N.div_ceil(8))[0]
}

/// Joins each two of the first `terms` terms: `c[0] + c[1] x`, `c[2] + c[3] x` and so on.
#[inline(always)]
fn join<const N: usize>(x: f64, mut c: [f64; N], terms: usize) -> [f64; N] {
    // A constant number of rounds, so that the loop is unrolled before the loop around it is vectorised.
    for i in 0..N.div_ceil(2) {
        if 2 * i + 1 < terms {
            c[i] = c[2 * i + 1].mul_add(x, c[2 * i]);
        } else if 2 * i < terms {
            c[i] = c[2 * i];
        }
    }
    c
}
