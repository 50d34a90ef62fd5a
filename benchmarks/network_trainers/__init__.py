"""Systems that train the same network on the same rows: one file a system, and the list of them.

Each function trains once to warm up or compile, then once for the clock, and returns None where the system is not
installed. The rows stand ready in the system's own memory, already in batches where that is faster.
"""

from collections.abc import Callable

from benchmarks.network_trainers import jax_scan, keras, torch_loop, ziln_sgd
from benchmarks.network_trainers.common import Run
from benchmarks.simulate import Customers

__all__ = ["OURS", "TRAINERS", "Run", "Trainer"]

Trainer = Callable[[Customers, list[int], int], Run | None]
"""From customers, hidden layers and a number of epochs."""

OURS = "ziln in Polars"

TRAINERS: dict[str, Trainer] = {
    OURS: ziln_sgd.train,
    "jax.jit scan": jax_scan.train,
    "PyTorch": torch_loop.train,
    "tf.keras": keras.train,
}
