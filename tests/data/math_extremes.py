"""Writes math_extremes.json: the distribution's functions far out in every direction, from mpmath.

Run: python math_extremes.py > math_extremes.json   (needs mpmath)

Each row is a function, its arguments, the value (as a decimal string, for it may overflow a double) and its
condition number: by how many times a relative error of an argument grows in the value, summed over the arguments.
Takes about a minute.
"""

import json
import random

from mpmath import erfc, erfinv, exp, fabs, log, mp, mpf, nstr, sqrt

mp.dps = 700
FLOOR = sqrt(mpf("1e-7"))


def phi(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def parts(logit, mu, sigma):
    return 1 / (1 + exp(-logit)), 1 / (1 + exp(logit)), exp(mu + sigma**2 / 2)


def loss(y, logit, mu, sigma):
    p, q, _ = parts(logit, mu, sigma)
    if y <= 0:
        return -log(q)
    z = (log(y) - mu) / sigma
    return -log(p) + log(y) + log(sigma) + log(2 * mp.pi) / 2 + z**2 / 2


def variance(_, logit, mu, sigma):
    p, _, m = parts(logit, mu, sigma)
    return p * exp(2 * mu + 2 * sigma**2) - (p * m) ** 2


def expected_ltv(_, logit, mu, sigma):
    p, _, m = parts(logit, mu, sigma)
    return p * m


def cdf(x, logit, mu, sigma):
    p, q, _ = parts(logit, mu, sigma)
    return q + p * phi((log(x) - mu) / sigma)


def quantile(u, logit, mu, sigma):
    p, q, _ = parts(logit, mu, sigma)
    if u <= q:
        return mpf(0)
    lower, upper = (u - q) / p, (1 - u) / p
    tail = min(lower, upper)
    if tail > mpf("0.01"):
        z = sqrt(mpf(2)) * erfinv(2 * tail - 1)
    else:
        start = -sqrt(-2 * log(tail))
        for _ in range(200):
            # Newton on the logarithm, which is nearly a parabola.
            step = log(phi(start) / tail) * phi(start) / (exp(-(start**2) / 2) / sqrt(2 * mp.pi))
            start -= step
            if fabs(step) < mpf(10) ** -100:
                break
        z = start
    return exp(mu + sigma * (z if lower <= upper else -z))


def capped_ltv(c, logit, mu, sigma):
    p, _, m = parts(logit, mu, sigma)
    w = (log(c) - mu) / sigma
    return p * (m * phi(w - sigma) + c * phi(-w))


def crps(y, logit, mu, sigma):
    p, _, m = parts(logit, mu, sigma)
    return y - 2 * capped_ltv(y, logit, mu, sigma) + 2 * p**2 * m * phi(-sigma / sqrt(mpf(2)))


FUNCTIONS = {
    "loss": loss,
    "expected_ltv": expected_ltv,
    "variance": variance,
    "cdf": cdf,
    "quantile": quantile,
    "capped_ltv": capped_ltv,
    "crps": crps,
}


def condition(function, arguments, value):
    total = mpf(0)
    for i, x in enumerate(arguments):
        if x == 0 or (function in (variance, expected_ltv) and i == 0):
            continue
        # A quantile near 1 is known by its distance from 1, which a double holds exactly.
        size = min(x, 1 - x) if function is quantile and i == 0 else fabs(x)
        h = size * mpf(10) ** -40
        moved = list(arguments)
        moved[i] = x + h
        total += fabs((function(*moved) - value) / h * size / value)
    return total


random.seed(5)
rows = []
for name, function in FUNCTIONS.items():
    count = 0
    while count < 60:
        logit = random.choice(
            [-760.0, -740.0, -300.0, -40.0, -3.0, -0.5, 1e-9, 0.7, 4.0, 38.0, 300.0, 740.0]
        )
        logit += random.uniform(-1, 1) * (logit != 1e-9)
        mu = random.choice([-600.0, -40.0, -2.0, 0.0, 3.0, 9.0, 60.0, 600.0]) + random.uniform(
            -1, 1
        )
        sigma = random.choice([float(FLOOR), 1e-3, 0.03, 0.5, 1.0, 2.5, 9.0, 40.0, 1000.0])
        place = random.choice([-36, -9, -3, -1, 0, 1, 3, 9, 36]) + random.uniform(-0.5, 0.5)
        if random.random() < 0.3:
            place += sigma
        first = float(exp(mpf(mu) + mpf(sigma) * mpf(place)))
        if name == "quantile":
            _, q, _ = parts(mpf(logit), mpf(mu), mpf(sigma))
            first = random.choice(
                [1e-300, 1e-17, 0.01, 0.3, 0.9, 1 - 1e-10, 1 - 2.0**-53, float(q) * 1.001]
            )
        if not 0 < first < float("inf") or (name == "quantile" and first >= 1):
            continue
        arguments = [mpf(first), mpf(logit), mpf(mu), mpf(sigma)]
        value = function(*arguments)
        if value == 0 and random.random() < 0.8:
            continue
        grows = condition(function, arguments, value) if value != 0 else mpf(0)
        rows.append(
            {
                "function": name,
                "first": first,
                "logit": logit,
                "mu": mu,
                "sigma": sigma,
                "value": nstr(value, 25, strip_zeros=False),
                "condition": float(min(grows, mpf("1e300"))),
            }
        )
        count += 1
print("[" + ",\n".join(json.dumps(row) for row in rows) + "]")
