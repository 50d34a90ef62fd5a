"""The estimator keeps scikit-learn's conventions, and trains and predicts what the functions do."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import datafusion
import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_customers
from scipy import sparse
from scipy.stats import lognorm
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import ziln
from ziln.sklearn import ZILNRegressor, gini_scorer, loss_scorer, normalized_gini_score

FEATURES = ["visits", "recency", "channel", "is_new"]
CUSTOMERS = random_customers(600, seed=4).filter(pl.col("ltv").is_not_null())
X = CUSTOMERS.select(FEATURES)
NUMBERS = X.select("visits", "recency").to_numpy()
Y = CUSTOMERS["ltv"].to_numpy()
WEIGHT = CUSTOMERS["weight"].fill_null(1).to_numpy()


CHECKS = """
from sklearn.utils.estimator_checks import check_estimator
from ziln.sklearn import ZILNRegressor
results = check_estimator(ZILNRegressor(), on_fail=None, on_skip=None)
for result in results:
    if result["status"] != "passed":
        print(result["check_name"], result["status"], result["exception"])
print(len(results) > 50)
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_scikit_learns_own_checks_pass_and_none_is_skipped() -> None:
    # In a process of its own: the variable is read when SciPy is imported, and without it one check is skipped.
    assert run(CHECKS, SCIPY_ARRAY_API="1").stdout == "True\n"


def test_every_option_of_training_is_a_parameter() -> None:
    options = inspect.signature(ziln.fit_sgd).parameters
    parameters = inspect.signature(ZILNRegressor).parameters
    keywords = {name for name, value in options.items() if value.kind is value.KEYWORD_ONLY}
    assert set(parameters) == keywords - {"weight", "seed"} | {"random_state"}
    for name in set(parameters) - {"random_state"}:
        assert parameters[name].default is None
        if name != "init":  # one model, where the function also takes one a group
            assert parameters[name].annotation == options[name].annotation


@pytest.fixture(scope="module")
def fitted() -> ZILNRegressor:
    return ZILNRegressor(epochs=30, random_state=3).fit(X, Y, sample_weight=WEIGHT)


def test_the_model_is_that_of_polars_and_of_sql(
    fitted: ZILNRegressor, ctx: datafusion.SessionContext
) -> None:
    data = X.with_columns(ltv=Y, weight=WEIGHT)
    assert (
        fitted.model_
        == data.select(ziln.fit_sgd("ltv", FEATURES, weight="weight", epochs=30, seed=3)).item()
    )
    ctx.from_arrow(data.to_arrow(), "customers")
    features = ", ".join(f"{name}: {name}" for name in FEATURES)
    rows = ctx.sql(
        f"SELECT ziln_fit_sgd(ltv, {{{features}}}, weight, {{epochs: 30, seed: 3}}) AS model FROM customers"
    ).to_pylist()
    assert rows == [{"model": fitted.model_}]
    ctx.from_arrow(pl.DataFrame({"model": [fitted.model_]}).to_arrow(), "models")
    sql = ctx.sql(
        f"SELECT ziln_expected_ltv(ziln_predict(model, {{{features}}})) AS ltv FROM customers CROSS JOIN models"
    )
    assert np.array_equal(np.sort(sql.to_pydict()["ltv"]), np.sort(fitted.predict(X)))


def test_predictions_are_those_of_the_distribution(fitted: ZILNRegressor) -> None:
    pay_prob, mu, sigma = fitted.predict_params(X).T
    amount = lognorm(s=sigma, scale=np.exp(mu))
    np.testing.assert_allclose(fitted.predict(X), pay_prob * amount.mean(), rtol=1e-9)
    probabilities = [0.2, 0.5, 0.95]
    quantiles = fitted.predict_quantile(X, probabilities)
    assert quantiles.shape == (len(X), 3)
    for q, got in zip(probabilities, quantiles.T, strict=True):
        expected = np.where(q <= 1 - pay_prob, 0, amount.ppf((q - 1 + pay_prob) / pay_prob))
        np.testing.assert_allclose(got, expected, rtol=1e-7)
        assert np.array_equal(fitted.predict_quantile(X, q), got)


