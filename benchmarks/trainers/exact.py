"""The objective's minimum, by SciPy's L-BFGS over all rows in float64: what the others are compared with."""

import numpy as np
import numpy.typing as npt

from benchmarks import common, formulas
from benchmarks.simulate import Customers, Floats
from benchmarks.trainers.common import Settings, Trained, linear, timed


def train(customers: Customers, _settings: Settings) -> Trained | None:
    """Minimise the mean loss over linear heads."""
    optimize = common.optional("scipy.optimize")
    if optimize is None:
        return None
    features = customers.features.astype(np.float64)
    pays = customers.label > 0
    ln_y = np.log(np.where(pays, customers.label, 1.0))
    start = np.zeros((features.shape[1] + 1, 3))

    def objective(flat: Floats) -> tuple[float, Floats]:
        return _loss_and_gradient(flat.reshape(start.shape), features, pays, ln_y)

    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8}
    seconds, found = timed(
        lambda: optimize.minimize(
            objective, start.ravel(), jac=True, method="L-BFGS-B", options=options
        ),
        repetitions=1,
    )
    logit, mu, sigma = linear(customers, found.x.reshape(start.shape))
    return Trained(seconds, int(found.nfev), logit, mu, sigma)


def _loss_and_gradient(
    weights: Floats, features: Floats, pays: npt.NDArray[np.bool_], ln_y: Floats
) -> tuple[float, Floats]:
    logit, mu, raw_sigma = (features @ weights[:-1] + weights[-1]).T
    sigma = formulas.sigma_numpy(raw_sigma)
    label = np.where(pays, np.exp(ln_y), 0.0)
    loss = formulas.loss_numpy(label, logit, mu, sigma).mean()
    distance = (ln_y - mu) / sigma
    slope = np.where(sigma > formulas.SIGMA_FLOOR, 1.0 / (1.0 + np.exp(-raw_sigma)), 0.0)
    by_row = np.stack(
        [
            1.0 / (1.0 + np.exp(-logit)) - pays,
            np.where(pays, -distance / sigma, 0.0),
            np.where(pays, (1.0 - distance**2) / sigma * slope, 0.0),
        ],
        axis=1,
    ) / len(ln_y)
    gradient = np.vstack([features.T @ by_row, by_row.sum(axis=0)])
    return float(loss), gradient.ravel()
