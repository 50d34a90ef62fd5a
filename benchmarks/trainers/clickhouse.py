"""ClickHouse, embedded: the aggregates stochasticLogisticRegression and stochasticLinearRegression.

One classifies who pays, the other fits the payers' log-amounts; sigma is one number, the spread of the residuals.
They make one pass over the rows; to make several, the rows are joined with as many numbers.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.simulate import Customers, Floats
from benchmarks.trainers.common import LEARNING_RATE, Settings, Trained, residual_sigma, timed


def one_pass(customers: Customers, settings: Settings) -> Trained | None:
    """Train as its users do."""
    return _train(customers, settings, passes=1)


def all_passes(customers: Customers, settings: Settings) -> Trained | None:
    """Train for as many passes as the others have epochs."""
    return _train(customers, settings, passes=settings.epochs)


def _train(customers: Customers, settings: Settings, passes: int) -> Trained | None:
    chdb = common.optional("chdb.session")
    if chdb is None:
        return None
    session = chdb.Session()
    _load(session, customers)
    arguments = f"({LEARNING_RATE}, 0.0, {settings.batch_size}, 'Adam')"
    columns = ", ".join(customers.feature_names)
    rows = "t" if passes == 1 else f"numbers({passes}) AS passes CROSS JOIN t"

    def fit() -> tuple[Floats, Floats]:
        classifier = f"stochasticLogisticRegression{arguments}(if(ltv > 0, 1, -1), {columns})"
        regressor = f"stochasticLinearRegressionIf{arguments}(log(ltv), {columns}, ltv > 0)"
        return (
            _weights(session, f"SELECT {classifier} AS weights FROM {rows}"),
            _weights(session, f"SELECT {regressor} AS weights FROM {rows}"),
        )

    seconds, (classifier, regressor) = timed(fit, settings.repetitions)
    features = customers.features.astype(np.float64)
    logit = features @ classifier[:-1] + classifier[-1]
    mu = features @ regressor[:-1] + regressor[-1]
    return Trained(seconds, passes, logit, mu, residual_sigma(customers, mu))


def _load(session: Foreign, customers: Customers) -> None:
    """Copy the rows into a table in memory."""
    session.query(f"SET max_threads = {common.cores()}")
    session.query("SET schema_inference_make_columns_nullable = 0")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        customers.frame().write_parquet(file)
        session.query(f"CREATE TABLE t ENGINE = Memory AS SELECT * FROM file('{file}', Parquet)")


def _weights(session: Foreign, query: str) -> Floats:
    """The weights of the features, then the intercept."""
    answer = json.loads(str(session.query(query, "JSONCompact")))
    return np.array(answer["data"][0][0], dtype=np.float64)
