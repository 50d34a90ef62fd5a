//! Elementary functions with about 30 digits, to measure the library's by.
//!
//! Plain double-double arithmetic (Dekker 1971, Knuth): a number is the sum of two doubles. Series and continued
//! fractions are summed without regard to speed. `math_accuracy.rs` checks this oracle in turn against values of
//! mpmath (`tests/data/math_oracle.json`).

/// The unevaluated sum of two doubles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dd {
    pub(crate) hi: f64,
    pub(crate) lo: f64,
}

/// `value 2^exponent`: neither overflows nor becomes subnormal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scaled {
    pub(crate) value: Dd,
    pub(crate) exponent: i32,
}

pub(crate) const LN_2: Dd = Dd { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
pub(crate) const SQRT_2_PI: Dd =
    Dd { hi: 2.506_628_274_631_000_7, lo: -1.832_857_998_045_916_7e-16 };

impl Dd {
    pub(crate) const ONE: Dd = Dd { hi: 1.0, lo: 0.0 };
    pub(crate) const ZERO: Dd = Dd { hi: 0.0, lo: 0.0 };

    pub(crate) fn new(x: f64) -> Dd {
        Dd { hi: x, lo: 0.0 }
    }

    /// The sum of two doubles, exactly.
    pub(crate) fn sum(a: f64, b: f64) -> Dd {
        let hi = a + b;
        let t = hi - a;
        Dd { hi, lo: (a - (hi - t)) + (b - t) }
    }

    /// The product of two doubles, exactly.
    pub(crate) fn product(a: f64, b: f64) -> Dd {
        let hi = a * b;
        Dd { hi, lo: a.mul_add(b, -hi) }
    }

    pub(crate) fn add(self, b: Dd) -> Dd {
        let s = Dd::sum(self.hi, b.hi);
        let t = Dd::sum(self.lo, b.lo);
        let s = Dd::sum(s.hi, s.lo + t.hi);
        Dd::sum(s.hi, s.lo + t.lo)
    }

    pub(crate) fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }

    pub(crate) fn sub(self, b: Dd) -> Dd {
        self.add(b.neg())
    }

    pub(crate) fn mul(self, b: Dd) -> Dd {
        let p = Dd::product(self.hi, b.hi);
        Dd::sum(p.hi, p.lo + (self.hi * b.lo + self.lo * b.hi))
    }

    pub(crate) fn div(self, b: Dd) -> Dd {
        let first = self.hi / b.hi;
        let rest = self.sub(b.mul(Dd::new(first)));
        let second = rest.hi / b.hi;
        let rest = rest.sub(b.mul(Dd::new(second)));
        Dd::sum(first, second).add(Dd::new(rest.hi / b.hi))
    }

    /// Times a power of two that neither overflows nor loses bits.
    pub(crate) fn shift(self, n: i32) -> Dd {
        Dd { hi: self.hi * 2.0_f64.powi(n), lo: self.lo * 2.0_f64.powi(n) }
    }
}

impl Scaled {
    pub(crate) fn new(value: Dd) -> Scaled {
        Scaled { value, exponent: 0 }
    }

    /// How far `got` is from this number, in units of the last place of the double nearest to it.
    pub(crate) fn ulps(self, got: f64) -> f64 {
        let nearest = ldexp(self.value.hi, self.exponent);
        if got == nearest && (got == 0.0 || got.is_infinite()) {
            return 0.0;
        }
        if !got.is_finite() {
            return f64::INFINITY;
        }
        // Both moved by the same power of two to where the difference is exact.
        let difference = Dd::new(ldexp(got, -self.exponent)).sub(self.value).hi.abs();
        let (_, magnitude) = frexp(self.value.hi);
        let last_place = (magnitude + self.exponent - 53).max(-1074);
        ldexp(difference, self.exponent - last_place)
    }
}

/// `x 2^n`, rounded once.
pub(crate) fn ldexp(x: f64, n: i32) -> f64 {
    let (fraction, exponent) = frexp(x);
    let n = (exponent + n).clamp(-2000, 2000);
    if n >= -1000 {
        let half = n / 2;
        fraction * 2.0_f64.powi(half) * 2.0_f64.powi(n - half)
    } else {
        fraction * 2.0_f64.powi(-900) * 2.0_f64.powi((n + 900).max(-1022))
    }
}

/// `x` as `fraction 2^exponent` with the fraction's magnitude from 1/2 to 1.
pub(crate) fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    if x.abs() < f64::MIN_POSITIVE {
        let (fraction, exponent) = frexp(x * 2.0_f64.powi(64));
        return (fraction, exponent - 64);
    }
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap() - 1022;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent)
}

/// `e^x` for a finite `x`.
pub(crate) fn exp(x: Dd) -> Scaled {
    let n = (x.hi / LN_2.hi).round().clamp(-4000.0, 4000.0);
    let r = x.sub(LN_2.mul(Dd::new(n))).shift(-6);
    let mut term = Dd::ONE;
    let mut sum = Dd::ZERO;
    for k in 1..14 {
        term = term.mul(r).div(Dd::new(f64::from(k)));
        sum = sum.add(term);
    }
    // (1 + s)^2 - 1 = s (2 + s), which keeps the small part's digits.
    for _ in 0..6 {
        sum = sum.mul(Dd::new(2.0).add(sum));
    }
    Scaled { value: Dd::ONE.add(sum), exponent: n as i32 }
}

