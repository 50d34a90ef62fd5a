"""LightGBMLSS: one model of boosters for all parameters of a zero-adjusted log-normal distribution (ZALN)."""

import numpy as np
import pandas as pd

from benchmarks import common
from benchmarks.quality.boosters import (
    LEAST_SIGMA,
    LEAVES,
    PATIENCE,
    ROUNDS,
    SURE,
    categorical,
    features,
    settings,
)
from benchmarks.quality.common import Heads, Task


def predict(task: Task) -> Heads | None:
    """The better number of leaves; each stops early. The options of the distribution are its defaults."""
    lightgbm = common.optional("lightgbm")
    model = common.optional("lightgbmlss.model")
    distribution = common.optional("lightgbmlss.distributions.ZALN")
    if lightgbm is None or model is None or distribution is None:
        return None
    fold = task.split()
    rows, held_out = features(fold, fold.train), features(fold, fold.test)
    label, held_label = fold.labels(fold.train), fold.labels(fold.test)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    found = []
    for leaves in LEAVES:
        train = lightgbm.Dataset(rows, label, categorical_feature=categorical(task))
        validation = lightgbm.Dataset(held_out, held_label, reference=train)
        booster = model.LightGBMLSS(distribution.ZALN())
        booster.train(
            settings(task, leaves),
            train,
            ROUNDS,
            valid_sets=[validation],
            valid_names=["held out"],
            callbacks=[stop],
        )
        heads = _heads(booster.predict(held_out, pred_type="parameters"))
        found.append((heads.loss(held_label), booster))
    best = min(found, key=lambda pair: float(pair[0]))[1]
    return _heads(best.predict(features(fold, task.test), pred_type="parameters"))


def _heads(parameters: pd.DataFrame) -> Heads:
    zero = parameters["gate"].to_numpy(np.float64).clip(SURE, 1 - SURE)
    sigma = parameters["scale"].to_numpy(np.float64).clip(LEAST_SIGMA)
    return Heads(np.log((1 - zero) / zero), parameters["loc"].to_numpy(np.float64), sigma)
