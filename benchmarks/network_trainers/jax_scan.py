"""JAX: the whole training as one compiled scan over batches, with Adam and a cosine schedule, written by hand."""

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.formulas import HALF_LN_2PI, SIGMA_FLOOR
from benchmarks.network_trainers.common import (
    BATCH_SIZE,
    LEARNING_RATE,
    Run,
    clock,
    first_layers,
    mean_loss,
)
from benchmarks.simulate import Customers
from benchmarks.trainers.jax_scan import batches


def train(customers: Customers, hidden: list[int], epochs: int) -> Run | None:
    """Compile, train, and train again."""
    jax = common.optional("jax")
    if jax is None:
        return None
    data = tuple(map(jax.numpy.asarray, batches(customers, BATCH_SIZE)))
    start = jax.tree.map(jax.numpy.asarray, first_layers(customers, hidden))
    training = jax.jit(_training(jax, epochs))
    jax.block_until_ready(training(start, *data))
    seconds, used, layers = clock(lambda: jax.block_until_ready(training(start, *data)))
    raw = np.asarray(_outputs(jax, layers, customers.features.astype(np.float32)))
    return Run(data[1].size * epochs, seconds, used, mean_loss(customers.label, raw))


def _outputs(jax: Foreign, layers: Foreign, rows: Foreign) -> Foreign:
    *hidden, (weights, biases) = layers
    for inner, bias in hidden:
        rows = jax.nn.relu(rows @ inner + bias)
    return rows @ weights + biases


def _training(jax: Foreign, epochs: int) -> Foreign:
    """Build the function from first layers and batches to layers that is compiled."""
    jnp, tree = jax.numpy, jax.tree

    def loss(layers: Foreign, batch: Foreign) -> Foreign:
        features, pays, ln_y = batch
        logit, mu, raw_sigma = _outputs(jax, layers, features).T
        sigma = jnp.maximum(jax.nn.softplus(raw_sigma), SIGMA_FLOOR)
        amount = ln_y + jnp.log(sigma) + HALF_LN_2PI + 0.5 * jnp.square((ln_y - mu) / sigma)
        return jnp.mean(jax.nn.softplus(logit) + pays * (amount - logit))

    def step(state: Foreign, batch: Foreign, steps: int) -> Foreign:
        layers, means, squares, count = state
        gradient = jax.grad(loss)(layers, batch)
        count = count + 1.0
        means = tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, gradient)
        squares = tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, squares, gradient)
        rate = LEARNING_RATE * 0.5 * (1.0 + jnp.cos(jnp.pi * (count - 1.0) / steps))
        first, second = 1.0 - 0.9**count, 1.0 - 0.999**count

        def moved(weight: Foreign, mean: Foreign, square: Foreign) -> Foreign:
            return weight - rate * (mean / first) / (jnp.sqrt(square / second) + 1e-8)

        return (tree.map(moved, layers, means, squares), means, squares, count), None

    def training(layers: Foreign, features: Foreign, pays: Foreign, ln_y: Foreign) -> Foreign:
        steps = epochs * features.shape[0]
        zeros = tree.map(jnp.zeros_like, layers)

        def epoch(state: Foreign, _: Foreign) -> Foreign:
            rows = (features, pays, ln_y)
            return jax.lax.scan(lambda s, batch: step(s, batch, steps), state, rows)

        state = (layers, zeros, zeros, jnp.float32(0.0))
        state, _ = jax.lax.scan(epoch, state, None, epochs)
        return state[0]

    return training
