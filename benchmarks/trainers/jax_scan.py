"""JAX: the whole training as one compiled scan, written by hand for speed.

Adam with the cosine schedule of `ziln_fit_sgd`, in float32. The rows are cut into batches once and not shuffled
(they come in no order); the last partial batch is dropped, as is usual there.
"""

import time

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.formulas import HALF_LN_2PI, SIGMA_FLOOR
from benchmarks.simulate import Customers
from benchmarks.trainers.common import LEARNING_RATE, Settings, Trained, linear, timed


def train(customers: Customers, settings: Settings) -> Trained | None:
    """Compile, then train."""
    jax = common.optional("jax")
    if jax is None:
        return None
    data = batches(customers, settings.batch_size)
    start = time.perf_counter()
    compiled = jax.jit(_training(jax, settings.epochs)).lower(*data).compile()
    preparation = time.perf_counter() - start
    compiled(*data).block_until_ready()
    seconds, weights = timed(
        lambda: np.asarray(compiled(*data).block_until_ready()), settings.repetitions
    )
    logit, mu, sigma = linear(customers, weights.astype(np.float64))
    return Trained(seconds, settings.epochs, logit, mu, sigma, preparation=preparation)


def batches(customers: Customers, batch_size: int) -> tuple[Foreign, Foreign, Foreign]:
    """Features, who pays, and log-amounts: a batch a row."""
    used = len(customers.label) // batch_size * batch_size
    label = customers.label[:used]
    pays = label > 0
    features = customers.features[:used].astype(np.float32)
    return (
        features.reshape(-1, batch_size, features.shape[1]),
        pays.astype(np.float32).reshape(-1, batch_size),
        np.log(np.where(pays, label, 1.0)).astype(np.float32).reshape(-1, batch_size),
    )


def _training(jax: Foreign, epochs: int) -> Foreign:
    """Build the function from batches to weights that is compiled."""
    jnp = jax.numpy

    def loss(weights: Foreign, batch: Foreign) -> Foreign:
        features, pays, ln_y = batch
        logit, mu, raw_sigma = (features @ weights[:-1] + weights[-1]).T
        sigma = jnp.maximum(jax.nn.softplus(raw_sigma), SIGMA_FLOOR)
        amount = ln_y + jnp.log(sigma) + HALF_LN_2PI + 0.5 * jnp.square((ln_y - mu) / sigma)
        return jnp.mean(jax.nn.softplus(logit) + pays * (amount - logit))

    def step(state: Foreign, batch: Foreign, steps: int) -> Foreign:
        weights, mean, square, count = state
        gradient = jax.grad(loss)(weights, batch)
        count = count + 1.0
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient * gradient
        rate = LEARNING_RATE * 0.5 * (1.0 + jnp.cos(jnp.pi * (count - 1.0) / steps))
        unbiased = square / (1.0 - 0.999**count)
        weights = weights - rate * mean / (1.0 - 0.9**count) / (jnp.sqrt(unbiased) + 1e-8)
        return (weights, mean, square, count), None

    def training(features: Foreign, pays: Foreign, ln_y: Foreign) -> Foreign:
        batches = (features, pays, ln_y)
        steps = epochs * features.shape[0]
        zeros = jnp.zeros((features.shape[2] + 1, 3), jnp.float32)

        def epoch(state: Foreign, _: Foreign) -> Foreign:
            return jax.lax.scan(lambda s, batch: step(s, batch, steps), state, batches)

        state, _ = jax.lax.scan(epoch, (zeros, zeros, zeros, jnp.float32(0.0)), None, epochs)
        return state[0]

    return training