/// `2 atanh(s)` for `|s| <= 1/3`.
fn twice_atanh(s: Dd) -> Dd {
    let square = s.mul(s);
    let mut power = s;
    let mut sum = s;
    for k in 1..36 {
        power = power.mul(square);
        sum = sum.add(power.div(Dd::new(f64::from(2 * k + 1))));
    }
    sum.add(sum)
}

/// `ln x` for a positive, finite `x`.
pub(crate) fn ln(x: f64) -> Scaled {
    let (fraction, exponent) = frexp(x);
    let (m, k) = if fraction < 0.7 { (2.0 * fraction, exponent - 1) } else { (fraction, exponent) };
    let s = Dd::sum(m, -1.0).div(Dd::sum(m, 1.0));
    Scaled::new(LN_2.mul(Dd::new(f64::from(k))).add(twice_atanh(s)))
}

/// `ln(1 + e^x)`.
pub(crate) fn softplus(x: f64) -> Scaled {
    let e = exp(Dd::new(-x.abs()));
    if e.exponent < -200 {
        return if x > 0.0 { Scaled::new(Dd::new(x)) } else { e };
    }
    let e = e.value.shift(e.exponent);
    let log = twice_atanh(e.div(Dd::new(2.0).add(e)));
    Scaled::new(Dd::new(x.max(0.0)).add(log))
}

/// `1 / (1 + e^-x)`.
pub(crate) fn sigmoid(x: f64) -> Scaled {
    let e = exp(Dd::new(-x.abs()));
    if e.exponent < -200 {
        return if x > 0.0 { Scaled::new(Dd::ONE) } else { e };
    }
    let e = e.value.shift(e.exponent);
    let numerator = if x < 0.0 { e } else { Dd::ONE };
    Scaled::new(numerator.div(Dd::ONE.add(e)))
}

/// The standard normal density.
fn normal_density(x: f64) -> Scaled {
    let square = Dd::product(x, x);
    let Scaled { value, exponent } = exp(square.shift(-1).neg());
    Scaled { value: value.div(SQRT_2_PI), exponent }
}

/// `(Phi(x) - 1/2) / x` over the density: a series of positive terms.
fn central_series(x: f64) -> Dd {
    let square = Dd::product(x, x);
    let mut term = Dd::ONE;
    let mut sum = Dd::ONE;
    for k in 1..120 {
        term = term.mul(square).div(Dd::new(f64::from(2 * k + 1)));
        sum = sum.add(term);
    }
    sum
}

/// `Phi(-a)` over the density at `a >= 3`: Laplace's continued fraction.
fn mills_ratio(a: f64) -> Dd {
    let mut fraction = Dd::new(a);
    for k in (1..400).rev() {
        fraction = Dd::new(a).add(Dd::new(f64::from(k)).div(fraction));
    }
    Dd::ONE.div(fraction)
}

/// `Phi(x)`.
pub(crate) fn norm_cdf(x: f64) -> Scaled {
    let density = normal_density(x);
    if x.abs() < 3.0 {
        let from_centre = density.value.shift(density.exponent).mul(central_series(x));
        return Scaled::new(Dd::new(0.5).add(from_centre.mul(Dd::new(x))));
    }
    let tail = Scaled { value: density.value.mul(mills_ratio(x.abs())), ..density };
    if x < 0.0 { tail } else { Scaled::new(Dd::ONE.sub(tail.value.shift(tail.exponent.max(-200)))) }
}

/// How far `got` is from the `x` with `Phi(x) = q`, in units of its last place, for `0 < q < 1`.
pub(crate) fn norm_quantile_ulps(q: f64, got: f64) -> f64 {
    let density = normal_density(got);
    let off = if (q - 0.5).abs() < 0.49 {
        // Near the middle everything is measured from there.
        let from_centre = density.value.shift(density.exponent).mul(central_series(got));
        let from_centre = from_centre.mul(Dd::new(got));
        from_centre.sub(Dd::sum(q, -0.5)).div(density.value.shift(density.exponent))
    } else {
        // Both tails, over the density, from the nearer end.
        let tail = if q < 0.5 { Dd::new(q) } else { Dd::sum(1.0, -q) };
        let (_, magnitude) = frexp(tail.hi);
        let tail = Dd { hi: ldexp(tail.hi, -magnitude), lo: ldexp(tail.lo, -magnitude) };
        let wanted = tail.div(density.value);
        let wanted = wanted.shift(magnitude - density.exponent);
        mills_ratio(got.abs()).sub(wanted)
    };
    if q == 0.5 {
        return if got == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let (_, magnitude) = frexp(got);
    off.hi.abs() / 2.0_f64.powi(magnitude - 53)
}
