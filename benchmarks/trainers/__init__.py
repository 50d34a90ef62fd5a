"""Systems that train the same model on the same rows: one file a system, and the list of them.

Each file has a function that takes the customers and the settings and returns what it trained, or None where the
system is not installed. Time is that of training alone: the rows stand ready in the system's own memory, and what
is done once, such as compiling, is told apart.
"""

from collections.abc import Callable

from benchmarks.simulate import Customers
from benchmarks.trainers import clickhouse, exact, jax_scan, keras, sklearn_sgd, ziln_sgd
from benchmarks.trainers.common import Settings, Trained

__all__ = ["TRAINERS", "Settings", "Trained", "Trainer"]

Trainer = Callable[[Customers, Settings], Trained | None]

TRAINERS: dict[str, Trainer] = {
    "ziln in DataFusion": ziln_sgd.in_datafusion,
    "ziln in DataFusion, default options": ziln_sgd.by_default,
    "ziln in Polars": ziln_sgd.in_polars,
    "jax.jit scan": jax_scan.train,
    "tf.keras": keras.train,
    "scikit-learn SGD": sklearn_sgd.train,
    "ClickHouse, one pass": clickhouse.one_pass,
    "ClickHouse, as many passes": clickhouse.all_passes,
    "exact optimum (L-BFGS)": exact.train,
}
