"""The loss and the expected value, as each system's users write them today with what is built in."""

import numpy as np
import polars as pl

from benchmarks.common import Foreign
from benchmarks.simulate import Floats, Scored

SIGMA_FLOOR = 1e-7**0.5
HALF_LN_2PI = 0.918938533204672742


def _softplus_sql(x: str) -> str:
    return f"(greatest({x}, 0.0) + ln(1.0 + exp(-abs({x}))))"


SIGMA_SQL = f"greatest({_softplus_sql('s')}, {SIGMA_FLOOR})"

LOSS_SQL = f"""
CASE WHEN y > 0
     THEN {_softplus_sql("-z")} + ln(y) + ln({SIGMA_SQL}) + {HALF_LN_2PI}
          + power((ln(y) - mu) / {SIGMA_SQL}, 2) / 2
     ELSE {_softplus_sql("z")} END
"""
"""In DataFusion and DuckDB. Variants with common parts in subqueries are slower in both."""

PLAIN_SIGMA_SQL = "ln(1.0 + exp(s))"

PLAIN_LOSS_SQL = f"""
CASE WHEN y > 0
     THEN ln(1.0 + exp(-z)) + ln(y) + ln({PLAIN_SIGMA_SQL}) + {HALF_LN_2PI}
          + power((ln(y) - mu) / {PLAIN_SIGMA_SQL}, 2) / 2
     ELSE ln(1.0 + exp(z)) END
"""
"""Shorter, but infinite where a logit is large, and without sigma's floor."""

PLAIN_EXPECTED_LTV_SQL = f"exp(mu + power({PLAIN_SIGMA_SQL}, 2) / 2) / (1.0 + exp(-z))"

EXPECTED_LTV_SQL = f"exp(mu + {SIGMA_SQL} * {SIGMA_SQL} / 2) / (1.0 + exp(-z))"


def _softplus_polars(x: pl.Expr) -> pl.Expr:
    return x.clip(lower_bound=0.0) + ((-x.abs()).exp() + 1.0).log()


def _sigma_polars() -> pl.Expr:
    return _softplus_polars(pl.col("s")).clip(lower_bound=SIGMA_FLOOR)


def loss_polars() -> pl.Expr:
    """The loss in Polars' own expressions; Polars computes their common parts once."""
    z, ln_y, sigma = pl.col("z"), pl.col("y").log(), _sigma_polars()
    amount = ln_y + sigma.log() + HALF_LN_2PI + ((ln_y - pl.col("mu")) / sigma) ** 2 / 2
    paid = pl.when(pl.col("y") > 0).then(amount - z).otherwise(0.0)
    return (_softplus_polars(z) + paid).alias("loss")


def expected_ltv_polars() -> pl.Expr:
    """The expected value in Polars' own expressions."""
    amount = (pl.col("mu") + _sigma_polars() ** 2 / 2).exp()
    return (amount / ((-pl.col("z")).exp() + 1.0)).alias("expected_ltv")


def _softplus_numpy(x: Floats) -> Floats:
    """`np.logaddexp(0, x)`, five times faster."""
    value: Floats = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return value


def sigma_numpy(raw_sigma: Floats) -> Floats:
    """The floored softplus."""
    return np.maximum(_softplus_numpy(raw_sigma), SIGMA_FLOOR)


def loss_numpy(label: Floats, logit: Floats, mu: Floats, sigma: Floats) -> Floats:
    """The loss of every row. It takes sigma itself, so that it judges trained models too."""
    pays = label > 0
    ln_y = np.log(np.where(pays, label, 1.0))
    amount = ln_y + np.log(sigma) + HALF_LN_2PI + ((ln_y - mu) / sigma) ** 2 / 2
    value: Floats = _softplus_numpy(logit) + np.where(pays, amount - logit, 0.0)
    return value


def expected_ltv_numpy(rows: Scored) -> Floats:
    """The expected value of every row."""
    value: Floats = np.exp(rows.mu + sigma_numpy(rows.raw_sigma) ** 2 / 2) / (
        1.0 + np.exp(-rows.logit)
    )
    return value


_SOFTPLUS_NUMEXPR = "(maximum({0}, 0) + log(1 + exp(-abs({0}))))"
_SIGMA_NUMEXPR = f"maximum({_SOFTPLUS_NUMEXPR.format('s')}, {SIGMA_FLOOR})"
_LOSS_NUMEXPR = (
    f"{_SOFTPLUS_NUMEXPR.format('z')} + where(y > 0, ln_y - z + log(sigma) + {HALF_LN_2PI}"
    " + ((ln_y - mu) / sigma) ** 2 / 2, 0)"
)


def loss_numexpr(numexpr: Foreign, rows: Scored) -> Floats:
    """The loss of every row; numexpr computes no common part once, so two are arrays."""
    y, s = rows.label, rows.raw_sigma
    local = {
        "y": y,
        "z": rows.logit,
        "mu": rows.mu,
        "sigma": numexpr.evaluate(_SIGMA_NUMEXPR, {"s": s}),
        "ln_y": numexpr.evaluate("log(where(y > 0, y, 1))", {"y": y}),
    }
    loss: Floats = numexpr.evaluate(_LOSS_NUMEXPR, local)
    return loss


def expected_ltv_numexpr(numexpr: Foreign, rows: Scored) -> Floats:
    """The expected value of every row."""
    sigma = numexpr.evaluate(_SIGMA_NUMEXPR, {"s": rows.raw_sigma})
    local = {"z": rows.logit, "mu": rows.mu, "sigma": sigma}
    value: Floats = numexpr.evaluate("exp(mu + sigma ** 2 / 2) / (1 + exp(-z))", local)
    return value
