"""Methods that predict what customers will spend, and the data they are compared on.

One file a method, with a function that takes training and test rows and returns the heads it predicts for the latter,
or None where a package it needs is not installed.
"""

from collections.abc import Callable

from benchmarks.quality import boosters, boosters_zaln, torch_grid, ziln_sgd
from benchmarks.quality.common import Heads, Task

__all__ = ["LINEAR", "METHODS", "NETWORK", "Heads", "Method", "Task"]

Method = Callable[[Task], Heads | None]

LINEAR, NETWORK = "ziln, linear", "ziln, hidden: [64, 32]"

METHODS: dict[str, Method] = {
    LINEAR: ziln_sgd.linear,
    NETWORK: ziln_sgd.network,
    "PyTorch, the best of 8": torch_grid.predict,
    "LightGBM, two boosters": boosters.predict,
    "LightGBMLSS, ZALN": boosters_zaln.predict,
}
