"""
The models as a scikit-learn estimator.

:class:`ZILNRegressor` trains and predicts with the functions of this package and keeps scikit-learn's conventions, so
that it works in pipelines, cross-validation and grid searches. Its ``model_`` is the model's text, with which SQL and
Polars score. :data:`gini_scorer` and :data:`loss_scorer` judge it as the rest of the package judges predictions.

scikit-learn is an extra: ``pip install 'ziln[sklearn]'``. Importing this module without it raises ``ImportError``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import polars as pl

import ziln
from ziln import _arguments

try:
    import numpy as np
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import make_scorer
    from sklearn.pipeline import Pipeline
    from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    msg = "ziln.sklearn needs scikit-learn 1.9 or newer: pip install 'ziln[sklearn]'"
    raise ImportError(msg, name="sklearn") from error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ZILNRegressor", "gini_scorer", "loss_scorer", "normalized_gini_score"]

Table: TypeAlias = Any
"""Features: a frame of pandas, Polars or anything with the Arrow C stream, or an array of numbers."""

_SEEDS: Final = 2**31 - 1
_PARAMS: Final = "params"


class ZILNRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """
    Zero-inflated log-normal regression: whether a customer pays, and how much.

    A label is 0 with probability ``1 - p`` and log-normal(``mu``, ``sigma``) with probability ``p``. The heads
    ``logit(p)``, ``mu`` and raw ``sigma`` are linear in the features and trained together by
    :func:`ziln.fit_sgd`; ``docs/training.md`` says how. The same rows give the same model, whatever their order.

    Parameters
    ----------
    epochs
        Passes over the rows; 0 keeps the intercepts the training starts from. Default: decided from the data.
    batch_size
        Rows a step. Default: decided from the data.
    learning_rate
        The size of a step. Default: decided from the data.
    optimizer
        How gradients become steps. Default: ``adam``.
    schedule
        How the learning rate falls from step to step. Default: ``cosine``.
    l2
        The penalty on the weights of standardised features, ``l2 / 2 * sum(weight^2)``; 0 is the plain likelihood.
        Default: decided from the data.
    clip_norm
        The greatest norm of a gradient. Default: none.
    validation_fraction
        The share of rows held out to stop early. Default: 0.
    patience
        Epochs without a better validation loss before training stops. Default: 5.
    max_sigma
        The greatest sigma the model predicts. Default: decided from the data.
    min_payment
        The least payment: a smaller positive label counts as 0. Default: a millionth of the median of the positive
        labels.
    min_count
        Rows a level of a categorical feature needs to have weights. Default: 2.
    max_rows
        Rows that are kept at most, a sample that does not depend on their order. Default: none, all are used.
    hidden
        The units of each hidden layer of a network, such as ``[64, 32]``. Default: none, the linear model.
    init
        The text of a model to continue from, such as the ``model_`` of another estimator. Default: none.
    keep_state
        Whether the model keeps the optimiser's state, for an exact continuation with ``init``. Default: false.
    progress
        Whether to show how far training is, if it takes more than two seconds: on a terminal, or in a notebook with
        ``tqdm``. Default: false.
    random_state
        What SQL calls ``seed``: chooses the order of the rows and the rows held out. An integer is that seed; a
        ``RandomState``, or None for NumPy's global one, draws a seed at every ``fit``.

    Attributes
    ----------
    model_
        The model's text, which ``ziln_predict`` in SQL and :func:`ziln.predict` take.
    warnings_
        What a person should look at before trusting the model: a list of sentences, mostly empty.
    n_iter_
        Epochs run.
    n_features_in_
        The number of features.
    feature_names_in_
        Their names, where the features came as a frame whose names are all strings.

    Notes
    -----
    **Features.** Numbers and booleans are standardised; a missing, NaN or infinite one counts as the training mean.
    Columns of strings, ``Categorical``, ``Enum`` and pandas' ``category`` are one-hot encoded; a missing value is a
    level of its own, a level unseen in training adds nothing. Dates and times of dates are days since
    1970-01-01. An array holds numbers only. Features without names are called ``x0``, ``x1``, ... in the model.

    **Labels.** Labels of 0 or less count as not paying. NaN and infinite labels are an error, as everywhere in
    scikit-learn, and so are labels none of which is positive: there is no amount to learn (SQL returns NULL there).

    **Score.** ``score`` is R^2 of the expected value, the convention for regressors. A few customers decide it where
    labels have a heavy tail, and the best model may have one near 0: choose models by :data:`loss_scorer` or
    :data:`gini_scorer`.

    Examples
    --------
    >>> import polars as pl
    >>> from ziln.sklearn import ZILNRegressor
    >>> customers = pl.DataFrame({"visits": [1, 2, 3, 4] * 9, "channel": ["search", "mail", "mail"] * 12})
    >>> ltv = [0.0, 0.0, 5.0, 20.0, 0.0, 4.0] * 6
    >>> estimator = ZILNRegressor(epochs=50).fit(customers, ltv)
    >>> estimator.predict(customers).shape
    (36,)

    The same in Polars, from the model's text:

    >>> scored = customers.select(ziln.expected_ltv(ziln.predict(estimator.model_, ["visits", "channel"])))
    >>> scored.to_series().to_list() == estimator.predict(customers).tolist()
    True
    """

    model_: str
    warnings_: list[str]
    n_iter_: int
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        optimizer: Literal["adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"] | None = None,
        schedule: Literal["constant", "linear", "cosine", "inverse_sqrt"] | None = None,
        l2: float | None = None,
        clip_norm: float | None = None,
        validation_fraction: float | None = None,
        patience: int | None = None,
        max_sigma: float | None = None,
        min_payment: float | None = None,
        min_count: int | None = None,
        max_rows: int | None = None,
        hidden: int | Sequence[int] | None = None,
        init: str | None = None,
        keep_state: bool | None = None,
        progress: bool | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.l2 = l2
        self.clip_norm = clip_norm
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.max_sigma = max_sigma
        self.min_payment = min_payment
        self.min_count = min_count
        self.max_rows = max_rows
        self.hidden = hidden
        self.init = init
        self.keep_state = keep_state
        self.progress = progress
        self.random_state = random_state

    def fit(self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None) -> ZILNRegressor:  # noqa: N803
        """
        Train the model.

        Parameters
        ----------
        X
            The features, of shape (customers, features): a frame, or an array of numbers.
        y
            What the customers spent, of shape (customers,).
        sample_weight
            How often a customer counts, of shape (customers,), none of them negative. Default: once.

        Returns
        -------
        ZILNRegressor
            The estimator itself.

        Raises
        ------
        ValueError
            If nobody of positive weight pays, shapes do not fit, a label is NaN or infinite, a weight is
            negative, NaN or infinite, a feature's type is not supported, or a parameter is out of range.
        TypeError
            If ``X`` is a sparse matrix, or a parameter is of another type.
        """
        if y is None:
            # The words of scikit-learn, which its checks look for.
            msg = "ZILNRegressor requires y to be passed, but the target y is None"
            raise ValueError(msg)
        features = _features(self, X, reset=True)
        label = check_array(column_or_1d(y, warn=True), ensure_2d=False, input_name="y")
        check_consistent_length(features, label)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, features, ensure_non_negative=True)
        if self.init is not None and not _arguments.is_model_text(self.init):
            msg = f"ziln.sklearn.ZILNRegressor.fit: option `init`: expected the text of a model, got {self.init!r:.60}"
            raise ValueError(msg)
        options = self.get_params()
        options["seed"] = _seed(options.pop("random_state"))
        training = ziln.fit_sgd(
            pl.Series("label", label),
            pl.all(),
            weight=None if weight is None else pl.Series("weight", weight),
            **options,
        )
        model = _select(features, training).item()
        if model is None:
            msg = (
                "ziln.sklearn.ZILNRegressor.fit: argument `y`: expected a payment, a label above 0 and not below "
                f"`min_payment`, got none among n_samples={len(label)}"
            )
            raise ValueError(msg)
        self.model_ = model
        info = pl.select(ziln.model_info(self.model_)).item()
        self.warnings_ = info["warnings"]
        self.n_iter_ = info["epochs_run"]
        return self

    def predict(self, X: Table) -> NDArray[np.float64]:  # noqa: N803
        """
        The expected lifetime value of customers, ``p * exp(mu + sigma^2 / 2)``.

        Parameters
        ----------
        X
            The features, as in ``fit``.

        Returns
        -------
        numpy.ndarray
            Shape (customers,), in the unit of the labels.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If ``fit`` was not called.
        ValueError
            If the features are not those of the training.
        """
        return self._evaluate(X, ziln.expected_ltv(_PARAMS))[:, 0]

    def predict_params(self, X: Table) -> NDArray[np.float64]:  # noqa: N803
        """
        The parameters of customers' distributions.

        Parameters
        ----------
        X
            The features, as in ``fit``.

        Returns
        -------
        numpy.ndarray
            Shape (customers, 3): the columns ``pay_prob``, ``mu`` and ``sigma`` that :func:`ziln.params` takes. ``mu``
            and ``sigma`` are the mean and the standard deviation of the logarithm of a payer's amount.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If ``fit`` was not called.
        ValueError
            If the features are not those of the training.

        Examples
        --------
        >>> from ziln.sklearn import ZILNRegressor
        >>> estimator = ZILNRegressor().fit([[1], [2], [3], [4]], [0, 0, 10, 40])
        >>> pay_prob, mu, sigma = estimator.predict_params([[4]]).T
        >>> bool(0.5 < pay_prob < 1)
        True
        """
        amount = pl.col(_PARAMS).struct
        return self._evaluate(X, ziln.pay_prob(_PARAMS), amount.field("mu"), amount.field("sigma"))

    def predict_quantile(self, X: Table, q: float | Sequence[float]) -> NDArray[np.float64]:  # noqa: N803
        """
        The amounts below which customers' lifetime values lie with given probabilities.

        Parameters
        ----------
        X
            The features, as in ``fit``.
        q
            A probability, or several.

        Returns
        -------
        numpy.ndarray
            Shape (customers,), or (customers, probabilities) where ``q`` is a sequence; 0 where ``q <= 1 - p``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If ``fit`` was not called.
        ValueError
            If a probability is not between 0 and 1, or the features are not those of the training.

        Examples
        --------
        >>> from ziln.sklearn import ZILNRegressor
        >>> estimator = ZILNRegressor().fit([[1], [2], [3], [4]], [0, 0, 10, 40])
        >>> median, high = estimator.predict_quantile([[4]], [0.5, 0.9])[0]
        >>> bool(median < high)
        True
        """
        probabilities = np.asarray(q, dtype=np.float64)
        if probabilities.ndim > 1 or not ((probabilities >= 0) & (probabilities <= 1)).all():
            msg = (
                "ziln.sklearn.ZILNRegressor.predict_quantile: argument `q`: expected a number between 0 and 1, or a "
                f"sequence of them, got {q!r}"
            )
            raise ValueError(msg)
        quantiles = self._evaluate(
            X,
            *(
                ziln.quantile(probability, _PARAMS).alias(str(index))
                for index, probability in enumerate(probabilities.ravel().tolist())
            ),
        )
        return quantiles if probabilities.ndim else quantiles[:, 0]

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        """What scikit-learn's own checks may expect."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        # Labels below 0 are no payments, so that R^2 on labels around 0, on which the checks insist, is low.
        tags.regressor_tags.poor_score = True
        return tags

    def _params(self, X: Table) -> pl.Series:  # noqa: N803
        """The predicted distributions, as structs of ``logit``, ``mu`` and ``sigma``."""
        check_is_fitted(self)
        features = _features(self, X, reset=False)
        return _select(features, ziln.predict(self.model_, pl.all()).alias(_PARAMS)).to_series()

    def _evaluate(self, X: Table, *expressions: pl.Expr) -> NDArray[np.float64]:  # noqa: N803
        """Expressions of the predicted ``params``, a column each."""
        return self._params(X).to_frame().select(expressions).to_numpy()


