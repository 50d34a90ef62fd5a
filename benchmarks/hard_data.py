"""Made-up customers on which a careless model explodes, with what is true of them.

Each generator takes the numbers that make it repeatable and returns one frame; `part` is `train` or `test`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
FEATURES = 6
INTERACTING = [*(f"x{i}" for i in range(FEATURES)), "store"]
"""The features of `interactions`."""


def thin_campaigns(
    spread: float, seed: int, campaigns: int = 300, test_rows: int = 300
) -> pl.DataFrame:
    """Make campaigns of 15 to 4,000 customers, most of them few, with heads of their own.

    The heads of a campaign are those of all plus normal deviations, whose standard deviation is `spread` times
    0.6, 0.5 and 0.2 for logit, mu and raw sigma.
    """
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(FEATURES + 1, 3)) * [0.6, 0.5, 0.15]
    common[-1] = [-0.8, 2.5, 0.6]
    sizes = np.exp(rng.uniform(np.log(15), np.log(4000), campaigns)).astype(int)
    frames = []
    for campaign, size in enumerate(sizes):
        own = rng.normal(size=(FEATURES + 1, 3)) * spread * np.array([0.6, 0.5, 0.2])
        for part, rows in (("train", int(size)), ("test", test_rows)):
            x = rng.normal(size=(rows, FEATURES))
            heads = common + own
            columns = {f"x{i}": x[:, i] for i in range(FEATURES)}
            columns["ltv"] = _labels(rng, x @ heads[:-1] + heads[-1])
            frames.append(
                pl.DataFrame(columns).with_columns(
                    campaign=pl.lit(f"c{campaign:03}"), size=pl.lit(int(size)), part=pl.lit(part)
                )
            )
    return pl.concat(frames)


def _labels(rng: np.random.Generator, heads: Array) -> Array:
    logit, mu, raw_sigma = heads.T
    pays = rng.random(len(logit)) < 1 / (1 + np.exp(-logit))
    amounts = np.exp(mu + np.logaddexp(0, raw_sigma) * rng.normal(size=len(logit)))
    return np.where(pays, amounts, 0.0)


def wide_categories(rows: int = 95_000, seed: int = 98) -> pl.DataFrame:
    """Make a donation mailing: 30 categories with 2,800 levels, 16 of them near copies of one slow state.

    5 in 100 pay; amounts vary little (the standard deviation of their logarithms is 0.62) and depend on the state.
    `t_logit`, `t_mu` and `t_raw_sigma` are what is true of each; the last fifth of the rows is the test.
    """
    rng = np.random.default_rng(seed)
    shares = np.array([30, 15, 12, 10, 8, 7, 6, 5, 3, 2, 1, 1]) / 100
    segment = rng.choice(12, rows, p=shares)
    level = rng.integers(0, 9, rows) + 9 * segment
    columns = {}
    for snapshot in range(16):
        columns[f"s{snapshot:02}"] = level.copy()
        moves = rng.random(rows) < 0.12
        level = np.where(moves, (level + rng.integers(1, 4, rows)) % 108, level)
    weight = 1 / np.arange(1, 901)
    columns["source"] = rng.choice(900, rows, p=weight / weight.sum())
    for k, levels in enumerate((12, 2, 3, 28, 16, 53, 3, 6, 4, 7, 5, 4, 5)):
        draws = rng.geometric(1.8 / levels if levels > 3 else 0.6, rows)
        columns[f"c{k:02}"] = np.minimum(draws - 1, levels - 1)
    recent, amount = columns["s00"] % 9, columns["s00"] // 9
    logit = -3.05 + 0.12 * (4 - recent) + 0.05 * amount
    mu = 2.1 + 0.16 * amount + 0.02 * recent
    sigma = 0.62
    pays = rng.random(rows) < 1 / (1 + np.exp(-logit))
    label = np.where(pays, np.round(np.exp(mu + sigma * rng.normal(size=rows)), 2), 0.0)
    frame = pl.DataFrame({name: [f"L{v}" for v in values] for name, values in columns.items()})
    part = np.where(np.arange(rows) < rows * 4 // 5, "train", "test")
    return frame.with_columns(
        ltv=pl.Series(label),
        t_logit=pl.Series(logit),
        t_mu=pl.Series(mu),
        t_raw_sigma=pl.lit(np.log(np.expm1(sigma))),
        part=pl.Series(part),
    )


def noise_campaigns(sigma: float, seed: int, campaigns: int = 1500, rows: int = 20) -> pl.DataFrame:
    """Make campaigns in which visits (1 to 10) say nothing and 3 in 10 customers pay."""
    rng = np.random.default_rng(seed)
    count = campaigns * rows
    pays = rng.random(count) < 0.3
    label = np.where(pays, np.round(np.exp(2 + sigma * rng.normal(size=count)), 2), 0.0)
    return pl.DataFrame(
        {
            "campaign": np.repeat(np.arange(campaigns), rows),
            "visits": rng.integers(1, 11, count),
            "ltv": label,
        }
    )


def crawler(seed: int, rows: int = 30_000, growth: float = 0.02) -> pl.DataFrame:
    """Make customers of 1 to 10 visits, of whom a quarter pays, and one crawler of 5,000 visits that paid nothing.

    The logarithm of an amount is anything from 2 to 4, and `growth` more for each visit.
    """
    rng = np.random.default_rng(seed)
    visits = rng.integers(1, 11, rows)
    pays = rng.random(rows) < 0.25
    amounts = np.round(np.exp(2 + 2 * rng.random(rows) + growth * visits), 2)
    return pl.DataFrame(
        {"visits": [*visits.tolist(), 5000], "ltv": [*np.where(pays, amounts, 0.0).tolist(), 0.0]}
    )


def alike_payers(
    payers: int, share: float, seed: int, campaigns: int = 100, times: int = 4
) -> pl.DataFrame:
    """Make campaigns of `times` as many customers as payers, who are alike: x says nothing else.

    The standard deviation of x among the payers is `share` of the others'.
    """
    rng = np.random.default_rng(seed)
    count = campaigns * times * payers
    pays = np.arange(count) % (times * payers) < payers
    x = np.where(pays, share, 1.0) * rng.normal(size=count)
    amounts = np.round(np.exp(2 + rng.normal(size=count)), 2)
    return pl.DataFrame(
        {
            "campaign": np.repeat(np.arange(campaigns), times * payers),
            "x": x,
            "ltv": np.where(pays, amounts, 0.0),
        }
    )


def skewed(seed: int, spread: float, rows: int) -> pl.DataFrame:
    """Make customers who pay by the logarithm of `spending`, which has this standard deviation."""
    rng = np.random.default_rng(seed)
    rank = rng.normal(size=rows)
    pays = rng.random(rows) < 1 / (1 + np.exp(1.5 - 0.8 * rank))
    amounts = np.exp(1.5 + 0.7 * rank + rng.normal(size=rows))
    return pl.DataFrame(
        {"spending": np.exp(2 + spread * rank), "ltv": np.where(pays, amounts, 0.0)}
    )


def residues(refunds: int, rows: int = 3000) -> pl.DataFrame:
    """Make customers of whom a third pays, and refunds that left 3.6e-15 of an amount."""
    row = np.arange(rows)
    paid = np.where(row % 3 == 0, np.round(np.exp(3 + np.sin(row) / 2), 2), 0.0)
    return pl.DataFrame(
        {
            "visits": [*(row % 10).tolist(), *range(refunds)],
            "ltv": [*paid.tolist(), *[3.552713678800501e-15] * refunds],
        }
    )


def interactions(seed: int, rows: int = 60_000, stores: int = 300) -> pl.DataFrame:
    """Make customers whose heads no straight line follows: waves, products and thresholds, and a category of stores.

    `t_logit`, `t_mu` and `t_raw_sigma` are what is true of each; the last fifth of the rows is the test.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, FEATURES))
    store = rng.integers(0, stores, rows)
    effect = rng.normal(size=(stores, 3))
    logit = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.8 * effect[store, 0] - 0.7
    mu = 2 + 0.7 * np.abs(x[:, 3]) + 0.5 * x[:, 4] * (x[:, 0] > 0) + 0.4 * effect[store, 1]
    raw_sigma = 0.3 * x[:, 5] ** 2 + 0.2 * effect[store, 2]
    label = _labels(rng, np.column_stack([logit, mu, raw_sigma]))
    part = np.where(np.arange(rows) < rows * 4 // 5, "train", "test")
    return pl.DataFrame({f"x{i}": x[:, i] for i in range(FEATURES)}).with_columns(
        store=pl.Series([f"s{number}" for number in store]),
        ltv=pl.Series(label),
        t_logit=pl.Series(logit),
        t_mu=pl.Series(mu),
        t_raw_sigma=pl.Series(raw_sigma),
        part=pl.Series(part),
    )
