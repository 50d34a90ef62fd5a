"""What the trainers of networks share: settings, clocks, first weights, and what is told of a run."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks import formulas
from benchmarks.simulate import Customers, Floats

BATCH_SIZE = 1024
LEARNING_RATE = 0.002

T = TypeVar("T")
Layer = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Weights, a row an input, and biases."""


@dataclass(frozen=True)
class Run:
    """A training: rows times epochs, seconds by the clock and of the processor, and the mean loss it came to."""

    row_epochs: int
    seconds: float
    processor_seconds: float
    loss: float


def clock(run: Callable[[], T]) -> tuple[float, float, T]:
    """Seconds by the clock, seconds of the processor in all threads, and the result."""
    start, used = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - start, time.process_time() - used, result


def first_layers(customers: Customers, hidden: Sequence[int]) -> list[Layer]:
    """He's random weights, and heads that start as those of everybody."""
    random = np.random.default_rng(0)
    widths = [customers.features.shape[1], *hidden, 3]
    layers = []
    for inputs, units in itertools.pairwise(widths):
        weights = random.normal(0.0, np.sqrt(2.0 / inputs), (inputs, units))
        layers.append((weights.astype(np.float32), np.zeros(units, np.float32)))
    weights, biases = layers[-1]
    biases[:] = _everybody(customers.label)
    layers[-1] = (weights * 0.1, biases)
    return layers


def _everybody(label: Floats) -> list[float]:
    payers = np.log(label[label > 0])
    share = len(payers) / len(label)
    return [np.log(share / (1 - share)), payers.mean(), np.log(np.expm1(payers.std()))]


def mean_loss(label: Floats, raw: npt.NDArray[np.float32]) -> float:
    """The mean loss of raw outputs, a row a customer, in float64."""
    logit, mu, raw_sigma = raw.astype(np.float64).T
    return float(formulas.loss_numpy(label, logit, mu, formulas.sigma_numpy(raw_sigma)).mean())
