"""TensorFlow's Keras, as the paper's code trains (google/lifetime_value), with linear heads."""

import os
import time

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.formulas import HALF_LN_2PI, SIGMA_FLOOR
from benchmarks.simulate import Customers
from benchmarks.trainers.common import LEARNING_RATE, Settings, Trained, linear, timed


def train(customers: Customers, settings: Settings) -> Trained | None:
    """`Model.fit` with Adam. One run: it takes long, and it continues rather than starts again."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    tensorflow = common.optional("tensorflow")
    if tensorflow is None:
        return None
    features = customers.features.astype(np.float32)
    label = customers.label.astype(np.float32).reshape(-1, 1)
    start = time.perf_counter()
    model = _model(tensorflow, features.shape[1], settings, len(label))
    initial = model.get_weights()
    warm = 4 * settings.batch_size
    model.fit(features[:warm], label[:warm], batch_size=settings.batch_size, verbose=0)
    model.set_weights(initial)
    preparation = time.perf_counter() - start

    def fit() -> None:
        model.fit(
            features, label, batch_size=settings.batch_size, epochs=settings.epochs, verbose=0
        )

    seconds, _ = timed(fit, repetitions=1)
    weights = np.vstack(model.get_weights()).astype(np.float64)
    logit, mu, sigma = linear(customers, weights)
    return Trained(seconds, settings.epochs, logit, mu, sigma, preparation=preparation)


def _model(tensorflow: Foreign, features: int, settings: Settings, rows: int) -> Foreign:
    keras = tensorflow.keras
    steps = settings.epochs * -(-rows // settings.batch_size)
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dense(3)])
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(rate), loss=loss_of_the_paper(tensorflow))
    return model


def loss_of_the_paper(tf: Foreign) -> Foreign:
    """The paper's loss; its log-normal is written out, to do without TensorFlow Probability."""

    def loss(label: Foreign, output: Foreign) -> Foreign:
        label = tf.cast(label, tf.float32)
        pays = tf.cast(label > 0, tf.float32)
        logit, mu, raw_sigma = output[..., :1], output[..., 1:2], output[..., 2:]
        classification = tf.keras.losses.binary_crossentropy(pays, logit, from_logits=True)
        sigma = tf.maximum(tf.nn.softplus(raw_sigma), SIGMA_FLOOR)
        ln_y = tf.math.log(pays * label + (1.0 - pays))
        amount = ln_y + tf.math.log(sigma) + HALF_LN_2PI + tf.square((ln_y - mu) / sigma) / 2.0
        return classification + tf.reduce_mean(pays * amount, axis=-1)

    return loss
