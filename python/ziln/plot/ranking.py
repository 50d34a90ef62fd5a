"""The chart of a ranking: what the customers ranked first bring."""

from __future__ import annotations

import itertools
from typing import Final

import altair as alt
import polars as pl

import ziln
from ziln import _arguments, _frames
from ziln._arguments import Number
from ziln._frames import Frame
from ziln.plot._style import BASELINE, SERIES, SQUARE, TEXT, Chart, colours, finish, share_axis

_CURVE_POINTS: Final = 200
_LABEL: Final = "the label"


def gain_curve(
    frame: Frame,
    label: Number,
    *predictions: Number,
    title: str | None = None,
) -> Chart:
    """
    Draw the share of the total label that the customers ranked first bring: the Lorenz or gain curve.

    The customers are sorted by prediction, the highest first. The grey diagonal is a random order, the dotted
    curve the best there can be, that by the labels themselves; the normalised Gini coefficient in the legend
    (:func:`ziln.gini`) is the area between a curve and the diagonal, as a share of that of the best. Tied
    predictions have no order, so a straight line leads across them. Labels below 0 count as 0.

    Parameters
    ----------
    frame
        One row a customer. Rows without a label or any of the predictions are left out.
    label
        What the customers spent.
    predictions
        One or more columns to rank by; a curve has the name of its column (``.alias()`` gives another).
    title
        Stands above the chart instead of the usual title.

    Returns
    -------
    Chart
        A layered chart of Altair.

    Raises
    ------
    ValueError
        If there is no prediction, or no positive label.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln.plot
    >>> scored = pl.DataFrame({"ltv": [0.0, 2.0, 12.0], "visits": [1, 1, 4], "prediction": [1, 3, 10]})
    >>> chart = ziln.plot.gain_curve(scored, "ltv", "prediction", "visits")
    >>> chart.to_dict()["title"]["text"]
    'Share of total spend from the customers ranked highest'
    """
    if not predictions:
        msg = "ziln.plot.gain_curve: argument `predictions`: expected at least one column, got none"
        raise ValueError(msg)
    ranked = _rankings(frame, label, predictions)
    names = [
        f"{name} (Gini {gini:.3f})"
        for name, gini in ranked.select(
            ziln.gini(_LABEL, name).alias(name) for name in ranked.columns[1:]
        )
        .row(0, named=True)
        .items()
    ]
    curves = [
        _curve(ranked, name).with_columns(series=pl.lit(series))
        for name, series in zip(ranked.columns[1:], names, strict=True)
    ]
    best, lot = "best possible", "random order"
    references = pl.concat(
        [
            _curve(ranked, _LABEL).with_columns(series=pl.lit(best)),
            pl.DataFrame({"customers": [0.0, 1.0], "spend": [0.0, 1.0], "series": [lot, lot]}),
        ]
    )
    palette = dict(zip(names, itertools.cycle(SERIES), strict=False))
    palette |= {best: TEXT, lot: BASELINE}
    encoding = {
        "x": alt.X(**share_axis("customers", "share of the customers, highest prediction first")),
        "y": alt.Y(**share_axis("spend", "share of the total spend")),
        "color": colours(palette),
    }
    lines = alt.Chart(pl.concat(curves)).mark_line(strokeWidth=2.5).encode(**encoding)
    dashed = alt.Chart(references).mark_line(strokeWidth=1.5, strokeDash=[4, 3]).encode(**encoding)
    heading = "Share of total spend from the customers ranked highest"
    return finish([dashed, lines], title or heading, width=SQUARE, height=SQUARE)


def _rankings(frame: Frame, label: Number, predictions: tuple[Number, ...]) -> pl.DataFrame:
    """The usable rows: the label, not negative, then a column a prediction."""
    function = "plot.gain_curve"
    columns = [_arguments.number(function, "predictions", value) for value in predictions]
    amount = _arguments.number(function, "label", label).cast(pl.Float64)
    ranked = (
        _frames.in_memory(function, frame)
        .select(amount.alias(_LABEL), *columns)
        .drop_nulls()
        .filter(pl.col(_LABEL).is_finite())
        .with_columns(pl.col(_LABEL).clip(lower_bound=0))
    )
    if ranked[_LABEL].sum() <= 0:
        msg = "ziln.plot.gain_curve: no usable row of the frame has a positive label"
        raise ValueError(msg)
    return ranked


def _curve(ranked: pl.DataFrame, by: str) -> pl.DataFrame:
    """The gain curve of a ranking, thinned to what a picture can show; ties become one step."""
    steps = (
        ranked.group_by(pl.col(by).alias("rank"))
        .agg(customers=pl.len(), spend=pl.col(_LABEL).sum())
        .sort("rank", descending=True)
        .select(pl.col("customers", "spend").cum_sum() / pl.col("customers", "spend").sum())
    )
    thinned = steps.group_by(
        (pl.col("customers") * _CURVE_POINTS).ceil().alias("point"), maintain_order=True
    ).last()
    origin = pl.DataFrame({"customers": [0.0], "spend": [0.0]})
    return pl.concat([origin, thinned.select("customers", "spend")])
