"""Prints the coefficients of src/math: minimax polynomials and rationals, and their largest relative errors.

Run: python math_coefficients.py   (needs mpmath)

Weighted Remez exchange on a Chebyshev grid. A rational is fitted in t = x / (x + m) or (x - m) / (x + m), which takes
a long range into a short one, and then written out in x itself: all its terms turn out positive, so that nothing
cancels.
"""

from mpmath import (
    atanh,
    binomial,
    cos,
    erfc,
    erfinv,
    exp,
    expm1,
    fabs,
    log,
    lu_solve,
    matrix,
    mp,
    mpf,
    nstr,
    pi,
    sqrt,
)

mp.dps = 80


def value(coefficients, x):
    result = mpf(0)
    for c in reversed(coefficients):
        result = result * x + c
    return result


def remez(f, weight, low, high, degree, denominator=0, points=1500, rounds=25):
    """The p / q that makes the largest |weight * (p / q - f)| the smallest, and that largest error."""
    size = degree + denominator + 2
    grid = [
        (low + high) / 2 - (high - low) / 2 * cos(pi * mpf(i) / (points - 1)) for i in range(points)
    ]
    values = [f(x) for x in grid]
    weights = [weight(x) for x in grid]
    reference = [round(i * (points - 1) / (size - 1)) for i in range(size)]
    error = mpf(0)
    for _ in range(rounds):
        # The equations of a rational are linear once the error in them is taken from the step before.
        for _ in range(6 if denominator else 1):
            a, b = matrix(size, size), matrix(size, 1)
            for row, at in enumerate(reference):
                x, sign = grid[at], (-1) ** row
                wanted = values[at] + (sign * error / weights[at] if denominator else 0)
                for j in range(degree + 1):
                    a[row, j] = x**j
                for j in range(1, denominator + 1):
                    a[row, degree + j] = -wanted * x**j
                a[row, size - 1] = -sign / weights[at]
                b[row] = values[at]
            solution = lu_solve(a, b)
            p = [solution[j] for j in range(degree + 1)]
            q = [mpf(1)] + [solution[degree + j] for j in range(1, denominator + 1)]
            error = solution[size - 1]
        errors = [
            weights[i] * (value(p, grid[i]) / value(q, grid[i]) - values[i]) for i in range(points)
        ]
        extrema, current = [], 0
        for i in range(1, points):
            if (errors[i] > 0) != (errors[current] > 0):
                extrema.append(current)
                current = i
            elif fabs(errors[i]) > fabs(errors[current]):
                current = i
        extrema.append(current)
        while len(extrema) > size:
            extrema.pop(0 if fabs(errors[extrema[0]]) < fabs(errors[extrema[-1]]) else -1)
        largest = max(fabs(e) for e in errors)
        if len(extrema) < size:
            break
        smallest = min(fabs(errors[i]) for i in extrema)
        reference = extrema
        if largest / smallest < mpf("1.0005"):
            break
    return p, q, largest


def expand(coefficients, m, below):
    """sum c_j t^j with t = (x - below) / (x + m), times (x + m)^degree, as a polynomial of x."""
    degree = len(coefficients) - 1
    result = [mpf(0)] * (degree + 1)
    for j, c in enumerate(coefficients):
        product = [mpf(1)]
        for shift in [-below] * j + [m] * (degree - j):
            product = [
                (product[i - 1] if i else 0) + shift * (product[i] if i < len(product) else 0)
                for i in range(len(product) + 1)
            ]
        for i, x in enumerate(product):
            result[i] += c * x
    return result


def show(name, coefficients, error=None):
    print(
        name, "" if error is None else f"(largest relative error {nstr(error * 2**53, 3)} * 2^-53)"
    )
    for c in coefficients:
        print(f"    {float(c)!r},")