@pytest.mark.parametrize("q", [-0.1, 1.5, float("nan"), [[0.5]]])
def test_quantiles_are_of_probabilities(fitted: ZILNRegressor, q: Any) -> None:
    with pytest.raises(ValueError, match=r"predict_quantile: argument `q`: expected a number betw"):
        fitted.predict_quantile(X, q)


PANDAS = X.to_pandas()
FRAMES = {
    "pandas": PANDAS,
    "pandas with categories": PANDAS.astype({"channel": "category"}),
    "pandas with objects": PANDAS.astype({"channel": object}),
    "pandas with nullable numbers": PANDAS.astype({"visits": "Int64", "recency": "Float64"}),
    "polars with categories": X.with_columns(pl.col("channel").cast(pl.Categorical)),
    "polars with an enum": X.with_columns(
        pl.col("channel").cast(pl.Enum(["mail", "search", "social"]))
    ),
    "pyarrow": X.to_arrow(),
    "datafusion": datafusion.SessionContext().from_arrow(X.to_arrow()),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_every_frame_gives_the_same_model(frame: Any, fitted: ZILNRegressor) -> None:
    other = clone(fitted).fit(frame, Y, sample_weight=WEIGHT)
    assert other.model_ == fitted.model_
    assert other.feature_names_in_.tolist() == FEATURES
    assert other.n_features_in_ == len(FEATURES)
    assert np.array_equal(other.predict(X), fitted.predict(frame))


def test_numbers_without_names_are_those_of_a_list() -> None:
    estimator = ZILNRegressor(epochs=5).fit(NUMBERS, Y)
    lists = pl.DataFrame({"x": NUMBERS.tolist(), "ltv": Y})
    assert estimator.model_ == lists.select(ziln.fit_sgd("ltv", "x", epochs=5)).item()
    assert not hasattr(estimator, "feature_names_in_")
    numbered = pd.DataFrame(NUMBERS)
    assert clone(estimator).fit(numbered, Y).model_ == estimator.model_
    assert np.array_equal(estimator.predict(numbered), estimator.predict(NUMBERS))


def test_categories_of_pandas_are_levels_even_if_they_are_numbers() -> None:
    shops = pd.DataFrame({"shop": pd.Categorical(CUSTOMERS["campaign"].to_list())})
    model = ZILNRegressor(epochs=5).fit(shops, Y).model_
    assert shops["shop"].cat.categories.dtype.kind == "i"  # the caller's frame is as it was
    names = CUSTOMERS.select(pl.col("campaign").cast(pl.String).alias("shop"), ltv=Y)
    assert model == names.select(ziln.fit_sgd("ltv", ["shop"], epochs=5)).item()
    unnamed = pd.DataFrame({0: CUSTOMERS["visits"].to_list(), 1: shops["shop"]})
    assert ZILNRegressor(epochs=5).fit(unnamed, Y).predict(unnamed).shape == Y.shape


def test_missing_numbers_count_as_the_mean_and_infinite_ones_are_missing() -> None:
    estimator = ZILNRegressor(epochs=20).fit(NUMBERS, Y)
    mean = np.nanmean(NUMBERS, axis=0)
    for missing in (np.nan, np.inf, -np.inf):
        np.testing.assert_allclose(
            estimator.predict([[missing, missing]]), estimator.predict([mean]), rtol=1e-12
        )


def test_a_negative_label_is_no_payment() -> None:
    negative = np.where(Y == 0, -5.0, Y)
    no_payment = ZILNRegressor(epochs=5).fit(NUMBERS, Y)
    got = ZILNRegressor(epochs=5).fit(NUMBERS, negative)
    np.testing.assert_allclose(got.predict(NUMBERS), no_payment.predict(NUMBERS), rtol=1e-6)


def fit(X: Any = NUMBERS, y: Any = Y, weight: Any = None, **parameters: Any) -> ZILNRegressor:  # noqa: N803
    return ZILNRegressor(**parameters).fit(X, y, sample_weight=weight)


NO_PAYMENT = r"ZILNRegressor.fit: argument `y`: expected a payment, .* got none among n_samples="


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit(y=np.minimum(Y, 0)), ValueError, NO_PAYMENT),
        (lambda: fit(weight=(Y == 0).astype(float)), ValueError, NO_PAYMENT),
        (lambda: fit(min_payment=1e9), ValueError, NO_PAYMENT),
        (lambda: fit(y=np.full(len(Y), np.nan)), ValueError, "Input y contains NaN"),
        (lambda: fit(y=Y[1:]), ValueError, "inconsistent numbers of samples"),
        (lambda: fit(X, Y[1:]), ValueError, "inconsistent numbers of samples"),
        (lambda: fit(y=np.stack([Y, Y], axis=1)), ValueError, "y should be a 1d array"),
        (lambda: fit(weight=-WEIGHT), ValueError, "Negative values in data passed to `sample_w"),
        (lambda: fit(sparse.csr_matrix(NUMBERS)), TypeError, "Sparse data was passed"),
        (lambda: fit(X.to_numpy()), ValueError, "could not convert string to float"),
        (lambda: fit(X.lazy()), TypeError, r"argument `X`: expected rows .* collect\(\) it"),
        (lambda: fit(X.clear(), []), ValueError, r"`X`: found a frame with 0 sample\(s\)"),
        (lambda: fit(pl.DataFrame()), ValueError, r"`X`: found a frame with 0 feature\(s\)"),
        (
            lambda: fit(X.with_columns(day=pl.time(12))),
            ValueError,
            r"^ziln_fit_sgd: argument `features.day`: expected a number.*got time$",
        ),
        (
            lambda: fit(PANDAS.assign(odd=[1, "x"] * (len(Y) // 2))),
            ValueError,
            "argument `X`: expected a frame that Polars can hold",
        ),
        (
            lambda: fit(epochs=-1),
            ValueError,
            r"^ziln_fit_sgd: option `epochs`: expected an integer from 0 to 1000000, got -1$",
        ),
        (lambda: fit(optimizer="adan"), ValueError, "option `optimizer`: expected one of adam"),
        (lambda: fit(init="model"), ValueError, "option `init`: expected the text of a model"),
        (lambda: fit(random_state=-1), ValueError, "option `seed`: expected an integer from 0"),
        (lambda: ZILNRegressor().predict(X), NotFittedError, "not fitted yet"),
        (
            lambda: fit(X).predict(X.with_columns(channel=1)),
            ValueError,
            "^ziln_predict: .*feature `channel` is a category in the model, and numbers came",
        ),
        (lambda: fit(X).predict(X.reverse()[:, ::-1]), ValueError, "must be in the same order"),
        (lambda: fit(X).predict(X.drop("channel")), ValueError, "seen at fit time, yet now miss"),
    ],
)
def test_what_is_wrong_is_said(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_random_state_is_a_seed_or_draws_one() -> None:
    def model(random_state: Any) -> str:
        return fit(epochs=2, validation_fraction=0.3, random_state=random_state).model_

    assert model(np.int64(5)) == model(5) != model(6)
    state = np.random.RandomState(1)
    assert model(state) != model(state)
    assert model(np.random.RandomState(1)) == model(np.random.RandomState(1))
    np.random.seed(7)  # noqa: NPY002 (None means this generator)
    first = model(None)
    np.random.seed(7)  # noqa: NPY002
    assert model(None) == first


def test_training_continues_from_a_model() -> None:
    options: Mapping[str, Any] = {"schedule": "constant", "keep_state": True}
    half = fit(epochs=10, **options)
    whole = fit(epochs=20, **options)
    again = fit(epochs=10, init=half.model_, **options)
    assert np.array_equal(again.predict(NUMBERS), whole.predict(NUMBERS))
    assert (half.n_iter_, whole.n_iter_) == (10, 20)


def test_warnings_of_the_model_are_at_hand() -> None:
    residues = np.where(Y == 0, 1e-15, Y)
    (warning,) = fit(y=residues, epochs=5).warnings_
    assert "below" in warning
    assert fit(epochs=5).warnings_ == []


def test_a_copy_and_a_pickle_predict_the_same(fitted: ZILNRegressor) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.predict(X), fitted.predict(X))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "model_")


