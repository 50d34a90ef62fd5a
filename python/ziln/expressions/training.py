"""Aggregates that train models, one a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import polars as pl

from ziln import _arguments
from ziln._arguments import Features, Number


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
        1970-01-01. One name or expression without a list around it is a column of structs, of lists of numbers, which
        are called ``x0``, ``x1``, ..., or a single feature, which keeps its name.
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
        As for :func:`fit_sgd`; at most 2,000 encoded columns. A level that no row of the sample has is unseen.
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
