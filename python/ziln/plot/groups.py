"""The chart of campaigns: a weight of each, of its own and drawn to the prior."""

from __future__ import annotations

import json
import math
from typing import Final, Literal, NamedTuple

import altair as alt
import polars as pl

import ziln
from ziln import _arguments, _frames
from ziln._arguments import Number
from ziln._frames import Frame
from ziln.plot._style import BASELINE, BLUE, NORMAL_95, ORANGE, Chart, colours, finish

_NAMED_CAMPAIGNS: Final = 40
_CAMPAIGN_ROW: Final = 16
_BESIDE: Final = 5
_LEAST_HEIGHT: Final = 120
_TALL: Final = 640
_MARGIN: Final = 0.03
_HEADS: Final = ("logit", "mu", "raw_sigma")


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
    series = {"own": (own, ORANGE), "drawn to the prior": (drawn, BLUE)}
    points = _campaign_points(frame, campaign, drawn, series, common)
    names = points["campaign"].unique(maintain_order=True).to_list()
    named = len(names) <= _NAMED_CAMPAIGNS
    domain = alt.Scale(domain=_span(points, common), nice=True, zero=False)
    weight = alt.X("weight:Q", title=common.name, scale=domain)
    y = alt.Y(
        "campaign:N",
        sort=names,
        title="campaign, most rows at the top"
        if named
        else f"{len(names)} campaigns, most rows at the top",
        axis=alt.Axis(ticks=False, labelLimit=160, grid=False, labels=named, domain=named),
    )
    low = alt.X("low:Q", title=common.name, scale=domain)
    layers = _common_layers(common, low, weight)
    palette = {name: colour for name, (models, colour) in series.items() if models is not None}
    for name in palette:
        of_series = points.filter(pl.col("series") == name)
        interval, mark = _series_layers(of_series, name, palette, named=named)
        layers += [interval.encode(x=low, x2="high:Q", y=y), mark.encode(x=weight, y=y)]
    subtitle = (
        "grey: the weight common to all, and where 95% of campaigns lie; lines: 95% intervals"
    )
    height = max(_CAMPAIGN_ROW * len(names), _LEAST_HEIGHT) if named else _TALL
    return finish(layers, title or f"{common.name}, by campaign", subtitle, height=height)


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
    half = NORMAL_95 * math.sqrt(variance) / (encodings[feature]["scale"] if feature else 1.0)
    name = (
        f"{head} of the average customer" if feature is None else f"weight of {feature} in {head}"
    )
    return _CommonWeight(head, feature, name, means, weight, weight - half, weight + half)


def _common_layers(common: _CommonWeight, low: alt.X, weight: alt.X) -> list[alt.Chart]:
    """Where 95% of the campaigns lie, and the weight common to all."""
    band = alt.Chart(pl.DataFrame({"low": [common.low], "high": [common.high]}))
    line = alt.Chart(pl.DataFrame({"weight": [common.weight]}))
    return [
        band.mark_rect(color=BASELINE, opacity=0.18, clip=True).encode(x=low, x2="high:Q"),
        line.mark_rule(color=BASELINE, strokeWidth=2, strokeDash=[6, 4]).encode(x=weight),
    ]


def _series_layers(
    points: pl.DataFrame, name: str, palette: dict[str, str], *, named: bool
) -> tuple[alt.Chart, alt.Chart]:
    """The intervals and the marks of a series; what is narrower and beside the others is the campaigns' own."""
    chart = alt.Chart(points)
    width = 2.0 if name != "own" else 1.0
    offset = _BESIDE if name == "own" and named else 0
    intervals = chart.mark_rule(
        color=palette[name],
        strokeWidth=width if named else width / 2,
        opacity=1.0 if named else 0.5,
        yOffset=offset,
        clip=True,
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
    return intervals, marks.encode(color=colours(palette), tooltip=details)


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
    half = NORMAL_95 * pl.col("standard_error")
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
