"""Writes newton.json: rows, and what statsmodels and NumPy say of the exact fit to them.

The paying head is statsmodels' Logit (model errors and HC0), the amount part a fit by Newton's method in NumPy whose
second derivatives are those of the slopes by complex steps. Columns: intercept, the numbers, the levels but the last.
usage: make_newton.py > newton.json
"""

import json

import numpy as np
import statsmodels.api as sm
from statsmodels.tools.numdiff import approx_fprime_cs

rng = np.random.default_rng(7)
n = 400
a = np.round(10 + 4 * rng.normal(size=n), 3)
b = np.round(1e6 + 1000 * (rng.normal(size=n) + 0.1 * a), 1)
level = rng.integers(0, 3, n)
logit = -0.5 + 0.15 * (a - 10) + 0.4 * (level == 1)
pays = rng.random(n) < 1 / (1 + np.exp(-logit))
spread = np.exp(0.1 * rng.normal(size=n) + 0.03 * (a - 10))
label = np.where(
    pays,
    np.round(np.exp(3 + 0.1 * (a - 10) - 0.3 * (level == 0) + spread * rng.standard_t(6, n)), 4),
    0.0,
)

X = np.column_stack([np.ones(n), a, b - 1e6, level == 0, level == 1]).astype(float)
names = ["intercept", "a", "b", "level 0", "level 1"]
# In units of the column: the intercept is that of b = 1e6, moved below.
paying = sm.Logit((label > 0).astype(float), X)
fitted = paying.fit(disp=0, method="newton", maxiter=100, tol=1e-14)
robust = paying.fit(disp=0, method="newton", maxiter=100, tol=1e-14, cov_type="HC0")

Z, y = X[label > 0], np.log(label[label > 0])
d = Z.shape[1]


def slopes(w):
    """The slopes of each payer's loss by the heads, and by the weights."""
    mu, raw = Z @ w[:d], Z @ w[d:]
    sigma, s = np.log(1 + np.exp(raw)), 1 / (1 + np.exp(-raw))
    z = (y - mu) / sigma
    return np.column_stack([Z * (-z / sigma)[:, None], Z * ((1 - z * z) * s / sigma)[:, None]])


def hessian(w):
    return approx_fprime_cs(w, lambda w: slopes(w).sum(0))


w = np.zeros(2 * d)
w[0], w[d] = y.mean(), np.log(np.expm1(y.std()))
for step in range(200):
    g = slopes(w).sum(0)
    raw = Z @ w[d:]
    sigma, s = np.log(1 + np.exp(raw)), 1 / (1 + np.exp(-raw))
    fisher = np.zeros((2 * d, 2 * d))
    fisher[:d, :d] = (Z / sigma[:, None] ** 2).T @ Z
    fisher[d:, d:] = (Z * (2 * s * s / sigma**2)[:, None]).T @ Z
    w = w - np.linalg.solve(fisher if step < 100 else hessian(w), g)
H = hessian(w)
inverse = np.linalg.inv((H + H.T) / 2)
S = slopes(w)
sandwich = inverse @ (S.T @ S) @ inverse


def moved(values, covariance):
    """To the features themselves: the intercept is that of b = 0."""
    transform = np.eye(d)
    transform[0, 2] = -1e6
    return (transform @ values).tolist(), np.sqrt(
        np.diag(transform @ covariance @ transform.T)
    ).tolist()


out = {
    "a": a.tolist(),
    "b": b.tolist(),
    "level": level.tolist(),
    "label": label.tolist(),
    "names": names,
    "heads": {},
}
blocks = {
    "logit": (fitted.params, fitted.cov_params(), robust.cov_params()),
    "mu": (w[:d], inverse[:d, :d], sandwich[:d, :d]),
    "raw_sigma": (w[d:], inverse[d:, d:], sandwich[d:, d:]),
}
for head, (values, of_model, of_rows) in blocks.items():
    weights, model_errors = moved(values, of_model)
    _, robust_errors = moved(values, of_rows)
    out["heads"][head] = {"weights": weights, "model": model_errors, "robust": robust_errors}
out["p_values"] = np.asarray(fitted.pvalues)[1:].tolist()
print(json.dumps(out))