def normalized_gini_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """
    The normalised Gini coefficient of predictions (:func:`ziln.gini`), as a metric of scikit-learn.

    Parameters
    ----------
    y_true
        What the customers spent, of shape (customers,).
    y_pred
        What was predicted, of shape (customers,); only its order matters.
    sample_weight
        How often a customer counts, of shape (customers,). Default: once.

    Returns
    -------
    float
        1 for the order of the labels themselves, 0 for a constant prediction. NaN, with an
        ``UndefinedMetricWarning``, where it is undefined: no positive label, or all labels equal.

    Raises
    ------
    ValueError
        If shapes do not fit, or a weight is negative, NaN or infinite.

    Examples
    --------
    >>> from ziln.sklearn import normalized_gini_score
    >>> round(normalized_gini_score([0.0, 12.0, 30.0], [1.0, 2.0, 3.0]), 12)
    1.0
    """
    columns = _columns(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight)
    weight = None if sample_weight is None else "sample_weight"
    score = _select(columns, ziln.gini("y_true", "y_pred", weight=weight)).item()
    return _defined(score, "the Gini coefficient", "labels that are not all equal, one above 0")


gini_scorer: Final = make_scorer(normalized_gini_score)
"""Scores an estimator by the normalised Gini coefficient of what it predicts: how well it ranks customers."""


