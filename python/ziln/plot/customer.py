"""The chart of one customer: what may be spent."""

from __future__ import annotations

import itertools
import math
from typing import Final

import altair as alt
import polars as pl

import ziln
from ziln import _frames
from ziln._arguments import Number
from ziln._frames import Frame
from ziln.plot._style import (
    BASELINE,
    BLUE,
    TEXT,
    Chart,
    finish,
    round_up,
    share_axis,
    with_unit,
)

_SIGNS: Final = ("", "$", "€", "£", "¥")
_WIDE: Final = 1e4


def distribution(frame: Frame, *params: Number, unit: str = "", title: str | None = None) -> Chart:
    """
    Draw what one customer may spend: the predicted probability of nothing, and of every range of amounts.

    The ranges grow as 1, 2, 5, 10, ... do. The expected value and quantiles stand in the subtitle.

    Parameters
    ----------
    frame
        The one customer: ``scored.filter(pl.col("id") == 7592)``.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.
    unit
        The unit of the amounts, for the axis: ``"$"``.
    title
        Stands above the chart instead of the usual title.

    Returns
    -------
    Chart
        A layered chart of Altair.

    Raises
    ------
    ValueError
        If the frame has not exactly one row, or a parameter is missing, NaN or infinite.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln.plot
    >>> customer = pl.DataFrame({"logit": [-0.5], "mu": [3.5], "raw_sigma": [0.8]})
    >>> chart = ziln.plot.distribution(customer, "logit", "mu", "raw_sigma", unit="$")
    >>> chart.to_dict()["title"]["text"]
    'What the customer may spend'
    """
    customer = _frames.in_memory("plot.distribution", frame)
    if customer.height != 1:
        msg = f"ziln.plot.distribution: argument `frame`: expected one row, the customer, got {customer.height}"
        raise ValueError(msg)
    ranges = _range_probabilities(customer, params)
    colours = alt.Scale(domain=["nothing", "something"], range=[BASELINE, BLUE])
    y = alt.Y("range:N", sort=ranges["range"].to_list(), title=with_unit("spend", unit))
    top = round_up(1.05 * ranges.select(pl.col("probability").max()).item())
    x = alt.X(**share_axis("probability", "probability", top))
    bars = (
        alt.Chart(ranges)
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("outcome:N", scale=colours, legend=None))
    )
    text = (
        alt.Chart(ranges)
        .mark_text(align="left", dx=5, color=TEXT)
        .encode(x=x, y=y, text=alt.Text("probability:Q", format=".1%"))
    )
    subtitle = _distribution_summary(customer, params, unit)
    return finish([bars, text], title or "What the customer may spend", subtitle)


def _range_probabilities(frame: pl.DataFrame, params: tuple[Number, ...]) -> pl.DataFrame:
    """The probability of nothing, then of each range between round amounts."""
    low, high = frame.select(
        low=_conditional_quantile(params, 0.02), high=_conditional_quantile(params, 0.98)
    ).row(0)
    if low is None or not 0 < low <= high < float("inf"):
        msg = (
            "ziln.plot.distribution: argument `params`: expected finite parameters of a customer "
            "who may pay"
        )
        raise ValueError(msg)
    edges = _round_amounts(low, high)
    below = frame.select(
        ziln.cdf(edge, *params).alias(str(index)) for index, edge in enumerate([0.0, *edges])
    ).row(0)
    names = ["nothing", f"under {_amount(edges[0])}"]
    names += [f"{_amount(a)} to {_amount(b)}" for a, b in itertools.pairwise(edges)]
    names.append(f"over {_amount(edges[-1])}")
    probabilities = [b - a for a, b in zip([0.0, *below], [*below, 1.0], strict=True)]
    outcomes = ["nothing"] + ["something"] * (len(names) - 1)
    return pl.DataFrame({"range": names, "probability": probabilities, "outcome": outcomes})


def _conditional_quantile(params: tuple[Number, ...], q: float) -> pl.Expr:
    """The quantile of the amounts of those who pay."""
    return ziln.quantile(1 - (1 - q) * ziln.pay_prob(*params), *params)


def _round_amounts(low: float, high: float) -> list[float]:
    """The amounts 1, 2, 5, 10, 20, ... from `low` to `high`; where there are none, the two around them.

    A range so wide that these are many has the powers of ten only.
    """
    digits = (1, 2, 5) if high / low < _WIDE else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    amounts = [float(f"{digit}e{power}") for power in powers for digit in digits]
    within = [amount for amount in amounts if low <= amount <= high]
    around = [max(a for a in amounts if a <= low), min(a for a in amounts if a >= high)]
    return within or around


def _distribution_summary(frame: pl.DataFrame, params: tuple[Number, ...], unit: str) -> str:
    mean, median, high = frame.select(
        ziln.expected_ltv(*params),
        median=ziln.quantile(0.5, *params),
        high=ziln.quantile(0.9, *params),
    ).row(0)
    return (
        f"mean {_priced(mean, unit)}, median {_priced(median, unit)}; "
        f"9 in 10 such customers spend at most {_priced(high, unit)}"
    )


def _priced(value: float, unit: str) -> str:
    """An amount with its unit: before it if that is a sign such as $, after it if it is a word."""
    text = f"{value:,.2f}"
    return f"{unit}{text}" if unit in _SIGNS else f"{text} {unit}"


def _amount(value: float) -> str:
    """A round amount as people write it."""
    return f"{value:,.0f}" if 1 <= value < 1e7 else f"{value:g}"
