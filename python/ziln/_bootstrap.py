"""
Bootstrap standard errors of the metrics: how far they would move with other customers of the same kind.

The bag of little bootstraps (Kleiner, Talwalkar, Sarkar and Jordan 2014, "A scalable bootstrap for massive data", JRSS
B 76): of each group of ``n`` customers some bags of ``b`` are drawn at random, and each is weighted again and again by
Poisson counts with the mean ``n / b``, so that a replicate stands for ``n`` customers while its cost is that of ``b``.
The variance of a metric is its variance over the replicates of a bag, averaged over the bags. Where all customers
fit into a bag this is the Poisson bootstrap of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from polars import selectors as cs

_BAGS: Final = 4
WEIGHT: Final = "weight"
"""The column that says how often a row counts in a replicate."""


def standard_errors(
    frame: pl.DataFrame,
    by: str,
    metrics: Sequence[pl.Expr],
    *,
    most_rows: int,
    replicates: int,
    seed: int,
) -> pl.DataFrame:
    """
    The standard errors of metrics, group by group.

    Parameters
    ----------
    frame
        One row a customer.
    by
        The column of the groups.
    metrics
        Aggregates in which a row counts as often as the column ``weight`` says: numbers, or structs of them.
    most_rows
        The rows of a bag, a group.
    replicates
        How often each of the four bags is weighted.
    seed
        Chooses the bags and the weights: the same rows in the same order and the same seed give the same result.

    Returns
    -------
    pl.DataFrame
        One row a group: its key, and a column a metric, in the unit of the metric; null where fewer than two
        replicates have the metric.
    """
    random = np.random.default_rng(seed)
    variances = [
        pl.concat(
            _weighted(bag, random).group_by(by, maintain_order=True).agg(*metrics)
            for _ in range(replicates)
        )
        .unnest(cs.struct())
        .group_by(by, maintain_order=True)
        .agg(pl.all().var())
        for bag in _bags(frame, by, most_rows, random)
    ]
    means = pl.concat(variances).group_by(by, maintain_order=True).mean()
    return means.with_columns(pl.exclude(by).sqrt())


def _bags(
    frame: pl.DataFrame, by: str, most_rows: int, random: np.random.Generator
) -> Iterator[pl.DataFrame]:
    """Random rows of every group, each with the number of customers that it stands for."""
    counted = frame.with_columns(customers=pl.len().over(by))
    for _ in range(_BAGS):
        shuffled = counted[random.permutation(frame.height)]
        bag = shuffled.group_by(by, maintain_order=True).head(most_rows)
        yield bag.with_columns(stands_for=pl.col("customers") / pl.len().over(by))


def _weighted(bag: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    return bag.with_columns(pl.Series(WEIGHT, random.poisson(bag["stands_for"].to_numpy())))
