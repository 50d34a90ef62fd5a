"""PyTorch: the usual loop over batches, with its fused Adam and a cosine schedule."""

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
    """An epoch to warm up, then all of them."""
    torch = common.optional("torch")
    if torch is None:
        return None
    torch.set_num_threads(common.cores())
    data = [torch.from_numpy(part) for part in batches(customers, BATCH_SIZE)]
    _trained(torch, customers, hidden, data, 1)
    seconds, used, network = clock(lambda: _trained(torch, customers, hidden, data, epochs))
    with torch.no_grad():
        raw = network(torch.from_numpy(customers.features)).numpy()
    return Run(data[1].numel() * epochs, seconds, used, mean_loss(customers.label, raw))


def _trained(
    torch: Foreign, customers: Customers, hidden: list[int], data: list[Foreign], epochs: int
) -> Foreign:
    network = _network(torch, customers, hidden)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    steps = epochs * len(data[0])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for features, pays, ln_y in zip(*data, strict=True):
            optimizer.zero_grad()
            _loss(torch, network(features), pays, ln_y).backward()
            optimizer.step()
            schedule.step()
    return network


def _network(torch: Foreign, customers: Customers, hidden: list[int]) -> Foreign:
    stack = []
    for weights, biases in first_layers(customers, hidden):
        layer = torch.nn.Linear(*weights.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights.T))
            layer.bias.copy_(torch.from_numpy(biases))
        stack += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*stack[:-1])


def _loss(torch: Foreign, raw: Foreign, pays: Foreign, ln_y: Foreign) -> Foreign:
    logit, mu, raw_sigma = raw.unbind(1)
    softplus = torch.nn.functional.softplus
    sigma = torch.clamp(softplus(raw_sigma), min=SIGMA_FLOOR)
    amount = ln_y + torch.log(sigma) + HALF_LN_2PI + 0.5 * ((ln_y - mu) / sigma) ** 2
    return (softplus(logit) + pays * (amount - logit)).mean()
