"""What the methods share: rows, heads, a split for early stopping, and encodings."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import formulas
from benchmarks.simulate import Floats

VALIDATION_SHARE = 0.15
"""Of the training rows of a method that has no split of its own."""


@dataclass(frozen=True)
class Task:
    """Rows to learn from and rows to predict, with the columns that may be used."""

    train: pl.DataFrame
    test: pl.DataFrame
    label: str
    features: list[str]
    seed: int
    person: str | None = None
    """The column that says whose row it is, where people have several."""

    def split(self) -> Self:
        """The training rows alone, some of the people, by chance, as the test."""
        rows = self.train.with_row_index("row")
        person = rows[self.person or "row"]
        people = person.unique().sort()
        draw = np.random.default_rng(self.seed).random(people.len())
        held_out = person.is_in(people.filter(pl.Series(draw < VALIDATION_SHARE)).implode())
        return replace(self, train=self.train.filter(~held_out), test=self.train.filter(held_out))

    @property
    def numbers(self) -> list[str]:
        """The features that are numbers."""
        return [name for name in self.features if self.train.schema[name].is_numeric()]

    @property
    def categories(self) -> list[str]:
        """The others, which are text."""
        return [name for name in self.features if name not in self.numbers]

    def labels(self, frame: pl.DataFrame) -> Floats:
        """What the customers of these rows spent."""
        return frame[self.label].to_numpy().astype(np.float64)

    def codes(self, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
        """A column a category: the place of the level among those of the training rows, from 1; 0 for another."""
        columns = []
        for name in self.categories:
            levels = self.train[name].drop_nulls().unique().sort()
            places = pl.Series(range(1, levels.len() + 1), dtype=pl.Int64)
            column = frame[name].replace_strict(levels, places, default=0, return_dtype=pl.Int64)
            columns.append(column.to_numpy())
        return np.column_stack(columns) if columns else np.zeros((frame.height, 0), np.int64)


@dataclass(frozen=True)
class Heads:
    """What a method says of each customer."""

    logit: Floats
    mu: Floats
    sigma: Floats

    def loss(self, label: Floats) -> float:
        """The mean loss."""
        return float(formulas.loss_numpy(label, self.logit, self.mu, self.sigma).mean())

    def params(self) -> pl.Series:
        """As the struct that functions of ziln take."""
        heads = {"logit": self.logit, "mu": self.mu, "sigma": self.sigma}
        return pl.DataFrame(heads).to_struct("params")
