"""
Pictures of predictions against what came: charts of Altair, Polars' own plotting library.

====================  =====================================================================
function              question it answers
====================  =====================================================================
:func:`deciles`       is the predicted level right for the worst and for the best customers?
:func:`gain_curve`    how much of the total spend do the customers ranked first bring?
:func:`calibration`   do as many customers pay as the probabilities say?
:func:`distribution`  what may one customer spend?
:func:`campaigns`     how do campaigns differ, and what does a prior make of the small ones?
:func:`report`        all of it on one page, with metrics and campaigns
====================  =====================================================================

Each takes a frame and the names or Polars expressions of its columns, and returns a chart that a notebook shows.
The frame is one of Polars, pandas, PyArrow, DuckDB, DataFusion or another library with Arrow's C stream; a lazy one
is run. :func:`save` writes a chart as a web page or a picture, without a browser. Altair is an extra:
``pip install 'ziln[plot]'``. Importing this module without it raises ``ImportError``.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import polars as pl

import ziln
from ziln import _arguments, _frames
from ziln._arguments import Number
from ziln._frames import Frame

try:
    import altair as alt
except ImportError as error:
    msg = "ziln.plot draws with Altair, which is not installed: pip install 'ziln[plot]'"
    raise ImportError(msg, name="altair") from error

from ziln.report import report

__all__ = [
    "Chart",
    "calibration",
    "campaigns",
    "deciles",
    "distribution",
    "gain_curve",
    "report",
    "save",
]

Chart: TypeAlias = alt.Chart | alt.LayerChart
"""What the functions return: a chart of Altair, which can still be changed or put beside others."""

_BLUE: Final = "#0072b2"
_ORANGE: Final = "#e69f00"
_SERIES: Final = (_BLUE, _ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
_BASELINE: Final = "#9a9a9a"
_TEXT: Final = "#333333"
_WIDTH: Final = 560
_HEIGHT: Final = 340
_SQUARE: Final = 440
_SIGNS: Final = ("", "$", "€", "£", "¥")
_WIDE: Final = 1e4
_CURVE_POINTS: Final = 200
_NORMAL_95: Final = 1.959963984540054
_PRINTED_SCALE: Final = 2
_LABEL: Final = "the label"
_NAMED_CAMPAIGNS: Final = 40
_CAMPAIGN_ROW: Final = 16
_BESIDE: Final = 5
_LEAST_HEIGHT: Final = 120
_TALL: Final = 640
_MARGIN: Final = 0.03
_HEADS: Final = ("logit", "mu", "raw_sigma")


def deciles(
    frame: Frame,
    label: Number,
    prediction: Number,
    *,
    buckets: int = 10,
    unit: str = "",
    title: str | None = None,
) -> Chart:
    """
    Draw the mean label beside the mean prediction, in buckets of customers by rising prediction.

    Bars of equal height in a bucket mean that the level is right there; blue bars that rise from left to right,
    that the ranking is. The grey line is the mean label of everybody. The numbers are those of
    :func:`ziln.decile_stats`.

    Parameters
    ----------
    frame
        One row a customer.
    label
        What the customers spent.
    prediction
        The expected lifetime value.
    buckets
        How many buckets.
    unit
        The unit of both, for the axis: ``"$"``.
    title
        Stands above the chart instead of the usual title.

    Returns
    -------
    Chart
        A layered chart of Altair.

    Raises
    ------
    ValueError
        If no row has both a label and a prediction.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln.plot
    >>> scored = pl.DataFrame({"ltv": [0.0, 2.0, 12.0, 30.0], "prediction": [1.0, 3.0, 10.0, 25.0]})
    >>> chart = ziln.plot.deciles(scored, "ltv", "prediction", buckets=2, unit="$")
    >>> chart.to_dict()["title"]["text"]
    'Actual and predicted spend by half of the customers'
    """
    stats = _bucket_stats("plot.deciles", frame, label, prediction, buckets)
    series = {"actual": ("label_mean", _BLUE), "predicted": ("prediction_mean", _ORANGE)}
    bars = stats.select(
        "bucket", *(pl.col(column).alias(name) for name, (column, _) in series.items())
    ).unpivot(index="bucket", variable_name="series", value_name="mean")
    overall = stats.select(
        mean=(pl.col("label_mean") * pl.col("rows")).sum() / pl.col("rows").sum()
    )
    quantity = alt.Y("mean:Q", title=_with_unit("mean spend per customer", unit))
    columns = (
        alt.Chart(bars)
        .mark_bar()
        .encode(
            x=alt.X(
                "bucket:O",
                title=f"{_part_name(buckets)} of the customers, by predicted spend (1 = lowest)",
                axis=alt.Axis(labelAngle=0),
            ),
            xOffset=alt.XOffset("series:N", sort=list(series)),
            y=quantity,
            color=_colours({name: colour for name, (_, colour) in series.items()}),
            tooltip=["bucket:O", "series:N", alt.Tooltip("mean:Q", format=",.2f")],
        )
    )
    rule = (
        alt.Chart(overall)
        .mark_rule(color=_BASELINE, strokeWidth=2, strokeDash=[6, 4])
        .encode(y="mean:Q")
    )
    text = (
        alt.Chart(overall)
        .mark_text(align="left", dx=4, dy=-7, color=_TEXT)
        .encode(x=alt.value(0), y="mean:Q", text=alt.value("mean of all customers"))
    )
    heading = f"Actual and predicted spend by {_part_name(buckets)} of the customers"
    return _finish([rule, columns, text], title or heading)


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
    palette = dict(zip(names, itertools.cycle(_SERIES), strict=False))
    palette |= {best: _TEXT, lot: _BASELINE}
    encoding = {
        "x": alt.X(**_share_axis("customers", "share of the customers, highest prediction first")),
        "y": alt.Y(**_share_axis("spend", "share of the total spend")),
        "color": _colours(palette),
    }
    lines = alt.Chart(pl.concat(curves)).mark_line(strokeWidth=2.5).encode(**encoding)
    dashed = alt.Chart(references).mark_line(strokeWidth=1.5, strokeDash=[4, 3]).encode(**encoding)
    heading = "Share of total spend from the customers ranked highest"
    return _finish([dashed, lines], title or heading, width=_SQUARE, height=_SQUARE)


def calibration(
    frame: Frame,
    label: Number,
    *params: Number,
    buckets: int = 10,
    title: str | None = None,
) -> Chart:
    """
    Draw the share of customers who paid against the predicted probability to pay.

    A point is a bucket of customers with similar probabilities (:func:`ziln.decile_stats`), its bar the 95%
    confidence interval of Wilson (1927) for the share. Where the probabilities are right, nearly all bars
    reach the grey diagonal.

    Parameters
    ----------
    frame
        One row a customer.
    label
        What the customers spent; those above 0 paid. Rows with a NaN or infinite label are left out.
    params
        One params struct or list, or the three numbers ``logit, mu, raw_sigma``.
    buckets
        How many buckets.
    title
        Stands above the chart instead of the usual title.

    Returns
    -------
    Chart
        A layered chart of Altair.

    Raises
    ------
    ValueError
        If no row has both a label and parameters.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln.plot
    >>> scored = pl.DataFrame({"ltv": [0.0, 2.0, 12.0, 30.0], "logit": [-2.0, -1.0, 1.0, 2.0]})
    >>> chart = ziln.plot.calibration(scored, "ltv", "logit", 2.5, 0.5, buckets=2)
    >>> chart.to_dict()["title"]["text"]
    'Customers who paid, against the predicted probability'
    """
    amount = _arguments.number("plot.calibration", "label", label)
    paid = pl.when(amount.cast(pl.Float64).is_finite()).then((amount > 0).cast(pl.Float64))
    stats = _bucket_stats("plot.calibration", frame, paid, ziln.pay_prob(*params), buckets)
    points = stats.select(
        "bucket",
        "rows",
        predicted="prediction_mean",
        observed="label_mean",
        **_wilson_interval(pl.col("label_mean"), pl.col("rows")),
    )
    top = _round_up(points.select(pl.max_horizontal(pl.col("predicted", "high").max())).item())
    x = alt.X(**_share_axis("predicted", "predicted probability to pay", top))
    y = alt.Y(**_share_axis("observed", "share who paid", top))
    diagonal = (
        alt.Chart(pl.DataFrame({"predicted": [0.0, top], "observed": [0.0, top]}))
        .mark_line(color=_BASELINE, strokeWidth=2, strokeDash=[6, 4])
        .encode(x=x, y=y)
    )
    bars = (
        alt.Chart(points)
        .mark_rule(color=_BLUE, strokeWidth=1.5)
        .encode(x=x, y="low:Q", y2="high:Q")
    )
    dots = (
        alt.Chart(points)
        .mark_circle(color=_BLUE, size=70, opacity=1)
        .encode(x=x, y=y, tooltip=["bucket:O", "rows:Q", "predicted:Q", "observed:Q"])
    )
    heading = "Customers who paid, against the predicted probability"
    return _finish([diagonal, bars, dots], title or heading, width=_SQUARE, height=_SQUARE)


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
    colours = alt.Scale(domain=["nothing", "something"], range=[_BASELINE, _BLUE])
    y = alt.Y("range:N", sort=ranges["range"].to_list(), title=_with_unit("spend", unit))
    top = _round_up(1.05 * ranges.select(pl.col("probability").max()).item())
    x = alt.X(**_share_axis("probability", "probability", top))
    bars = (
        alt.Chart(ranges)
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("outcome:N", scale=colours, legend=None))
    )
    text = (
        alt.Chart(ranges)
        .mark_text(align="left", dx=5, color=_TEXT)
        .encode(x=x, y=y, text=alt.Text("probability:Q", format=".1%"))
    )
    subtitle = _distribution_summary(customer, params, unit)
    return _finish([bars, text], title or "What the customer may spend", subtitle)


def campaigns(
    frame: Frame,
    campaign: Number,
    drawn: Number,
    prior: str,
    *,
    own: Number | None = None,
    head: Literal["logit", "mu", "raw_sigma"] = "logit",
    feature: str | None = None,
    title: str | None = None,
) -> Chart:
    """
    Draw what campaigns say of a weight, the thinnest first: each one's own estimate, and that drawn to the prior.

    A caterpillar plot. A line is a campaign, the one with the fewest rows at the bottom. The blue point is its weight
    drawn to the prior, the blue line the 95% interval of it; the orange diamond and the thin orange line are those of
    the campaign's model of its own; the dashed grey line is the weight common to all, and the grey band where 95% of
    the campaigns lie by the prior's variance. Diamonds of thin campaigns lie far apart and their points near the
    dashed line, points of large campaigns lie on their diamonds. Weights are on the scale of the feature
    (``raw_weight``), the intercept at the prior's means of the numbers, so that all models can be compared; the
    error of an own model's intercept is that at the campaign's own means. Own weights that lie far off are cut off.

    Parameters
    ----------
    frame
        One row a campaign.
    campaign
        The campaign: a column of any type that can be read as text.
    drawn
        The campaign's model drawn to the prior: ``ziln.fit_newton(..., init=prior)``. Campaigns without one are left
        out.
    prior
        The prior's text, of :func:`ziln.fit_prior`.
    own
        The campaign's model of its own: ``ziln.fit_newton(...)``; null where there is none. Default: not drawn.
    head
        The head whose weight is drawn: ``logit`` (who pays), ``mu`` (how much) or ``raw_sigma`` (how spread).
    feature
        The feature whose weight is drawn, a number. Default: the intercept.
    title
        Stands above the chart instead of the usual title.

    Returns
    -------
    Chart
        A layered chart of Altair. More than 40 campaigns are drawn without names; the mouse shows them.

    Raises
    ------
    ValueError
        If no campaign has a model, ``prior`` has no variances, or it has no such head or number.
    TypeError
        If ``prior`` is no model's text.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln.plot
    >>> customers = pl.DataFrame(
    ...     {"campaign": ["a", "b", "b", "c"] * 25, "visits": range(100), "ltv": [0.0, 0.0, 3.5, 8.0] * 25}
    ... )
    >>> prior = customers.select(ziln.fit_prior("ltv", ["visits"], "campaign")).item()
    >>> models = customers.group_by("campaign").agg(
    ...     own=ziln.fit_newton("ltv", ["visits"]), drawn=ziln.fit_newton("ltv", ["visits"], init=prior)
    ... )
    >>> chart = ziln.plot.campaigns(models, "campaign", "drawn", prior, own="own")
    >>> chart.to_dict()["title"]["text"]
    'logit of the average customer, by campaign'
    """
    common = _common_weight(prior, head, feature)
    series = {"own": (own, _ORANGE), "drawn to the prior": (drawn, _BLUE)}
    points = _campaign_points(frame, campaign, drawn, series, common)
    names = points["campaign"].unique(maintain_order=True).to_list()
    named = len(names) <= _NAMED_CAMPAIGNS
    domain = alt.Scale(domain=_span(points, common), nice=True, zero=False)
    weight = alt.X("weight:Q", title=common.name, scale=domain)
    place = alt.Y(
        "campaign:N",
        sort=names,
        title="campaign, most rows at the top"
        if named
        else f"{len(names)} campaigns, most rows at the top",
        axis=alt.Axis(ticks=False, labelLimit=160, grid=False, labels=named, domain=named),
    )
    layers = [
        alt.Chart(pl.DataFrame({"low": [common.low], "high": [common.high]}))
        .mark_rect(color=_BASELINE, opacity=0.18, clip=True)
        .encode(x=alt.X("low:Q", title=common.name, scale=domain), x2="high:Q"),
        alt.Chart(pl.DataFrame({"weight": [common.weight]}))
        .mark_rule(color=_BASELINE, strokeWidth=2, strokeDash=[6, 4])
        .encode(x=weight),
    ]
    palette = {name: colour for name, (models, colour) in series.items() if models is not None}
    for name, colour in palette.items():
        chart = alt.Chart(points.filter(pl.col("series") == name))
        width = 2.0 if name != "own" else 1.0
        offset = _BESIDE if name == "own" and named else 0
        lines = chart.mark_rule(
            color=colour,
            strokeWidth=width if named else width / 2,
            opacity=1.0 if named else 0.5,
            yOffset=offset,
            clip=True,
        )
        layers.append(
            lines.encode(x=alt.X("low:Q", title=common.name, scale=domain), x2="high:Q", y=place)
        )
        marks = chart.mark_point(
            filled=True,
            opacity=1,
            size=50 if named else 10,
            shape="diamond" if name == "own" else "circle",
            yOffset=offset,
            clip=True,
        )
        details = ["campaign:N", "rows:Q", "series:N", "weight:Q", "standard_error:Q"]
        layers.append(marks.encode(x=weight, y=place, color=_colours(palette), tooltip=details))
    subtitle = (
        "grey: the weight common to all, and where 95% of campaigns lie; lines: 95% intervals"
    )
    height = max(_CAMPAIGN_ROW * len(names), _LEAST_HEIGHT) if named else _TALL
    return _finish(layers, title or f"{common.name}, by campaign", subtitle, height=height)


def save(chart: Chart, path: str | Path) -> Path:
    """
    Write a chart to a file, without a browser and without the network.

    Parameters
    ----------
    chart
        What a function of this module returned, or any chart of Altair.
    path
        The file; its ending decides what it holds: ``.html`` is an interactive page that needs no network,
        ``.png`` and ``.svg`` are pictures.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ValueError
        If the ending is another.
    ImportError
        If the package ``vl-convert-python`` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import polars as pl
    >>> import ziln.plot
    >>> scored = pl.DataFrame({"ltv": [0.0, 2.0, 12.0, 30.0], "prediction": [1, 3, 10, 25]})
    >>> chart = ziln.plot.gain_curve(scored, "ltv", "prediction")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ziln.plot.save(chart, Path(folder) / "gain.svg").stat().st_size > 1000
    True
    """
    try:
        import vl_convert  # noqa: F401
    except ImportError as error:
        msg = "ziln.plot.save writes with vl-convert, which is not installed: pip install 'ziln[plot]'"
        raise ImportError(msg, name="vl_convert") from error
    file = Path(path)
    kind = file.suffix.lower()
    if kind == ".html":
        chart.save(file, format="html", inline=True)
    elif kind == ".png":
        chart.save(file, format="png", scale_factor=_PRINTED_SCALE)
    elif kind == ".svg":
        chart.save(file, format="svg")
    else:
        msg = (
            "ziln.plot.save: argument `path`: expected a name that ends in .html, .png or .svg, "
            f"got {file.name!r}"
        )
        raise ValueError(msg)
    return file


class _CommonWeight(NamedTuple):
    """What a prior says of one weight."""

    head: str
    feature: str | None
    name: str
    """What the axis is called."""
    means: dict[str, float]
    """The mean of each number."""
    weight: float
    low: float
    high: float
    """The range of 95% of the campaigns."""


def _common_weight(prior: str, head: str, feature: str | None) -> _CommonWeight:
    """The common weight and the range of the campaigns', on the scale of the feature."""
    if not _arguments.is_model_text(prior):
        msg = f"ziln.plot.campaigns: argument `prior`: expected a model's text, got {prior!r:.60}"
        raise TypeError(msg)
    if head not in _HEADS:
        msg = f"ziln.plot.campaigns: argument `head`: expected one of {', '.join(_HEADS)}, got {head!r}"
        raise ValueError(msg)
    encodings = {f["name"]: f["encoding"].get("numeric") for f in json.loads(prior)["features"]}
    means = {name: float(number["mean"]) for name, number in encodings.items() if number}
    if feature is not None and feature not in means:
        msg = (
            f"ziln.plot.campaigns: argument `feature`: expected a number of the prior ({', '.join(means)}), "
            f"got {feature!r}"
        )
        raise ValueError(msg)
    estimate = _estimates(pl.select(campaign=pl.lit(""), model=pl.lit(prior)), head, feature, means)
    weight, variance = estimate.select("weight", "between").row(0)
    if variance is None:
        msg = "ziln.plot.campaigns: argument `prior`: expected a model of ziln.fit_prior, got one without variances"
        raise ValueError(msg)
    half = _NORMAL_95 * math.sqrt(variance) / (encodings[feature]["scale"] if feature else 1.0)
    name = (
        f"{head} of the average customer" if feature is None else f"weight of {feature} in {head}"
    )
    return _CommonWeight(head, feature, name, means, weight, weight - half, weight + half)