def exponential():
    half = log(2) / 2 * mpf("1.0001")

    def f(r):
        return (expm1(r) - r) / r**2 if fabs(r) > mpf(10) ** -15 else mpf(1) / 2

    p, _, error = remez(f, lambda r: (r * r + mpf("1e-4")) / exp(r), -half, half, 9, points=1501)
    show("exp: COEFFICIENTS", p, error)


def logarithm():
    def f(z):
        s = sqrt(z)
        return (2 * atanh(s) - 2 * s) / s / z if z > mpf(10) ** -20 else mpf(2) / 3

    p, _, error = remez(f, lambda z: z + mpf("1e-4"), mpf(0), mpf("0.0401"), 7, points=1501)
    show("ln: COEFFICIENTS", p, error)


def normal_tail():
    degree, m = 12, mpf(3)

    def scaled_tail(a):
        if a <= 30:
            return exp(a * a / 2) * erfc(a / sqrt(mpf(2))) / 2
        total, term = mpf(0), mpf(1)
        for k in range(1, 60):
            total += term
            following = -term * (2 * k - 1) / a**2
            if fabs(following) > fabs(term):
                break
            term = following
        return total / (a * sqrt(2 * pi))

    def f(t):
        if t >= 1 - mpf(10) ** -20:
            return 1 / sqrt(2 * pi)
        a = m * (1 + t) / (1 - t)
        return (a + m) * scaled_tail(a)

    p, q, error = remez(f, lambda t: 1 / f(t), mpf(-1), mpf(1), degree - 1, degree)
    p, q = expand(p, m, m), expand(q, m, m)
    show("norm_cdf: NUMERATOR", [x / q[0] for x in p], error)
    show("norm_cdf: DENOMINATOR", [x / q[0] for x in q])


def normal_quantile_centre():
    edge = mpf("0.4") ** 2
    known = {}

    def f(y):
        if y not in known:
            d = sqrt(y)
            known[y] = sqrt(2 * pi) if y < mpf(10) ** -30 else sqrt(mpf(2)) * erfinv(2 * d) / d
        return known[y]

    p, q, error = remez(f, lambda y: 1 / f(y), mpf(0), edge, 7, 7, points=600)

    def from_edge(c):
        n = len(c)
        return [
            sum(c[j] * binomial(j, i) * edge ** (j - i) for j in range(i, n)) * (-1) ** i
            for i in range(n)
        ]

    p, q = from_edge(p), from_edge(q)
    show("norm_quantile: CENTRE_NUMERATOR", [x / q[0] for x in p], error)
    show("norm_quantile: CENTRE_DENOMINATOR", [x / q[0] for x in q])


def normal_quantile_tail():
    low, high, m = mpf("1.5"), sqrt(-log(mpf(2) ** -1075)), mpf(4)
    known = {}

    def minus_quantile(q):
        if q > mpf("0.01"):
            return sqrt(mpf(2)) * erfinv(1 - 2 * q)
        z = sqrt(-2 * log(q) - log(-2 * log(q)) - log(2 * pi))
        for _ in range(100):
            tail = erfc(z / sqrt(mpf(2))) / 2
            step = log(tail / q) * tail / (exp(-z * z / 2) / sqrt(2 * pi))
            z += step
            if fabs(step) < mpf(10) ** -60 * z:
                break
        return z

    def f(t):
        if t not in known:
            r = low + m * t / (1 - t)
            known[t] = minus_quantile(exp(-r * r)) * (1 - t)
        return known[t]

    last = (high - low) / (high - low + m)
    p, q, error = remez(f, lambda t: 1 / f(t), mpf(0), last, 11, 10, points=900)
    p, q = expand(p, m, mpf(0)), [x * m for x in expand(q, m, mpf(0))]
    show("norm_quantile: TAIL_NUMERATOR", [x / q[0] for x in p], error)
    show("norm_quantile: TAIL_DENOMINATOR", [x / q[0] for x in q])


exponential()
logarithm()
normal_tail()
normal_quantile_centre()
normal_quantile_tail()
