"""The network of the paper in PyTorch as one would tune it: a small grid, early stopping, the best on held-out rows.

Numbers are standardised, categories embedded; one trunk with three outputs. Adam, and the weights of the best epoch.
"""

import copy
import itertools

import numpy as np

from benchmarks import common
from benchmarks.common import Foreign
from benchmarks.formulas import HALF_LN_2PI, SIGMA_FLOOR
from benchmarks.quality.common import Heads, Task

LAYERS = ((64, 32), (128, 64))
LEARNING_RATES = (1e-3, 3e-3)
DROPOUTS = (0.0, 0.2)
BATCH_SIZE = 256
EPOCHS = 60
PATIENCE = 6
WEIGHT_DECAY = 1e-4
FAR = 5.0
"""Standard deviations of a number beyond which it is held."""


def predict(task: Task) -> Heads | None:
    """Train every network of the grid, and predict with the best."""
    torch = common.optional("torch")
    if torch is None:
        return None
    torch.manual_seed(task.seed)
    fold = task.split()
    inputs = _Inputs(torch, fold)
    train, validation = inputs.rows(fold.train), inputs.rows(fold.test)
    grid = itertools.product(LAYERS, LEARNING_RATES, DROPOUTS)
    trained = [_train(torch, inputs, train, validation, *choice) for choice in grid]
    _, best = min(trained, key=lambda found: found[0])
    best.eval()
    with torch.no_grad():
        out = best(*inputs.rows(task.test)[:2])
    logit, mu, raw_sigma = out.double().T
    sigma = torch.clamp(torch.nn.functional.softplus(raw_sigma), min=SIGMA_FLOOR)
    return Heads(logit.numpy(), mu.numpy(), sigma.numpy())


class _Inputs:
    """How rows become tensors, learnt from the training rows."""

    def __init__(self, torch: Foreign, task: Task) -> None:
        self.torch, self.task = torch, task
        numbers = task.train.select(task.numbers).to_numpy().astype(np.float64)
        self.means = np.nanmean(numbers, axis=0)
        self.scales = np.nanstd(numbers, axis=0) + 1e-9
        self.levels = [task.train[name].n_unique() for name in task.categories]
        label = task.labels(task.train)
        payers = np.log(label[label > 0])
        share = len(payers) / len(label)
        raw_sigma = np.log(np.expm1(max(float(payers.std()), 0.1)))
        self.start = [float(np.log(share / (1 - share))), float(payers.mean()), float(raw_sigma)]

    def rows(self, frame: Foreign) -> tuple[Foreign, Foreign, Foreign, Foreign]:
        """Numbers, levels, who pays, and log-amounts."""
        task, torch = self.task, self.torch
        numbers = frame.select(task.numbers).to_numpy().astype(np.float64)
        scaled = np.nan_to_num((numbers - self.means) / self.scales).clip(-FAR, FAR)
        label = task.labels(frame)
        log_amount = np.log(np.where(label > 0, label, 1.0))
        return (
            torch.tensor(scaled, dtype=torch.float32),
            torch.tensor(task.codes(frame)),
            torch.tensor(label > 0),
            torch.tensor(log_amount, dtype=torch.float32),
        )


def _network(torch: Foreign, inputs: _Inputs, layers: tuple[int, ...], dropout: float) -> Foreign:
    nn = torch.nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = [min(32, round(1.6 * levels**0.4)) for levels in inputs.levels]
            self.tables = nn.ModuleList(
                nn.Embedding(levels + 1, size)
                for levels, size in zip(inputs.levels, sizes, strict=True)
            )
            stack, width = [], len(inputs.means) + sum(sizes)
            for units in layers:
                stack += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(dropout)]
                width = units
            last = nn.Linear(width, 3)
            with torch.no_grad():
                last.bias.copy_(torch.tensor(inputs.start))
            self.stack = nn.Sequential(*stack, last)

        def forward(self, numbers: Foreign, codes: Foreign) -> Foreign:
            vectors = [table(codes[:, place]) for place, table in enumerate(self.tables)]
            return self.stack(torch.cat([numbers, *vectors], dim=1))

    return Network()


def _loss(torch: Foreign, out: Foreign, pays: Foreign, log_amount: Foreign) -> Foreign:
    logit, mu, raw_sigma = out.T
    softplus = torch.nn.functional.softplus
    sigma = torch.clamp(softplus(raw_sigma), min=SIGMA_FLOOR)
    amount = log_amount + torch.log(sigma) + HALF_LN_2PI + ((log_amount - mu) / sigma) ** 2 / 2
    return (softplus(logit) + torch.where(pays, amount - logit, 0.0)).mean()


def _train(
    torch: Foreign,
    inputs: _Inputs,
    train: Foreign,
    validation: Foreign,
    layers: tuple[int, ...],
    learning_rate: float,
    dropout: float,
) -> tuple[float, Foreign]:
    """The least loss of the held-out rows, and the network that has it."""
    network = _network(torch, inputs, layers, dropout)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY, fused=True
    )
    best, best_weights, since = float("inf"), network.state_dict(), 0
    for _ in range(EPOCHS):
        network.train()
        for places in torch.randperm(len(train[0])).split(BATCH_SIZE):
            numbers, codes, pays, log_amount = (part[places] for part in train)
            optimizer.zero_grad()
            _loss(torch, network(numbers, codes), pays, log_amount).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss = float(_loss(torch, network(*validation[:2]), *validation[2:]))
        since += 1
        if loss < best:
            best, best_weights, since = loss, copy.deepcopy(network.state_dict()), 0
        if since >= PATIENCE:
            break
    network.load_state_dict(best_weights)
    return best, network