def test_the_score_is_r2_of_the_expected_value(fitted: ZILNRegressor) -> None:
    assert fitted.score(X, Y) == r2_score(Y, fitted.predict(X))
    assert fitted.score(X, Y, WEIGHT) == r2_score(Y, fitted.predict(X), sample_weight=WEIGHT)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_scores_are_the_metrics_of_the_package(fitted: ZILNRegressor, weight: Any) -> None:
    scored = X.with_columns(
        params=ziln.predict(fitted.model_, FEATURES), ltv=Y, weight=1 if weight is None else weight
    )
    metrics = scored.select(ziln.evaluate("ltv", "params", weight="weight")).item()
    assert loss_scorer(fitted, X, Y, weight) == -metrics["loss"]
    given = {} if weight is None else {"sample_weight": weight}
    assert gini_scorer(fitted, X, Y, **given) == metrics["normalized_gini"]


def test_an_undefined_score_is_nan_and_a_warning(fitted: ZILNRegressor) -> None:
    with pytest.warns(UndefinedMetricWarning, match="the Gini coefficient needs"):
        assert np.isnan(normalized_gini_score([0.0, 0.0], [1.0, 2.0]))
    with pytest.warns(UndefinedMetricWarning, match="the mean loss needs"):
        assert np.isnan(loss_scorer(fitted, X[:2], [np.nan, np.nan]))


