"""scikit-learn: a classifier of who pays and a regression of the payers' log-amounts, each by SGD.

They step row by row with their own schedules; sigma is one number, the spread of the residuals.
"""

import numpy as np

from benchmarks import common
from benchmarks.simulate import Customers
from benchmarks.trainers.common import Settings, Trained, residual_sigma, timed


def train(customers: Customers, settings: Settings) -> Trained | None:
    """Fit both, for a fixed number of epochs."""
    linear_model = common.optional("sklearn.linear_model")
    if linear_model is None:
        return None
    features = customers.features
    pays = customers.label > 0
    log_amounts = np.log(customers.label[pays])
    paying = np.ascontiguousarray(features[pays])
    fixed = {"max_iter": settings.epochs, "tol": None, "random_state": 0}
    classifier = linear_model.SGDClassifier(loss="log_loss", penalty=None, **fixed)
    regressor = linear_model.SGDRegressor(penalty=None, **fixed)

    def fit() -> None:
        classifier.fit(features, pays)
        regressor.fit(paying, log_amounts)

    seconds, _ = timed(fit, settings.repetitions)
    mu = regressor.predict(features).astype(np.float64)
    logit = classifier.decision_function(features).astype(np.float64)
    return Trained(seconds, settings.epochs, logit, mu, residual_sigma(customers, mu))
