"""The distribution of customers: losses, moments and quantiles of each row."""

from __future__ import annotations

import polars as pl

from ziln import _arguments
from ziln._arguments import Number


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


def _of_params(function: str, params: tuple[Number, ...]) -> pl.Expr:
    return _arguments.elementwise(function, _arguments.params(function, params))


def _of_number_and_params(
    function: str, argument: str, value: Number, params: tuple[Number, ...]
) -> pl.Expr:
    first = _arguments.number(function, argument, value)
    return _arguments.elementwise(function, [first, *_arguments.params(function, params)])
