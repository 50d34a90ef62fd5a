"""Generated rows, the same for every system and run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from benchmarks.common import BATCH_ROWS

Floats = npt.NDArray[np.float64]

PAYING_SHARE = 0.3


@dataclass(frozen=True)
class Scored:
    """Labels and the raw outputs of a model: what losses, expected values and evaluations are made from."""

    label: Floats
    logit: Floats
    mu: Floats
    raw_sigma: Floats
    campaign: npt.NDArray[np.int32]

    def blocks(self, rows: int) -> Iterator[Self]:
        """So many rows at a time, without copying."""
        for start in range(0, len(self.label), rows):
            part = slice(start, start + rows)
            yield type(self)(
                label=self.label[part],
                logit=self.logit[part],
                mu=self.mu[part],
                raw_sigma=self.raw_sigma[part],
                campaign=self.campaign[part],
            )

    def table(self) -> pa.Table:
        """As an Arrow table with the columns y, z, mu, s and campaign."""
        return pa.table(
            {
                "y": self.label,
                "z": self.logit,
                "mu": self.mu,
                "s": self.raw_sigma,
                "campaign": self.campaign,
            }
        )


@dataclass(frozen=True)
class Customers:
    """Features and labels to train on, and the campaign (group) of every row."""

    features: npt.NDArray[np.floating]
    label: Floats
    group: npt.NDArray[np.int32]

    @property
    def feature_names(self) -> list[str]:
        """The names x0, x1, ..."""
        return [f"x{column}" for column in range(self.features.shape[1])]

    def struct_sql(self) -> str:
        """The features as a struct in SQL."""
        return "{" + ", ".join(f"{name}: {name}" for name in self.feature_names) + "}"

    def table(self) -> pa.Table:
        """As an Arrow table: the features, `ltv` and `g`."""
        columns = [np.ascontiguousarray(self.features[:, i]) for i in range(self.features.shape[1])]
        named = dict(zip(self.feature_names, columns, strict=True))
        return pa.table({**named, "ltv": self.label, "g": self.group})

    def frame(self) -> pl.DataFrame:
        """As a Polars frame, without copying."""
        frame = pl.from_arrow(self.table())
        assert isinstance(frame, pl.DataFrame)
        return frame


def scored(rows: int, seed: int, campaigns: int = 100) -> Scored:
    """Labels and outputs of a plausible size; 3 customers in 10 pay."""
    random = np.random.default_rng(seed)
    pays = random.random(rows) < PAYING_SHARE
    return Scored(
        label=np.where(pays, np.exp(random.normal(3.0, 1.0, rows)), 0.0),
        logit=random.normal(-1.0, 1.0, rows),
        mu=random.normal(3.0, 1.0, rows),
        raw_sigma=random.normal(0.5, 0.5, rows),
        campaign=random.integers(0, campaigns, rows, dtype=np.int32),
    )


def customers(
    rows: int, features: int, seed: int, *, groups: int = 1, dtype: type[np.floating] = np.float32
) -> Customers:
    """Customers whose value is zero-inflated log-normal, linear in independent standard normal features.

    Features that are centred, scaled and independent, in rows without any order, spare the other systems what
    they leave to their users: to standardise and to shuffle.
    """
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, features), dtype=np.float32)
    effects = random.normal(0.0, 1.0 / np.sqrt(features), (3, features)).astype(np.float32)
    logit, mu, raw_sigma = (
        x @ effects[0] - 1.0,
        0.5 * (x @ effects[1]) + 3.0,
        0.2 * (x @ effects[2]),
    )
    sigma = np.logaddexp(0.0, raw_sigma.astype(np.float64))
    pays = random.random(rows) < 1.0 / (1.0 + np.exp(-logit.astype(np.float64)))
    amount = np.exp(mu + sigma * random.standard_normal(rows))
    return Customers(
        features=x.astype(dtype),
        label=np.where(pays, amount, 0.0),
        group=(np.arange(rows) % groups).astype(np.int32),
    )


def batches(table: pa.Table, rows: int = BATCH_ROWS) -> list[list[pa.RecordBatch]]:
    """One partition of record batches, by default of the usual size, as DataFusion keeps tables in memory."""
    return [table.to_batches(max_chunksize=rows)]
