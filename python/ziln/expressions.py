"""
The functions as Polars expressions.

They work in ``select``, ``with_columns``, ``group_by().agg`` and ``over``, eager and lazy, in memory and
streaming. A result is named after its function (``loss``, ``expected_ltv``, ...); ``.alias()`` renames it.

A numeric argument is a column's name, an expression, a series or a number, of any numeric type; results are
``Float64``. Where any input of a row is null, the result is null; NaN in gives NaN out.

``params``, the parameters of a customer's distribution, come in three forms everywhere:

* one struct with the fields ``logit``, ``mu`` and ``sigma``, as :func:`predict`, :func:`params` and
  :func:`from_logits` return it;
* three numbers ``logit, mu, raw_sigma``: the raw outputs of a network, where
  ``sigma = max(softplus(raw_sigma), sqrt(1e-7))``;
* one list or array of these three numbers.

Wrong types are found when the query runs, and raise ``polars.exceptions.ComputeError`` with a message that names
the function and the argument, and the row where it is one row's fault; a wrong number of arguments raises
``TypeError`` at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import polars as pl

from ziln import _arguments
from ziln._arguments import Features, Number

__all__ = [
    "capped_ltv",
    "cdf",
    "crps",
    "decile_stats",
    "evaluate",
    "expected_ltv",
    "explain",
    "fit_newton",
    "fit_prior",
    "fit_sgd",
    "from_logits",
    "gini",
    "is_model",
    "loss",
    "model_info",
    "newton_start",
    "newton_step",
    "params",
    "params_error",
    "pay_amount",
    "pay_prob",
    "predict",
    "quantile",
    "spearman",
    "variance",
    "weights",
]


def loss(label: Number, *params: Number) -> pl.Expr:
    """
    The zero-inflated log-normal loss of a label: its negative log-likelihood, in nats.

    With ``p = sigmoid(logit)``: ``-ln(1 - p)`` where the label is 0 or less, and else
    ``-ln p + ln y + ln sigma + ln(2 pi) / 2 + (ln y - mu)^2 / (2 sigma^2)``.

    Parameters
    ----------
    label
        What the customer spent.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> scored = pl.DataFrame({"ltv": [0.0, 1.5], "logit": [0.4, 0.4], "mu": [0.5, 0.5], "s": [0.6, 0.6]})
    >>> scored.select(ziln.loss("ltv", "logit", "mu", "s").round(6)).to_series().to_list()
    [0.913015, 1.878373]
    >>> scored.select(ziln.loss("ltv", "logit", "mu", "s").mean().round(6)).item()
    1.395694
    """
    return _of_number_and_params("loss", "label", label, params)


def expected_ltv(*params: Number) -> pl.Expr:
    """
    The expected lifetime value, ``p * exp(mu + sigma^2 / 2)``.

    Parameters
    ----------
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null, infinite where it overflows.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> outputs = pl.DataFrame({"logit": [0.0], "mu": [3.0], "raw_sigma": [0.5]})
    >>> outputs.select(ziln.expected_ltv("logit", "mu", "raw_sigma").round(3)).item()
    16.139
    """
    return _of_params("expected_ltv", params)


def pay_prob(*params: Number) -> pl.Expr:
    """
    The probability that a customer pays at all, ``p = sigmoid(logit)``.

    Parameters
    ----------
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64`` between 0 and 1; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.pay_prob(0.0, 3.0, 0.5)).item()
    0.5
    """
    return _of_params("pay_prob", params)


def pay_amount(*params: Number) -> pl.Expr:
    """
    The mean amount of a customer who pays, ``exp(mu + sigma^2 / 2)``.

    Parameters
    ----------
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null, infinite where it overflows.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.pay_amount(0.0, 3.0, 0.5).round(3)).item()
    32.279
    """
    return _of_params("pay_amount", params)


def params(pay_prob: Number, mu: Number, sigma: Number) -> pl.Expr:
    """
    The params struct of a distribution given by its parameters.

    Parameters
    ----------
    pay_prob
        The probability to pay; outside 0 to 1 gives NaN.
    mu
        The mean of the logarithm of the amount.
    sigma
        The standard deviation of the logarithm of the amount; negative gives NaN.

    Returns
    -------
    pl.Expr
        A struct of ``logit``, ``mu`` and ``sigma``, each ``Float64``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.expected_ltv(ziln.params(0.25, 3.0, 1.0)).round(4)).item()
    8.2789
    """
    arguments = [
        _arguments.number("params", name, value)
        for name, value in (("pay_prob", pay_prob), ("mu", mu), ("sigma", sigma))
    ]
    return _arguments.elementwise("params", arguments)


def from_logits(*params: Number) -> pl.Expr:
    """
    The params struct of a network's three raw outputs: sigma after softplus and floor.

    Parameters
    ----------
    params
        The three numbers ``logit, mu, raw_sigma``, or one list of them.

    Returns
    -------
    pl.Expr
        A struct of ``logit``, ``mu`` and ``sigma``, each ``Float64``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.from_logits(0.4, 0.5, 0.6).struct.field("sigma").round(6)).item()
    1.037488
    """
    return _of_params("from_logits", params)


def predict(model: str | pl.Expr | pl.Series, features: Features) -> pl.Expr:
    """
    Predict the params of each row by a model that :func:`fit_sgd` or :func:`fit_newton` made.

    Features are matched by name, whatever their order; further ones are ignored. A missing, NaN or infinite
    number counts as the training mean, a level unseen in training adds nothing.

    Parameters
    ----------
    model
        The model: a column's name, an expression or a series. A plain string that begins with ``{`` is the
        model's text itself. It may differ from row to row, as after a join.
    features
        A list of columns' names and expressions, or one struct expression.

    Returns
    -------
    pl.Expr
        A struct of ``logit``, ``mu`` and ``sigma``, each ``Float64``; null where the model is null.

    Raises
    ------
    polars.exceptions.ComputeError
        If the text is no model, or a feature is missing or of another kind than in training. The message says in
        which row; with :func:`is_model` the query goes on without such models.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 0.0, 10.0, 40.0], "visits": [1, 2, 3, 4]})
    >>> model = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=200)).item()
    >>> ltv = customers.select(ziln.expected_ltv(ziln.predict(model, ["visits"])))
    >>> ltv.to_series().is_sorted()
    True
    """
    arguments = [
        _arguments.model("predict", model),
        _arguments.features("predict", features),
    ]
    return _arguments.elementwise("predict", arguments).alias("params")


def model_info(model: str | pl.Expr | pl.Series) -> pl.Expr:
    """
    What happened in a model's training, and the options in force.

    Parameters
    ----------
    model
        The model: a column's name, an expression, a series, or the model's text.

    Returns
    -------
    pl.Expr
        A struct, described field by field in ``docs/model-format.md``; null where the model is null.

    Raises
    ------
    polars.exceptions.ComputeError
        If the text is no model.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 10.0, 40.0], "visits": [1, 2, 3]})
    >>> model = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=5)).item()
    >>> info = pl.select(ziln.model_info(model)).item()
    >>> info["rows"], info["payers"], info["epochs_run"]
    (3, 2, 5)
    """
    return _arguments.elementwise("model_info", [_arguments.model("model_info", model)])


def weights(model: str | pl.Expr | pl.Series) -> pl.Expr:
    """
    The coefficients of a model, one struct each: ``.explode()`` and ``.struct.unnest()`` make a table of them.

    Parameters
    ----------
    model
        The model: a column's name, an expression, a series, or the model's text.

    Returns
    -------
    pl.Expr
        A list of structs with the head, the feature, the level (null for a number) and the weights, on the
        standardised and on the raw scale, the range in which the head holds a number (``least``, ``most``), and where
        the model has them ``standard_error``, ``raw_standard_error``, ``z`` and ``p_value`` (of :func:`fit_newton`) and
        ``between``, the variance between campaigns (of :func:`fit_prior`); then of a network a struct a weight with its
        ``layer``, ``unit`` and ``input``, which are null before. Null where the model is null.

    Raises
    ------
    polars.exceptions.ComputeError
        If the text is no model.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 10.0, 40.0], "visits": [1, 2, 3]})
    >>> models = customers.select(model=ziln.fit_sgd("ltv", ["visits"], epochs=5))
    >>> table = models.select(ziln.weights("model").explode().struct.unnest())
    >>> table["head"].unique(maintain_order=True).to_list()
    ['logit', 'mu', 'raw_sigma']
    """
    return _arguments.elementwise("weights", [_arguments.model("weights", model)])


def explain(model: str | pl.Expr | pl.Series, features: Features) -> pl.Expr:
    """
    Why a model predicts what it does for a customer: what each feature adds.

    With the heads of the average customer the contributions sum to those of this one, before mu and sigma are held
    within their bounds. Those of a model with hidden layers are integrated gradients, of others they are exact.
    Features are matched as by :func:`predict`.

    Parameters
    ----------
    model
        The model: a column's name, an expression, a series, or the model's text.
    features
        A list of columns' names and expressions, or one struct expression.

    Returns
    -------
    pl.Expr
        A list of structs, one a feature: ``feature``, what it adds to ``logit``, ``mu`` and ``raw_sigma`` beside the
        average customer, and ``ltv_ratio``, the expected lifetime value over what it would be without that. The
        greatest effect comes first. Null where the model is null.

    Raises
    ------
    polars.exceptions.ComputeError
        As :func:`predict`.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"visits": range(100), "ltv": [0.0, 0.0, 3.5, 8.0] * 25})
    >>> model = customers.select(ziln.fit_newton("ltv", ["visits"])).item()
    >>> customers.head(1).select(ziln.explain(model, ["visits"])).item()[0]["feature"]
    'visits'
    """
    arguments = [_arguments.model("explain", model), _arguments.features("explain", features)]
    return _arguments.elementwise("explain", arguments)


def params_error(model: str | pl.Expr | pl.Series, features: Features) -> pl.Expr:
    """
    The standard errors of what a model predicts for a customer.

    They say how far the model's weights leave it open, not how far the customer may be from it: the latter is
    :func:`variance`. Features are matched as by :func:`predict`.

    Parameters
    ----------
    model
        A model of :func:`fit_newton` with ``covariance=True``: a column's name, an expression, a series, or the
        model's text.
    features
        A list of columns' names and expressions, or one struct expression.

    Returns
    -------
    pl.Expr
        A struct of ``logit``, ``mu``, ``raw_sigma``, and ``expected_ltv`` by the delta method; null where the model is
        null.

    Raises
    ------
    polars.exceptions.ComputeError
        As :func:`predict`, and if a model keeps no covariances.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"visits": range(100), "ltv": [0.0, 0.0, 3.5, 8.0] * 25})
    >>> model = customers.select(ziln.fit_newton("ltv", ["visits"], covariance=True)).item()
    >>> errors = customers.select(ziln.params_error(model, ["visits"]).struct.field("expected_ltv"))
    >>> errors.to_series().min() > 0
    True
    """
    arguments = [
        _arguments.model("params_error", model),
        _arguments.features("params_error", features),
    ]
    return _arguments.elementwise("params_error", arguments)


def is_model(text: str | pl.Expr | pl.Series) -> pl.Expr:
    """
    Whether a text is a model that this build can read.

    Then :func:`predict`, :func:`model_info` and :func:`weights` take it. Never an error, whatever the text:
    ``pl.when(ziln.is_model("model")).then("model")`` is null in the place of a model that is torn, and so is what is
    predicted with it.

    Parameters
    ----------
    text
        The text: a column's name, an expression, a series, or a text that begins with ``{``.

    Returns
    -------
    pl.Expr
        ``Boolean``; null where the text is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 10.0, 40.0], "visits": [1, 2, 3]})
    >>> model = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=5)).item()
    >>> scored = pl.DataFrame({"model": [model, model[:-1], None], "visits": [1, 2, 3]})
    >>> scored.select(ziln.is_model("model")).to_series().to_list()
    [True, False, None]
    >>> sound = pl.when(ziln.is_model("model")).then("model")
    >>> scored.select(ziln.predict(sound, ["visits"])).to_series().is_null().to_list()
    [False, True, True]
    """
    return _arguments.elementwise("is_model", [_arguments.model("is_model", text, "text")])


def variance(*params: Number) -> pl.Expr:
    """
    The variance of the lifetime value, ``p exp(2 mu + 2 sigma^2) - expected_ltv^2``.

    Parameters
    ----------
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null, infinite where it overflows.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.variance(ziln.params(1.0, 0.0, 1.0)).round(6)).item()
    4.670774
    """
    return _of_params("variance", params)


def cdf(x: Number, *params: Number) -> pl.Expr:
    """
    The probability of a lifetime value of ``x`` or less, ``(1 - p) + p Phi((ln x - mu) / sigma)``.

    Parameters
    ----------
    x
        An amount; below 0 the probability is 0.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64`` between 0 and 1; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> pl.select(ziln.cdf(0, ziln.params(0.25, 3.0, 1.0))).item()
    0.75
    """
    return _of_number_and_params("cdf", "x", x, params)


def quantile(q: Number, *params: Number) -> pl.Expr:
    """
    The amount below which the lifetime value lies with probability ``q``: the inverse of :func:`cdf`.

    Parameters
    ----------
    q
        A probability; outside 0 to 1 gives NaN.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``, 0 where ``q <= 1 - p``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> params = ziln.params(1.0, 0.0, 1.0)
    >>> pl.select(ziln.quantile(0.5, params).round(9), low=ziln.quantile(0.1, params).round(6)).row(0)
    (1.0, 0.277606)
    """
    return _of_number_and_params("quantile", "q", q, params)


def capped_ltv(cap: Number, *params: Number) -> pl.Expr:
    """
    The expected lifetime value where no customer counts for more than ``cap``, ``E[min(Y, cap)]``.

    Parameters
    ----------
    cap
        The greatest amount that counts.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> params = ziln.params(0.25, 3.0, 1.0)
    >>> pl.select(ziln.capped_ltv(50, params) < ziln.expected_ltv(params)).item()
    True
    """
    return _of_number_and_params("capped_ltv", "cap", cap, params)


def crps(label: Number, *params: Number) -> pl.Expr:
    """
    The continuous ranked probability score of a label, in the label's unit; less is better.

    It scores the whole predicted distribution, and is the absolute error where that is a single point.

    Parameters
    ----------
    label
        What the customer spent.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.

    Returns
    -------
    pl.Expr
        ``Float64``; null where any input is null.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> near_20 = ziln.params(1.0, 3.0, 0.001)
    >>> pl.select(ziln.crps(25.0, near_20).round(1)).item()
    4.9
    """
    return _of_number_and_params("crps", "label", label, params)


def fit_sgd(
    label: Number,
    features: Features,
    *,
    weight: Number | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    optimizer: Literal["adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"] | None = None,
    schedule: Literal["constant", "linear", "cosine", "inverse_sqrt"] | None = None,
    l2: float | None = None,
    clip_norm: float | None = None,
    seed: int | None = None,
    validation_fraction: float | None = None,
    patience: int | None = None,
    max_sigma: float | None = None,
    min_payment: float | None = None,
    min_count: int | None = None,
    max_rows: int | None = None,
    hidden: int | Sequence[int] | None = None,
    init: str | pl.Expr | pl.Series | None = None,
    keep_state: bool | None = None,
    progress: bool | None = None,
) -> pl.Expr:
    """
    Train a model by stochastic gradient descent on the loss: an aggregate, one model a group.

    The same rows, options and seed give the same model, bit for bit, whatever the order of rows, the number of
    threads or the engine. Numbers and booleans are standardised, strings, ``Categorical`` and ``Enum`` one-hot
    encoded; what that learnt is stored in the model. The groups of a ``group_by`` are trained in parallel.

    Parameters
    ----------
    label
        What the customer spent: null, NaN and infinite labels are skipped, negative ones count as 0.
    features
        A list of columns' names and expressions, or one struct expression. Dates and times of dates are days since
        1970-01-01. One name without a list around it is a column of structs or lists; numbers of its own it calls
        ``x0``.
    weight
        How often the row counts; null and 0 skip it, a negative one is an error. Default, and for a column or a
        literal of type ``Null``: once.
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
    seed
        Chooses the order of the rows and the rows held out. Default: 0.
    validation_fraction
        The share of rows held out to stop early. Default: 0, and 0.1 with ``hidden``.
    patience
        Epochs without a better validation loss before training stops. Default: 5, and 10 with ``hidden``.
    max_sigma
        The greatest sigma the model predicts, and its losses are computed with. Default: decided from the data.
    min_payment
        The least payment: a smaller positive label is a residue of refunds and counts as 0. Default: a millionth of
        the median of the positive labels.
    min_count
        Rows a level of a categorical feature needs to have weights. Default: 2.
    max_rows
        Rows that are kept at most, a sample that does not depend on their order. Default: none, all are used.
    hidden
        The units of each hidden layer of a network on top of the linear heads, such as ``[64, 32]``; one number is one
        layer. Default: none, the linear model.
    init
        The model to continue from: a column's name or an expression, the same model in all rows of a group (null
        starts anew), or the text of one model for all groups.
    keep_state
        Whether the model keeps the optimiser's state, for an exact continuation with ``init``. Default: false.
    progress
        Whether to show how far training is, if it takes more than two seconds: on a terminal, or in a notebook with
        ``tqdm``; elsewhere nothing is shown. Default: false.

    Returns
    -------
    pl.Expr
        ``String``, the model's text, named ``model``; null where no row is usable or no label is positive.

    Raises
    ------
    polars.exceptions.ComputeError
        If an option is out of range, a weight is negative, or a feature's type is not supported.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame(
    ...     {
    ...         "campaign": ["a", "a", "a", "b", "b", "b"],
    ...         "visits": [1, 2, 3, 1, 2, 3],
    ...         "ltv": [0.0, 10.0, 40.0, 0.0, 0.0, 0.0],
    ...     }
    ... )
    >>> models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", ["visits"])).sort("campaign")
    >>> models["model"].is_null().to_list()  # nobody pays in campaign b
    [False, True]
    """
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "schedule": schedule,
        "l2": l2,
        "clip_norm": clip_norm,
        "seed": seed,
        "validation_fraction": validation_fraction,
        "patience": patience,
        "max_sigma": max_sigma,
        "min_payment": min_payment,
        "min_count": min_count,
        "max_rows": max_rows,
        "hidden": hidden,
        "keep_state": keep_state,
        "progress": progress,
    }
    return _fit("fit_sgd", label, features, {}, weight, init, given)


def fit_newton(
    label: Number,
    features: Features,
    *,
    weight: Number | None = None,
    l2: float | None = None,
    max_sigma: float | None = None,
    min_payment: float | None = None,
    min_count: int | None = None,
    max_rows: int | None = None,
    init: str | pl.Expr | pl.Series | None = None,
    max_iterations: int | None = None,
    tolerance: float | None = None,
    errors: Literal["model", "robust"] | None = None,
    covariance: bool | None = None,
    progress: bool | None = None,
) -> pl.Expr:
    """
    Fit a model exactly, with standard errors: an aggregate, one model a group.

    It minimises what :func:`fit_sgd` minimises, on the same encoded rows with the same automatic penalties, by
    Newton's method; :func:`weights` shows the standard errors. The same rows and options give the same model, bit for
    bit, whatever the order of rows, the number of threads or the engine.

    Parameters
    ----------
    label
        What the customer spent: null, NaN and infinite labels are skipped, negative ones count as 0.
    features
        As for :func:`fit_sgd`; at most 2,000 encoded columns.
    weight
        How often the row counts; null and 0 skip it, a negative one is an error. Default, and for a column or a
        literal of type ``Null``: once.
    l2
        The penalty on the weights of standardised features, ``l2 / 2 * sum(weight^2)``; 0 is the plain likelihood.
        Default: decided from the data.
    max_sigma
        The greatest sigma the model predicts. Default: decided from the data.
    min_payment
        The least payment: a smaller positive label counts as 0. Default: a millionth of the median of the positive
        labels.
    min_count
        Rows a level of a categorical feature needs to have weights. Default: 2.
    max_rows
        Rows that are kept at most, a sample that does not depend on their order. Default: none, all are used.
    init
        A model of :func:`fit_prior`, to whose heads the weights are drawn, or any other model to start from: a
        column's name or an expression, the same model in all rows of a group (null is none), or the text of one model
        for all groups.
    max_iterations
        Steps of the solver, at most. Default: 50.
    tolerance
        The greatest norm of the gradient at which the solver stops. Default: 1e-9.
    errors
        Standard errors of the model's second derivatives (``model``), or those that hold if the model is wrong
        (``robust``, HC0). Default: ``model``.
    covariance
        Whether the model keeps the covariances of its weights, for the errors of predictions; at most 200 columns.
        Default: false.
    progress
        As for :func:`fit_sgd`.

    Returns
    -------
    pl.Expr
        ``String``, the model's text, named ``model``; null where no row is usable or no label is positive, unless
        ``init`` is a prior.

    Raises
    ------
    polars.exceptions.ComputeError
        If an option is out of range, a weight is negative, or a feature's type is not supported.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"visits": range(100), "ltv": [0.0, 0.0, 3.5, 8.0] * 25})
    >>> models = customers.select(ziln.fit_newton("ltv", ["visits"]))
    >>> table = models.select(ziln.weights("model").explode().struct.unnest())
    >>> table["standard_error"].null_count()
    0
    """
    given = {
        "l2": l2,
        "max_sigma": max_sigma,
        "min_payment": min_payment,
        "min_count": min_count,
        "max_rows": max_rows,
        "max_iterations": max_iterations,
        "tolerance": tolerance,
        "errors": errors,
        "covariance": covariance,
        "progress": progress,
    }
    return _fit("fit_newton", label, features, {}, weight, init, given)


def fit_prior(
    label: Number,
    features: Features,
    campaign: Number,
    *,
    weight: Number | None = None,
    l2: float | None = None,
    max_sigma: float | None = None,
    min_payment: float | None = None,
    min_count: int | None = None,
    max_rows: int | None = None,
    init: str | None = None,
    max_iterations: int | None = None,
    tolerance: float | None = None,
    errors: Literal["model", "robust"] | None = None,
    covariance: bool | None = None,
    progress: bool | None = None,
) -> pl.Expr:
    """
    Fit the heads common to campaigns, and how much those of campaigns differ: an aggregate, one model a group.

    As ``init`` of :func:`fit_newton` or :func:`fit_sgd` the model is the prior of each campaign's heads: they are drawn
    to the common ones, the more the fewer rows the campaign has.

    Parameters
    ----------
    label
        What the customer spent: null, NaN and infinite labels are skipped, negative ones count as 0.
    features
        As for :func:`fit_newton`.
    campaign
        Which campaign the row belongs to: a column of any type that can be grouped by. Null is a campaign; what
        campaigns are called means nothing.
    weight
        How often the row counts; null and 0 skip it, a negative one is an error. Default, and for a column or a
        literal of type ``Null``: once.
    l2
        As for :func:`fit_newton`, of the common heads.
    max_sigma
        The greatest sigma the model predicts. Default: decided from the data.
    min_payment
        The least payment: a smaller positive label counts as 0. Default: a millionth of the median of the positive
        labels.
    min_count
        Rows a level of a categorical feature needs to have weights. Default: 2.
    max_rows
        Rows of each campaign that are kept at most, a sample that does not depend on their order. Default: none.
    init
        The text of a model to start from.
    max_iterations
        Steps of the solver, at most. Default: 50.
    tolerance
        The greatest norm of the gradient at which the solver stops. Default: 1e-9.
    errors
        As for :func:`fit_newton`.
    covariance
        As for :func:`fit_newton`.
    progress
        As for :func:`fit_sgd`.

    Returns
    -------
    pl.Expr
        ``String``, the model's text, named ``model``; null where no row is usable or no label is positive.

    Raises
    ------
    polars.exceptions.ComputeError
        If an option is out of range, a weight is negative, or a feature's type is not supported.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame(
    ...     {"campaign": ["a", "b", "b", "c"] * 25, "visits": range(100), "ltv": [0.0, 0.0, 3.5, 8.0] * 25}
    ... )
    >>> prior = customers.select(ziln.fit_prior("ltv", ["visits"], "campaign")).item()
    >>> models = customers.group_by("campaign").agg(ziln.fit_newton("ltv", ["visits"], init=prior))
    >>> models["model"].null_count()  # nobody pays in campaign a
    0
    """
    if init is not None and not _arguments.is_model_text(init):
        msg = f"ziln.fit_prior: argument `init`: expected a model's text, got {init!r}"
        raise TypeError(msg)
    given = {
        "l2": l2,
        "max_sigma": max_sigma,
        "min_payment": min_payment,
        "min_count": min_count,
        "max_rows": max_rows,
        "max_iterations": max_iterations,
        "tolerance": tolerance,
        "errors": errors,
        "covariance": covariance,
        "progress": progress,
    }
    campaigns = {"campaign": _arguments.number("fit_prior", "campaign", campaign)}
    return _fit("fit_prior", label, features, campaigns, weight, init, given)


def newton_start(
    label: Number,
    features: Features,
    *,
    weight: Number | None = None,
    l2: float | None = None,
    max_sigma: float | None = None,
    min_payment: float | None = None,
    min_count: int | None = None,
    max_rows: int | None = None,
    max_iterations: int | None = None,
    tolerance: float | None = None,
    errors: Literal["model"] | None = None,
    covariance: bool | None = None,
    progress: bool | None = None,
) -> pl.Expr:
    """
    Begin the exact training of a model over any number of rows: an aggregate, one model a group.

    The model is the exact fit of a sample, with all that passes over the rows need: :func:`newton_step` goes on from
    it, and :func:`fit_passes` does so until it has converged. Where the sample is all rows, the model is that of
    :func:`fit_newton`, and nothing is left to do.

    Parameters
    ----------
    label
        What the customer spent: null, NaN and infinite labels are skipped, negative ones count as 0.
    features
        As for :func:`fit_sgd`; at most 500 encoded columns. A level that no row of the sample has is unseen.
    weight
        How often the row counts; null and 0 skip it, a negative one is an error. Default, and for a column or a
        literal of type ``Null``: once.
    l2
        The penalty on the weights of standardised features, ``l2 / 2 * sum(weight^2)``; 0 is the plain likelihood.
        Default: decided from the sample.
    max_sigma
        The greatest sigma the model predicts. Default: decided from the sample.
    min_payment
        The least payment: a smaller positive label counts as 0. Default: a millionth of the median of the positive
        labels of the sample.
    min_count
        Rows of the sample that a level of a categorical feature needs to have weights. Default: 2.
    max_rows
        Rows of the sample at most, which does not depend on their order. Default: 100,000.
    max_iterations
        Steps of the solver on the sample, at most. Default: 50.
    tolerance
        The greatest norm of the gradient at which the solver stops. Default: 1e-9.
    errors
        Only ``model``: standard errors of the model's second derivatives.
    covariance
        Whether the model keeps the covariances of its weights, for the errors of predictions; at most 200 columns.
        Default: false.
    progress
        As for :func:`fit_newton`, of the solver on the sample.

    Returns
    -------
    pl.Expr
        ``String``, the model's text, named ``model``; null where no row is usable or no label of the sample is
        positive.

    Raises
    ------
    polars.exceptions.ComputeError
        If an option is out of range, a weight is negative, or a feature's type is not supported.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"visits": range(1000), "ltv": [0.0, 0.0, 3.5, 8.0] * 250})
    >>> started = customers.select(ziln.newton_start("ltv", ["visits"], max_rows=400))
    >>> started.select(ziln.model_info("model").struct.field("stop_reason")).item()
    'unfinished'
    """
    given = {
        "l2": l2,
        "max_sigma": max_sigma,
        "min_payment": min_payment,
        "min_count": min_count,
        "max_rows": max_rows,
        "max_iterations": max_iterations,
        "tolerance": tolerance,
        "errors": errors,
        "covariance": covariance,
        "progress": progress,
    }
    return _fit("newton_start", label, features, {}, weight, None, given)


def newton_step(
    label: Number,
    features: Features,
    model: str | pl.Expr | pl.Series,
    *,
    weight: Number | None = None,
) -> pl.Expr:
    """
    Go one step on with a training that :func:`newton_start` began: an aggregate, one model a group.

    A step is one pass over the rows, and the next model the same whatever their order. :func:`model_info` says when
    it has converged, after three to five passes; a further step returns the same text.

    Parameters
    ----------
    label
        As for :func:`newton_start`.
    features
        As for :func:`newton_start`: those of the model, by their names; further ones are ignored.
    model
        The text of the model, a column's name, or an expression: the same in all rows of a group, as a join brings it.
    weight
        As for :func:`newton_start`.

    Returns
    -------
    pl.Expr
        ``String``, the next model's text, named ``model``; null where no row counts or the model is null.

    Raises
    ------
    polars.exceptions.ComputeError
        If a group has several models, a text is no model of :func:`newton_start`, a feature is missing, or a weight is
        negative.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"visits": range(1000), "ltv": [0.0, 0.0, 3.5, 8.0] * 250})
    >>> model = customers.select(ziln.newton_start("ltv", ["visits"], max_rows=400)).item()
    >>> model = customers.select(ziln.newton_step("ltv", ["visits"], model)).item()
    >>> pl.select(ziln.model_info(model).struct.field("rows")).item()
    1000
    """
    models = {"model": _arguments.model("newton_step", model)}
    return _fit("newton_step", label, features, models, weight, None, {})


def evaluate(label: Number, *params: Number, weight: Number | None = None) -> pl.Expr:
    """
    Every metric of predictions at once: an aggregate, one struct a group.

    Rows with a null in any input are skipped. Rows whose expected lifetime value is NaN or infinite are counted in
    ``non_finite`` and left out of the rest.

    Parameters
    ----------
    label
        What the customers spent.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.
    weight
        How often a row counts. Default: once.

    Returns
    -------
    pl.Expr
        A struct, described field by field in ``docs/metrics.md``; a field is null where it is undefined, as
        ``roc_auc`` is where nobody pays.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> scored = pl.DataFrame({"ltv": [0.0, 12.0, 30.0], "logit": [-1.0, 0.5, 2.0], "mu": [2.0, 2.5, 3.5]})
    >>> metrics = scored.select(ziln.evaluate("ltv", "logit", "mu", 0.5)).item()
    >>> metrics["rows"], metrics["payers"], metrics["roc_auc"]
    (3, 2, 1.0)
    """
    values = _arguments.params("evaluate", params)
    arguments = {"label": _arguments.number("evaluate", "label", label)}
    arguments |= {f"params_{place}": value for place, value in enumerate(values)}
    if weight is not None:
        arguments["weight"] = _arguments.number("evaluate", "weight", weight)
    return _arguments.aggregate("evaluate", arguments)


def gini(label: Number, prediction: Number, *, weight: Number | None = None) -> pl.Expr:
    """
    The normalised Gini coefficient of predictions: how well they order customers by what they spend.

    1 is the order of the labels themselves, 0 a constant prediction; ties share their labels evenly. Rows with a
    null in any input are skipped.

    Parameters
    ----------
    label
        What the customers spent.
    prediction
        What was predicted; only its order matters.
    weight
        How often a row counts. Default: once.

    Returns
    -------
    pl.Expr
        ``Float64``; null where it is undefined, as without a positive label; NaN where a prediction is NaN. Infinite
        predictions are the highest and the lowest.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> scored = pl.DataFrame({"ltv": [0.0, 12.0, 30.0], "prediction": [1.0, 2.0, 3.0]})
    >>> scored.select(ziln.gini("ltv", "prediction").round(12)).item()
    1.0
    """
    arguments = _label_and_prediction("gini", label, prediction)
    if weight is not None:
        arguments["weight"] = _arguments.number("gini", "weight", weight)
    return _arguments.aggregate("gini", arguments)


def spearman(label: Number, prediction: Number) -> pl.Expr:
    """
    The rank correlation of labels and predictions; ties have their mean rank.

    Rows with a null in any input are skipped.

    Parameters
    ----------
    label
        What the customers spent.
    prediction
        What was predicted; only its order matters.

    Returns
    -------
    pl.Expr
        ``Float64`` between -1 and 1; null where it is undefined, as for a constant column; NaN where a prediction is
        NaN. Infinite predictions are the highest and the lowest.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> scored = pl.DataFrame({"ltv": [0.0, 12.0, 30.0], "prediction": [3.0, 2.0, 1.0]})
    >>> scored.select(ziln.spearman("ltv", "prediction").round(12)).item()
    -1.0
    """
    arguments = _label_and_prediction("spearman", label, prediction)
    return _arguments.aggregate("spearman", arguments)


def decile_stats(label: Number, prediction: Number, *, buckets: int = 10) -> pl.Expr:
    """
    How labels and predictions agree in buckets of equally many customers, by rising prediction.

    Rows with a null in any input are skipped. ``.explode()`` and ``.struct.unnest()`` make a table of the result.

    Parameters
    ----------
    label
        What the customers spent.
    prediction
        The expected lifetime value.
    buckets
        How many buckets.

    Returns
    -------
    pl.Expr
        A list of structs, described field by field in ``docs/metrics.md``. NaN predictions are the highest, and make
        the values of their buckets NaN.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> scored = pl.DataFrame({"ltv": [0.0, 2.0, 12.0, 30.0], "prediction": [1.0, 3.0, 10.0, 25.0]})
    >>> stats = scored.select(ziln.decile_stats("ltv", "prediction", buckets=2).explode().struct.unnest())
    >>> stats.select("bucket", "rows", "label_mean", "prediction_mean").rows()
    [(1, 2, 1.0, 2.0), (2, 2, 21.0, 17.5)]
    """
    arguments = _label_and_prediction("decile_stats", label, prediction)
    return _arguments.aggregate("decile_stats", arguments, {"buckets": buckets})


def _fit(
    function: str,
    label: Number,
    features: Features,
    others: dict[str, pl.Expr],
    weight: Number | None,
    init: str | pl.Expr | pl.Series | None,
    given: dict[str, Any],
) -> pl.Expr:
    """An aggregate that fits models. An option that is None has its default."""
    arguments = {
        "label": _arguments.number(function, "label", label),
        "features": _arguments.features(function, features),
        **others,
    }
    if weight is not None:
        arguments["weight"] = _arguments.number(function, "weight", weight)
    if _arguments.is_model_text(init):
        given = {**given, "init": init}
    elif init is not None:
        arguments["init"] = _arguments.model(function, init, "init")
    options = {name: value for name, value in given.items() if value is not None}
    return _arguments.aggregate(function, arguments, options).alias("model")


def _of_params(function: str, params: tuple[Number, ...]) -> pl.Expr:
    return _arguments.elementwise(function, _arguments.params(function, params))


def _of_number_and_params(
    function: str, argument: str, value: Number, params: tuple[Number, ...]
) -> pl.Expr:
    first = _arguments.number(function, argument, value)
    return _arguments.elementwise(function, [first, *_arguments.params(function, params)])


def _label_and_prediction(function: str, label: Number, prediction: Number) -> dict[str, pl.Expr]:
    return {
        "label": _arguments.number(function, "label", label),
        "prediction": _arguments.number(function, "prediction", prediction),
    }
