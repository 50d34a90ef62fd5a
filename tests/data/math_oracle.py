"""Writes math_oracle.json: values of mpmath (60 digits) that the tests' own oracle is checked against.

Run: python math_oracle.py > math_oracle.json   (needs mpmath)
A value is (hi + lo) * 2^exponent, with 1/2 <= |hi| <= 1.
"""

import json
import random

from mpmath import erfc, exp, frexp, ldexp, log, log1p, mp, mpf, sqrt

mp.dps = 60


def softplus(x):
    return log1p(exp(x)) if x < 0 else x + log1p(exp(-x))


FUNCTIONS = {
    "exp": (exp, -745, 709),
    "ln": (log, None, None),
    "softplus": (softplus, -745, 100),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), -745, 30),
    "norm_cdf": (lambda x: erfc(-x / sqrt(mpf(2))) / 2, -38, 8),
}

random.seed(20)
rows = []
for name, (function, low, high) in FUNCTIONS.items():
    for i in range(120):
        if low is None:
            x = random.uniform(0.5, 2) if i % 2 else 2 ** random.uniform(-1070, 1020)
        elif i % 3 == 0:
            x = random.uniform(-1, 1) * 10 ** random.uniform(-9, 0)
        else:
            x = random.uniform(low, high)
        value = function(mpf(x))
        _, exponent = frexp(value)
        scaled = ldexp(value, -exponent)
        hi = float(scaled)
        rows.append(
            {
                "function": name,
                "x": x,
                "hi": hi,
                "lo": float(scaled - mpf(hi)),
                "exponent": int(exponent),
            }
        )
print("[" + ",\n".join(json.dumps(row) for row in rows) + "]")
