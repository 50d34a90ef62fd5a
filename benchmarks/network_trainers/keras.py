"""TensorFlow's Keras, as the paper's code trains (google/lifetime_value): `Model.fit` with Adam."""

import os

import numpy as np

from benchmarks import common
from benchmarks.network_trainers.common import (
    BATCH_SIZE,
    LEARNING_RATE,
    Run,
    clock,
    first_layers,
    mean_loss,
)
from benchmarks.simulate import Customers
from benchmarks.trainers.keras import loss_of_the_paper


def train(customers: Customers, hidden: list[int], epochs: int) -> Run | None:
    """A few batches to warm up, then all epochs."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    tensorflow = common.optional("tensorflow")
    if tensorflow is None:
        return None
    keras = tensorflow.keras
    features = customers.features.astype(np.float32)
    label = customers.label.astype(np.float32).reshape(-1, 1)
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    model = keras.Sequential([keras.Input((features.shape[1],)), *layers, keras.layers.Dense(3)])
    steps = epochs * -(-len(label) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(rate), loss=loss_of_the_paper(tensorflow))
    warm = 4 * BATCH_SIZE
    model.fit(features[:warm], label[:warm], batch_size=BATCH_SIZE, verbose=0)
    model.set_weights([part for layer in first_layers(customers, hidden) for part in layer])
    seconds, used, _ = clock(
        lambda: model.fit(features, label, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    )
    raw = model.predict(features, batch_size=8 * BATCH_SIZE, verbose=0)
    return Run(len(label) * epochs, seconds, used, mean_loss(customers.label, raw))