def _estimates(
    models: pl.DataFrame, head: str, feature: str | None, means: dict[str, float]
) -> pl.DataFrame:
    """A weight of each model, with its error and variance: the intercept at the means, a feature's on its scale."""
    rows = models.select("campaign", ziln.weights("model")).explode("weights").unnest("weights")
    of_head = rows.filter(pl.col("head") == head, pl.col("level").is_null())
    # A null level of a category is a weight of its own, of no number.
    is_number = pl.col("feature").is_null() | pl.col("feature").is_in(list(means))
    at_means = pl.col("raw_weight") * pl.col("feature").replace_strict(means, default=1.0)
    error = "standard_error" if feature is None else "raw_standard_error"
    weight = (
        at_means.sum() if feature is None else pl.col("raw_weight").filter(feature=feature).first()
    )
    of_weight = pl.col("feature").is_null() if feature is None else pl.col("feature") == feature
    return (
        of_head.filter(is_number)
        .group_by("campaign", maintain_order=True)
        .agg(
            weight=weight,
            standard_error=pl.col(error).filter(of_weight).first(),
            between=pl.col("between").filter(of_weight).first(),
        )
    )


def _campaign_points(
    frame: Frame,
    campaign: Number,
    drawn: Number,
    series: dict[str, tuple[Number | None, str]],
    common: _CommonWeight,
) -> pl.DataFrame:
    """One row a campaign and series, those with the most training rows first."""
    function = "plot.campaigns"
    name = _arguments.number(function, "campaign", campaign)
    rows = ziln.model_info(_arguments.number(function, "drawn", drawn)).struct.field("rows")
    columns = {
        label: _arguments.number(function, label.split()[0], models)
        for label, (models, _) in series.items()
        if models is not None
    }
    wide = _frames.in_memory(function, frame).select(
        campaign=name.cast(pl.String).fill_null("null"), rows=rows, **columns
    )
    wide = wide.drop_nulls("rows").sort("rows", "campaign", descending=[True, False])
    if wide.is_empty():
        msg = "ziln.plot.campaigns: no campaign of the frame has a model drawn to the prior"
        raise ValueError(msg)
    tables = []
    for label in columns:
        models = wide.select("campaign", model=label).drop_nulls()
        found = _estimates(models, common.head, common.feature, common.means)
        tables.append(found.select(pl.lit(label).alias("series"), pl.exclude("between")))
    half = _NORMAL_95 * pl.col("standard_error")
    return (
        wide.select("campaign", "rows")
        .join(pl.concat(tables), on="campaign", maintain_order="left")
        .with_columns(low=pl.col("weight") - half, high=pl.col("weight") + half)
    )