def test_the_loss_is_that_of_a_distribution() -> None:
    with pytest.raises(TypeError, match=r"loss_scorer: argument `estimator`: .*got StandardScaler"):
        loss_scorer(make_pipeline(StandardScaler()), NUMBERS, Y)


def test_it_works_in_a_pipeline() -> None:
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["visits", "recency"]),
            ("text", OneHotEncoder(sparse_output=False), ["channel"]),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    frame = PANDAS.fillna({"channel": "none"})
    pipeline = Pipeline([("columns", columns), ("ziln", ZILNRegressor(epochs=5))])
    pipeline.fit(frame, Y, ziln__sample_weight=WEIGHT)
    assert list(pipeline[-1].feature_names_in_[:3]) == ["visits", "recency", "channel_mail"]
    features = pipeline[:-1].transform(frame)
    assert loss_scorer(pipeline, frame, Y) == loss_scorer(pipeline[-1], features, Y)
    assert loss_scorer(make_pipeline(pipeline[-1]), features, Y) == loss_scorer(
        pipeline[-1], features, Y
    )
    polars = make_pipeline(StandardScaler().set_output(transform="polars"), ZILNRegressor(epochs=5))
    numbers = X.select("visits", "recency")
    assert polars.fit(numbers, Y).predict(numbers).shape == Y.shape
    assert polars[-1].feature_names_in_.tolist() == ["visits", "recency"]


@pytest.mark.parametrize("features", [NUMBERS, PANDAS, X, X.to_arrow()])
def test_it_is_chosen_by_cross_validation(features: Any) -> None:
    grid = GridSearchCV(
        ZILNRegressor(epochs=20),
        {"l2": [1e-3, 10.0], "optimizer": ["adam", "sgd"]},
        scoring={"loss": loss_scorer, "gini": gini_scorer, "r2": "r2"},
        refit="loss",
        cv=3,
        error_score="raise",
    ).fit(features, Y)
    assert grid.best_params_["l2"] == 1e-3
    assert np.isfinite(grid.predict(features)).all()
    losses = grid.cv_results_["mean_test_loss"]
    assert losses[grid.best_index_] == losses.max()
    best = clone(grid.best_estimator_)
    scores = cross_val_score(best, features, Y, scoring=loss_scorer, cv=3)
    assert scores.mean() == pytest.approx(losses.max(), rel=1e-12)


def test_without_scikit_learn_ziln_works_and_the_module_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None; import ziln; print('fine'); import ziln.sklearn"
    )
    done = run(code)
    assert done.stdout == "fine\n"
    assert "pip install 'ziln[sklearn]'" in done.stderr
