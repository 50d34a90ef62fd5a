"""What models predict of each row, and what they hold."""

from __future__ import annotations

import polars as pl

from ziln import _arguments
from ziln._arguments import Features


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