def loss_scorer(
    estimator: Any,  # noqa: ANN401
    X: Table,  # noqa: N803
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    """
    Score an estimator by its mean loss in nats (:func:`ziln.loss`), with the sign changed: greater is better.

    The loss judges the whole predicted distribution, and is what training minimises.

    Parameters
    ----------
    estimator
        A fitted :class:`ZILNRegressor`, or a ``Pipeline`` that ends with one.
    X
        Features, as in ``fit``.
    y
        What the customers spent, of shape (customers,).
    sample_weight
        How often a customer counts, of shape (customers,). Default: once.

    Returns
    -------
    float
        The mean of the log-likelihood over the customers; NaN, with an ``UndefinedMetricWarning``, without a usable
        row.

    Raises
    ------
    TypeError
        If the estimator is another.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from ziln.sklearn import ZILNRegressor, loss_scorer
    >>> visits, ltv = [[1], [2], [3], [4]] * 10, [0.0, 0.0, 5.0, 20.0] * 10
    >>> cross_val_score(ZILNRegressor(epochs=20), visits, ltv, scoring=loss_scorer).shape
    (5,)
    """
    regressor, features = _unwrapped(estimator, X)
    params = regressor._params(features)
    columns = _columns(label=y, sample_weight=sample_weight)
    check_consistent_length(params, columns)
    weight = None if sample_weight is None else "sample_weight"
    metrics = _select(
        columns.with_columns(params.alias(_PARAMS)),
        ziln.evaluate("label", _PARAMS, weight=weight),
    ).item()
    loss = metrics["loss"]
    return _defined(None if loss is None else -loss, "the mean loss", "a usable row")


def _features(estimator: ZILNRegressor, X: Table, *, reset: bool) -> pl.DataFrame:  # noqa: N803
    """The features as a frame of Polars with the names that the model has, checked as scikit-learn checks."""
    if isinstance(X, pl.LazyFrame):
        msg = "ziln.sklearn.ZILNRegressor: argument `X`: expected rows in memory, got LazyFrame; collect() it first"
        raise TypeError(msg)
    if _is_pandas(X) or hasattr(X, "__arrow_c_stream__"):
        frame = _from_frame(X)
        validate_data(estimator, X if _is_pandas(X) else frame, skip_check_array=True, reset=reset)
        _check_not_empty(frame)
    else:
        # Infinite values count as missing ones.
        frame = pl.DataFrame(validate_data(estimator, X, ensure_all_finite=False, reset=reset))
    frame.columns = list(
        getattr(estimator, "feature_names_in_", [f"x{index}" for index in range(frame.width)])
    )
    return frame


def _is_pandas(X: Table) -> bool:  # noqa: N803
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(X, pandas.DataFrame)


def _from_frame(X: Table) -> pl.DataFrame:  # noqa: N803
    """Any frame in Polars."""
    try:
        return pl.from_pandas(_named(X)) if _is_pandas(X) else pl.DataFrame(X)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        msg = (
            "ziln.sklearn.ZILNRegressor: argument `X`: expected a frame that Polars can hold, got one of which it "
            f"says: {error}"
        )
        raise ValueError(msg) from error


def _named(frame: Table) -> Table:
    """A frame of pandas with its categories as strings: those that are numbers would become a column of numbers."""
    named = frame.copy(deep=False)
    for name, column in frame.select_dtypes("category").items():
        named[name] = column.cat.rename_categories(column.cat.categories.astype(str))
    return named


def _check_not_empty(frame: pl.DataFrame) -> None:
    for count, kind in ((frame.width, "feature"), (frame.height, "sample")):
        if count == 0:
            msg = (
                f"ziln.sklearn.ZILNRegressor: argument `X`: found a frame with 0 {kind}(s) (shape={frame.shape}) while "
                "a minimum of 1 is required"
            )
            raise ValueError(msg)


def _select(frame: pl.DataFrame, expression: pl.Expr) -> pl.DataFrame:
    """A query that fails as scikit-learn does: with ``ValueError``, and the message of the function alone."""
    try:
        return frame.select(expression)
    except pl.exceptions.ComputeError as error:
        raise ValueError(_arguments.message_of(error)) from error


def _columns(**values: ArrayLike | None) -> pl.DataFrame:
    """One-dimensional arrays of numbers as the columns of a frame, without those that are None."""
    arrays = {name: column_or_1d(value) for name, value in values.items() if value is not None}
    check_consistent_length(*arrays.values())
    return pl.DataFrame(arrays)


def _unwrapped(estimator: Any, X: Table) -> tuple[ZILNRegressor, Table]:  # noqa: ANN401, N803
    """The regressor at the end of a pipeline, and what the steps before make of the features."""
    if isinstance(estimator, Pipeline):
        features = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return _unwrapped(estimator[-1], features)
    if isinstance(estimator, ZILNRegressor):
        return estimator, X
    msg = (
        "ziln.sklearn.loss_scorer: argument `estimator`: expected a ZILNRegressor or a Pipeline that ends with one, "
        f"got {type(estimator).__name__}"
    )
    raise TypeError(msg)


def _defined(score: float | None, name: str, need: str) -> float:
    """A score, or NaN and a warning where it is undefined."""
    if score is not None:
        return score
    warnings.warn(f"{name} needs {need}", UndefinedMetricWarning, stacklevel=3)
    return float("nan")


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """An integer as it is; of a generator, its next number."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(_SEEDS))
