"""Training against the exact optimum, which an independent solver finds: SciPy's L-BFGS on the whole data."""

import json
from typing import Any

import datafusion
import numpy as np
import polars as pl
import pytest
import scipy.optimize
from numpy.typing import NDArray
from warehouse import query

import ziln
import ziln.datasets

HEADS = ("logit", "mu", "raw_sigma")
SIGMA_FLOOR = np.sqrt(1e-7)

Array = NDArray[np.float64]


def softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def sigmoid(x: Array) -> Array:
    return np.exp(-softplus(-x))


class Problem:
    """The training objective of the contract on standardised features, written down a second time."""

    def __init__(self, features: Array, label: Array, options: dict[str, Any]) -> None:
        self.x = np.column_stack([np.ones(len(label)), features])
        self.prior = options["sigma_prior"]
        l2 = options["l2"]
        self.pays = label > 0
        self.log_label = np.log(np.where(self.pays, label, 1.0))
        self.l2 = np.array([l2[head] for head in HEADS])

    def value_and_gradient(self, flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(3, -1)
        logit, mu, raw_sigma = weights @ self.x.T
        soft = softplus(raw_sigma)
        sigma = np.maximum(soft, SIGMA_FLOOR)
        z = (self.log_label - mu) / sigma
        amount = self.log_label + np.log(sigma) + 0.5 * np.log(2 * np.pi) + 0.5 * z**2
        loss = np.where(self.pays, softplus(-logit) + amount, softplus(logit))
        by_logit = sigmoid(logit) - self.pays
        by_mu = np.where(self.pays, -z / sigma, 0.0)
        by_sigma = np.where(self.pays & (soft > SIGMA_FLOOR), (1 - z**2) / sigma, 0.0)
        gradients = np.stack([by_logit, by_mu, by_sigma * sigmoid(raw_sigma)])
        penalised = weights.copy()
        penalised[:, 0] = 0.0
        penalty = 0.5 * np.sum(self.l2[:, None] * penalised**2)
        gradient = gradients @ self.x / len(self.pays) + self.l2[:, None] * penalised
        # Imagined payers, at the intercept of raw sigma.
        raw = weights[2, 0]
        sigma_0, ratio = softplus(raw), self.prior["spread"] / softplus(raw)
        penalty += self.prior["weight"] * (np.log(sigma_0) + ratio**2 / 2)
        gradient[2, 0] += self.prior["weight"] * (1 - ratio**2) / sigma_0 * sigmoid(raw)
        return float(loss.mean() + penalty), gradient.ravel()

    def optimum(self, start: Array | None = None) -> float:
        if start is None:
            start = np.zeros(3 * self.x.shape[1])
        options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9}
        result = scipy.optimize.minimize(
            self.value_and_gradient, start, jac=True, method="L-BFGS-B", options=options
        )
        return float(result.fun)


def standardised(model: dict[str, Any], frame: pl.DataFrame, *, is_held: bool = True) -> Array:
    columns = []
    for feature in model["features"]:
        if "categorical" in feature["encoding"]:
            levels = feature["encoding"]["categorical"]["levels"]
            columns += [frame[feature["name"]].eq_missing(level).to_numpy() for level in levels]
            continue
        numeric = feature["encoding"]["numeric"]
        values = frame[feature["name"]].cast(pl.Float64).to_numpy()
        # Payers are within the range of the payers, so that this one serves all heads.
        if is_held:
            values = np.clip(values, numeric["range"]["least"], numeric["range"]["most"])
        columns.append((values - numeric["mean"]) / numeric["scale"])
    return np.column_stack(columns)


def flat_weights(model: dict[str, Any]) -> Array:
    heads = [model["weights"][head] for head in HEADS]
    return np.concatenate([[head["intercept"], *head["weights"]] for head in heads])


@pytest.mark.parametrize("cohort", ["global", "1997-01", "1997-02", "1997-03"])
def test_default_options_reach_the_optimum(cdnow: datafusion.SessionContext, cohort: str) -> None:
    text = query(cdnow, f"SELECT model FROM models WHERE cohort = '{cohort}'")["model"][0]
    model = json.loads(text)
    where = "training" if cohort == "global" else f"training AND cohort = '{cohort}'"
    rows = query(cdnow, f"SELECT ltv, features FROM customers WHERE {where}").unnest("features")
    problem = Problem(
        standardised(model, rows), rows["ltv"].cast(pl.Float64).to_numpy(), model["options"]
    )
    reached, _ = problem.value_and_gradient(flat_weights(model))
    best = problem.optimum()
    assert reached == pytest.approx(model["training"]["objective"], abs=1e-9)
    assert best <= reached + 1e-9, "the solver must be at least as good as training"
    assert reached - best < 1e-3


def compare_newton(frame: pl.DataFrame, label: str, features: list[str]) -> None:
    """The exact solver comes as near to the optimum as an objective can be told."""
    fits = frame.select(newton=ziln.fit_newton(label, features), sgd=ziln.fit_sgd(label, features))
    model, by_steps = (json.loads(text) for text in fits.row(0))
    assert model["training"]["stop_reason"] == "converged"
    label_values = frame[label].cast(pl.Float64).to_numpy()
    # A residue is no payment.
    label_values = np.where(label_values < model["options"]["min_payment"], 0.0, label_values)
    # Training has the features in single precision; a missing number is the mean. Ranges that hold a customer who lies
    # beyond all payers are for predictions.
    columns = (
        np.nan_to_num(standardised(model, frame, is_held=False))
        .astype(np.float32)
        .astype(np.float64)
    )
    problem = Problem(columns, label_values, model["options"])
    reached, gradient = problem.value_and_gradient(flat_weights(model))
    start = flat_weights(model) + np.random.default_rng(0).normal(0.0, 0.01, len(gradient))
    assert reached <= problem.optimum(start) + 1e-9
    # Training by steps sums its heads in single precision.
    stepped, _ = problem.value_and_gradient(flat_weights(by_steps))
    assert reached <= stepped + 1e-12


def test_newton_is_at_the_optimum_of_cdnow(cdnow: datafusion.SessionContext) -> None:
    rows = query(cdnow, "SELECT ltv, features FROM customers WHERE training").unnest("features")
    compare_newton(rows, "ltv", [name for name in rows.columns if name != "ltv"])


def test_newton_is_at_the_optimum_of_rand_hie() -> None:
    frame = ziln.datasets.rand_hie().select(
        "meddol",
        "female",
        "child",
        "disea",
        "physlm",
        "ghindx",
        age="xage",
        income=pl.col("income").log1p(),
        plan=pl.col("plan").cast(pl.String),
        site=pl.col("site").cast(pl.String),
    )
    compare_newton(frame, "meddol", frame.columns[1:])


def test_held_out_customers(cdnow: datafusion.SessionContext) -> None:
    """The figures that the demo promises: ranking, total and loss on customers no model has seen."""
    frame = query(
        cdnow,
        """
        SELECT ziln_evaluate(ltv, global_params) AS model, ziln_evaluate(ltv, baseline_params) AS baseline
        FROM scored
        """,
    )
    model, baseline = frame["model"][0], frame["baseline"][0]
    assert model["rows"] == 6971
    assert model["normalized_gini"] >= 0.70
    assert model["prediction_ratio"] == pytest.approx(1.0, abs=0.10)
    assert model["loss"] < baseline["loss"] - 0.1
