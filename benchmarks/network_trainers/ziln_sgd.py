"""`ziln.fit_sgd` with hidden layers: what they add to the time of a call.

Beside the epochs that is to encode the rows for the network, a pass over the rows held out after every epoch, and the
check of the total. Dropout and the average of the weights are part of it; the others have neither.
"""

import json

import ziln
from benchmarks.formulas import loss_numpy
from benchmarks.network_trainers.common import BATCH_SIZE, Run, clock
from benchmarks.simulate import Customers


def train(customers: Customers, hidden: list[int], _epochs: int) -> Run:
    """Train with and without layers, each on top of a linear model; the number of epochs is ours to decide."""
    frame, names = customers.frame(), customers.feature_names

    def fit(layers: list[int] | None) -> str:
        return str(frame.select(ziln.fit_sgd("ltv", names, hidden=layers)).item())

    fit(None)
    seconds_without, used_without, _ = clock(lambda: fit(None))
    seconds, used, model = clock(lambda: fit(hidden))
    document = json.loads(model)
    training, rows = document["network"]["training"], document["training"]
    if training["batch_size"] != BATCH_SIZE:
        message = (
            f"so few rows are trained in batches of {training['batch_size']}, not {BATCH_SIZE}"
        )
        raise RuntimeError(message)
    heads = frame.select(ziln.predict(model, names)).unnest("params")
    loss = loss_numpy(customers.label, *(heads[name].to_numpy() for name in heads.columns))
    return Run(
        (rows["rows"] - rows["validation_rows"]) * training["epochs_run"],
        seconds - seconds_without,
        used - used_without,
        float(loss.mean()),
    )
