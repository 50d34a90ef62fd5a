"""LightGBM: one booster for who pays, one for the payers' log-amounts, whose sigma is the spread on held-out rows."""

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.quality.common import Heads, Task
from benchmarks.simulate import Floats

LEAVES = (7, 31)
LEARNING_RATE = 0.05
ROUNDS = 2000
PATIENCE = 50
LEAST_SIGMA = 1e-3
SURE = 1e-6
"""The least probability of paying or not."""


def predict(task: Task) -> Heads | None:
    """Of each booster the better number of leaves; both stop early."""
    lightgbm = common.optional("lightgbm")
    if lightgbm is None:
        return None
    fold = task.split()
    rows, held_out, asked = (features(fold, f) for f in (fold.train, fold.test, task.test))
    label, held_label = fold.labels(fold.train), fold.labels(fold.test)
    pays, held_pays = label > 0, held_label > 0
    paying = _best(lightgbm, "binary", task, (rows, pays), (held_out, held_pays))
    amounts = (rows[pays], np.log(label[pays]))
    held_amounts = (held_out[held_pays], np.log(held_label[held_pays]))
    amount = _best(lightgbm, "regression", task, amounts, held_amounts)
    misses = held_amounts[1] - amount.predict(held_amounts[0])
    sigma = max(float(np.sqrt(np.mean(misses**2))), LEAST_SIGMA)
    p = paying.predict(asked).clip(SURE, 1 - SURE)
    return Heads(np.log(p / (1 - p)), amount.predict(asked), np.full(len(p), sigma))


def features(task: Task, frame: Foreign) -> Floats:
    """Numbers, missing ones as such, then categories as codes."""
    numbers = frame.select(task.numbers).to_numpy().astype(np.float64)
    return np.column_stack([numbers, task.codes(frame)])


def settings(task: Task, leaves: int) -> dict[str, Foreign]:
    """What both programs with LightGBM set."""
    return {
        "num_leaves": leaves,
        "learning_rate": LEARNING_RATE,
        "seed": task.seed,
        "num_threads": common.cores(),
        "verbosity": -1,
    }


def categorical(task: Task) -> list[int]:
    """Which columns of the features are codes."""
    return list(range(len(task.numbers), len(task.features)))


def _best(
    lightgbm: Foreign,
    objective: str,
    task: Task,
    rows: tuple[Floats, Floats],
    held_out: tuple[Floats, Floats],
) -> Foreign:
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    found = []
    for leaves in LEAVES:
        train = lightgbm.Dataset(*rows, categorical_feature=categorical(task))
        validation = lightgbm.Dataset(*held_out, reference=train)
        chosen = settings(task, leaves) | {"objective": objective}
        booster = lightgbm.train(
            chosen,
            train,
            ROUNDS,
            valid_sets=[validation],
            valid_names=["held out"],
            callbacks=[stop],
        )
        (loss,) = booster.best_score["held out"].values()
        found.append((loss, booster))
    return min(found, key=lambda pair: float(pair[0]))[1]
