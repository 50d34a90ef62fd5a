"""What the trainers share: settings, results, and the loss that judges them all."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from benchmarks import formulas
from benchmarks.simulate import Customers, Floats

LEARNING_RATE = 0.01
"""Of the systems that leave it to their user."""

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What is asked of every trainer."""

    epochs: int
    batch_size: int
    repetitions: int


@dataclass(frozen=True)
class Trained:
    """A model by what it predicts for the training rows, and what it took."""

    seconds: list[float]
    epochs: int
    logit: Floats
    mu: Floats
    sigma: Floats
    preparation: float = 0.0
    """Seconds spent once, such as on compiling."""
    parts: dict[str, float] = field(default_factory=dict)
    """Further measurements by name, in seconds."""

    def loss(self, label: Floats) -> float:
        """The mean loss over the training rows, in float64."""
        return float(formulas.loss_numpy(label, self.logit, self.mu, self.sigma).mean())


def timed(run: Callable[[], T], repetitions: int) -> tuple[list[float], T]:
    """Run several times: the seconds of each, and the last result."""
    seconds = []
    for _ in range(max(repetitions, 1)):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return seconds, result


def linear(customers: Customers, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Logit, mu and sigma of linear heads: `weights` has a row a feature, then the intercepts."""
    raw = customers.features.astype(np.float64) @ weights[:-1] + weights[-1]
    return raw[:, 0], raw[:, 1], formulas.sigma_numpy(raw[:, 2])


def residual_sigma(customers: Customers, mu: Floats) -> Floats:
    """One sigma for all, for systems that fit none: the spread of the payers' log-amounts around mu."""
    pays = customers.label > 0
    spread = float(np.std(np.log(customers.label[pays]) - mu[pays]))
    return np.full(len(mu), spread)
