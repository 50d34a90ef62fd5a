"""`ziln.fit_sgd` with default options: the linear heads, and a network on top of them."""

from collections.abc import Sequence

import ziln
from benchmarks.quality.common import Heads, Task

HIDDEN = (64, 32)


def linear(task: Task) -> Heads:
    """No option at all."""
    return _predict(task, None)


def network(task: Task) -> Heads:
    """Two hidden layers, and no other option."""
    return _predict(task, HIDDEN)


def _predict(task: Task, hidden: Sequence[int] | None) -> Heads:
    model = task.train.select(ziln.fit_sgd(task.label, task.features, hidden=hidden)).item()
    heads = task.test.select(ziln.predict(model, task.features)).unnest("params")
    return Heads(*(heads[name].to_numpy() for name in ("logit", "mu", "sigma")))