def _span(points: pl.DataFrame, common: _CommonWeight) -> list[float]:
    """The ends of the axis: all that is drawn to the prior, and all but the farthest of the rest."""
    drawn = points.filter(pl.col("series") != "own")
    low, high = drawn.select(
        pl.min_horizontal(pl.col("weight", "low").min()),
        high=pl.max_horizontal(pl.col("weight", "high").max()),
    ).row(0)
    own = points.filter(pl.col("series") == "own")["weight"]
    if not own.is_empty():
        low = min(low, own.quantile(0.02, "lower"))
        high = max(high, own.quantile(0.98, "higher"))
    low, high = min(low, common.low), max(high, common.high)
    margin = _MARGIN * (high - low)
    return [low - margin, high + margin]


def _bucket_stats(
    function: str, frame: Frame, label: Number, prediction: Number, buckets: int
) -> pl.DataFrame:
    """`ziln.decile_stats` as a table, one row a bucket."""
    stats = (
        _frames.in_memory(function, frame)
        .select(ziln.decile_stats(label, prediction, buckets=buckets).explode())
        .drop_nulls()
        .unnest("decile_stats")
    )
    if stats.is_empty():
        msg = f"ziln.{function}: no row of the frame has both a label and a prediction"
        raise ValueError(msg)
    return stats


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


