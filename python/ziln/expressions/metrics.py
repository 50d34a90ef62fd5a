"""Aggregates that judge predictions, one result a group."""

from __future__ import annotations

import polars as pl

from ziln import _arguments
from ziln._arguments import Number


def evaluate(
    label: Number, *params: Number, weight: Number | None = None, max_rows: int | None = None
) -> pl.Expr:
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
    max_rows
        Rows of a group that are kept at most: the metrics are those of a sample, the same however the rows are ordered
        and split, and the field ``rows_seen`` says of how many. Default: all rows.

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
    arguments |= {f"params_{index}": value for index, value in enumerate(values)}
    if weight is not None:
        arguments["weight"] = _arguments.number("evaluate", "weight", weight)
    options = {} if max_rows is None else {"max_rows": max_rows}
    return _arguments.aggregate("evaluate", arguments, options)


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


def _label_and_prediction(function: str, label: Number, prediction: Number) -> dict[str, pl.Expr]:
    return {
        "label": _arguments.number(function, "label", label),
        "prediction": _arguments.number(function, "prediction", prediction),
    }