def _wilson_interval(share: pl.Expr, rows: pl.Expr) -> dict[str, pl.Expr]:
    """The 95% confidence interval of a share, Wilson (1927): within 0 and 1 however few rows there are."""
    z2 = _NORMAL_95**2
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = (
        _NORMAL_95 * (share * (1 - share) / rows + z2 / (4 * rows * rows)).sqrt() / (1 + z2 / rows)
    )
    return {"low": centre - half, "high": centre + half}


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
        ziln.cdf(edge, *params).alias(str(place)) for place, edge in enumerate([0.0, *edges])
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


def _round_up(share: float) -> float:
    """A share to end an axis with: one digit, 1 at most."""
    step = 10.0 ** math.floor(math.log10(share)) if share > 0 else 1.0
    return min(1.0, round(math.ceil(share / step) * step, 12))


def _amount(value: float) -> str:
    """A round amount as people write it."""
    return f"{value:,.0f}" if 1 <= value < 1e7 else f"{value:g}"


def _part_name(buckets: int) -> str:
    return {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth", 20: "twentieth"}.get(
        buckets, f"1/{buckets}"
    )


def _with_unit(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity


def _share_axis(column: str, title: str, top: float = 1.0) -> dict[str, Any]:
    """What an axis of shares, from 0 to `top`, is made of."""
    return {
        "shorthand": f"{column}:Q",
        "title": title,
        "axis": alt.Axis(format="%", labelFlush=False, tickCount=8),
        "scale": alt.Scale(domain=[0, top]),
    }


def _colours(palette: dict[str, str]) -> alt.Color:
    """The colour of every series, told in a legend above the chart."""
    scale = alt.Scale(domain=list(palette), range=list(palette.values()))
    legend = alt.Legend(title=None, orient="top", direction="horizontal", labelLimit=0)
    return alt.Color("series:N", scale=scale, legend=legend)


def _finish(
    layers: list[alt.Chart],
    title: str,
    subtitle: str | None = None,
    *,
    width: int = _WIDTH,
    height: int = _HEIGHT,
) -> alt.LayerChart:
    """The size, title and style that all charts share."""
    heading = alt.TitleParams(title, anchor="start", fontSize=16, offset=12)
    if subtitle:
        heading.subtitle = subtitle
    chart: alt.LayerChart = (
        alt.LayerChart(layer=layers)
        .properties(width=width, height=height, title=heading)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor="#ececec",
            domainColor=_BASELINE,
            tickColor=_BASELINE,
            labelColor=_TEXT,
            titleColor=_TEXT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
        )
        .configure_axisX(grid=False)
        .configure_title(color=_TEXT, subtitleColor=_TEXT, subtitleFontSize=12)
        .configure_legend(labelFontSize=12, labelColor=_TEXT)
    )
    return chart
