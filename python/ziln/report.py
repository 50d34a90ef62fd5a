"""
One page about predictions: metrics with intervals, pictures, campaigns, the model.

The page is what :func:`ziln.plot.report` returns and ``python -m ziln report`` writes: HTML that needs no network and
runs no script, with its pictures inside. The numbers are those of :func:`ziln.evaluate` and
:func:`ziln.decile_stats`; :mod:`ziln._bootstrap` says how the intervals are made.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, TypeAlias

import polars as pl

import ziln
from ziln import _arguments
from ziln._arguments import Number

try:
    import altair as alt
    import jinja2

    from ziln import _bootstrap
except ImportError as error:
    msg = "ziln.plot.report needs Altair, Jinja and NumPy: pip install 'ziln[plot]'"
    raise ImportError(msg, name=error.name) from error

__all__ = ["report"]

Metrics: TypeAlias = dict[str, Any]
"""A struct of :func:`ziln.evaluate`, with ``margins``: half the widths of the 95% intervals."""


@dataclass(frozen=True)
class Metric:
    """A field of :func:`ziln.evaluate` as the page shows it."""

    field: str
    name: str
    meaning: str
    least: float = 0.0
    most: float = math.inf
    in_unit: bool = False


_METRICS: Final = (
    Metric("label_mean", "Actual mean", "what a customer spent", in_unit=True),
    Metric("prediction_mean", "Predicted mean", "what was expected of a customer", in_unit=True),
    Metric(
        "prediction_ratio",
        "Predicted / actual",
        "total expected over total spent: 1 is right, above 1 promises too much",
    ),
    Metric(
        "normalized_gini",
        "Gini, normalised",
        "how well customers are ranked by spend: 1 is the best order, 0 a random one",
        -1.0,
        1.0,
    ),
    Metric("gini", "Gini", "the same, before it is divided by that of the best order", -1.0, 1.0),
    Metric("spearman", "Spearman", "rank correlation of spend and prediction", -1.0, 1.0),
    Metric(
        "roc_auc",
        "ROC AUC",
        "how often a payer has a higher probability to pay than somebody else: 0.5 is chance",
        most=1.0,
    ),
    Metric(
        "average_precision",
        "Average precision",
        "share of payers among those whose probability to pay is highest",
        most=1.0,
    ),
    Metric("decile_mape", "Decile error", "mean relative error of the mean of a tenth: 0 is best"),
    Metric(
        "coverage_80",
        "Coverage of 80%",
        "share of customers within their 80% interval: 0.8 or more if the model is right",
        most=1.0,
    ),
    Metric("crps", "CRPS", "error of the whole distribution: less is better", in_unit=True),
    Metric("loss", "Loss", "negative log-likelihood, in nats: less is better", -math.inf),
    Metric("classification_loss", "Loss: paying", "the part about who pays"),
    Metric("amount_loss", "Loss: amounts", "the part about how much", -math.inf),
)
_MEANS: Final = ("prediction_mean", "label_mean")
_MOST_CAMPAIGNS: Final = 500
_MOST_WEIGHTS: Final = 40
_MOST_WARNINGS: Final = 50
_HEADS: Final = {"logit": "paying", "mu": "amount", "raw_sigma": "spread"}
# What the intervals may cost: rows of a bag, and how often each of four bags is weighted.
_BAG_ROWS: Final = 20_000
_BAG_ROWS_OF_CAMPAIGNS: Final = 100_000
_LEAST_BAG_ROWS: Final = 200
_REPLICATES: Final = 25
_REPLICATES_OF_CAMPAIGNS: Final = 10
_LEAST_WRITTEN_OUT: Final = 1e-5
_MOST_WRITTEN_OUT: Final = 1e12
_SIGNS: Final = ("$", "€", "£", "¥")
_NONE: Final = "\N{EN DASH}"
_NORMAL_95: Final = 1.959963984540054
# Wide enough to be read in two columns, narrow enough for a phone.
_WIDTH: Final = 310
_HEIGHT: Final = 250
# Fonts differ: room for axis titles that come out longer than they were measured.
_PADDING: Final = {"left": 4, "right": 24, "top": 4, "bottom": 4}
_SPARK_WIDTH: Final = 120
_SPARK_HEIGHT: Final = 36
_LOG_RATIO: Final = "log_prediction_ratio"
_LABEL, _PREDICTION, _BY, _MODEL = "label", "prediction", "by", "model"


def report(
    frame: Any,  # noqa: ANN401
    label: Number,
    params: Number | Sequence[Number],
    *,
    by: str | pl.Expr | None = None,
    model: str | pl.Expr | None = None,
    title: str = "How good are the predictions?",
    unit: str = "",
    seed: int = 0,
) -> str:
    """
    Write a page about predictions: HTML in one piece, without scripts, that needs no network.

    It has the metrics of :func:`ziln.evaluate` with 95% intervals, the pictures of :func:`ziln.plot.deciles`,
    :func:`ziln.plot.gain_curve` and :func:`ziln.plot.calibration`, a table of campaigns, and what a model says of
    itself. The same rows in the same order give the same page.

    The intervals are metric plus and minus 1.96 standard errors (of predicted / actual: of its logarithm), by a bag of
    little bootstraps (Kleiner et al. 2014): for all customers 4 bags of at most 20,000 rows, each weighted 25 times;
    for a campaign 4 bags, 10 times, of as many rows as make 100,000 in all campaigns together, and at least 200. They
    say how far the metrics would move with other customers of the same kind, not with another time or model.

    Parameters
    ----------
    frame
        One row a customer: a frame of Polars, or any with the Arrow C stream (pandas, pyarrow, DataFusion, DuckDB).
    label
        What the customers spent.
    params
        One params struct or list, or a sequence of the three numbers ``logit, mu, raw_sigma``.
    by
        The campaign of a customer. The 500 campaigns with the most customers are shown. Default: no campaigns.
    model
        The model, for its warnings and weights: its text, or a column with the model of each customer, the same in
        all rows of a campaign. Default: none.
    title
        Stands above the page.
    unit
        The unit of the label: ``"$"``.
    seed
        Chooses the bootstrap's rows and weights.

    Returns
    -------
    str
        The page, to be written to a file as UTF-8.

    Raises
    ------
    ValueError
        If no row has a positive label and finite predictions.
    TypeError
        If an argument is of another type.
    polars.exceptions.PolarsError
        If a column is missing or of another type, or ``model`` is no model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import polars as pl
    >>> import ziln.plot
    >>> scored = pl.DataFrame({"ltv": [0.0, 12.0, 30.0], "logit": [-1.0, 0.5, 2.0], "mu": [2.0, 2.5, 3.5]})
    >>> page = ziln.plot.report(scored, "ltv", ["logit", "mu", 0.5], unit="$")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = Path(folder, "report.html").write_text(page, encoding="utf-8")
    >>> page[:15]
    '<!doctype html>'
    """
    scored, names = _scored(frame, label, params, by, model)
    overall = scored.select(ziln.evaluate(_LABEL, *names)).item()
    usable = scored.filter(pl.col(_PREDICTION).is_finite(), pl.col(_LABEL).is_finite())
    if not overall["payers"]:
        msg = (
            "ziln.plot.report: argument `frame`: expected rows with a label above 0 and finite predictions, got none "
            f"among {scored.height}"
        )
        raise ValueError(msg)
    overall["margins"] = _margins(usable, names, seed)
    campaigns = [] if by is None else _campaigns(scored, usable, names, seed)
    page = _template().render(
        title=title,
        unit=unit,
        unit_first=unit in _SIGNS,
        rows=scored.height,
        left_out=scored.height - overall["rows"] - overall["non_finite"],
        overall=overall,
        metrics=_METRICS,
        by_field={metric.field: metric for metric in _METRICS},
        heads=_HEADS,
        seed=seed,
        version=ziln.__version__,
        deciles=_deciles(usable),
        pictures=_pictures(usable, names, unit),
        campaigns=campaigns,
        campaigns_left_out=0 if by is None else scored[_BY].n_unique() - len(campaigns),
        overview=_overview(campaigns, unit),
        model=None if model is None else _model(_models(scored, model)),
    )
    return page.strip() + "\n"


def _scored(
    frame: Any,  # noqa: ANN401
    label: Number,
    params: Number | Sequence[Number],
    by: str | pl.Expr | None,
    model: str | pl.Expr | None,
) -> tuple[pl.DataFrame, list[str]]:
    """The columns that the page is made of, under names of their own; and the names of the parameters."""
    given = (params,) if isinstance(params, Number) else tuple(params)
    values = dict(
        zip(
            ("params_0", "params_1", "params_2"),
            _arguments.params("plot.report", given),
            strict=False,
        )
    )
    names = list(values)
    columns = {_LABEL: _arguments.number("plot.report", "label", label)} | values
    if by is not None:
        columns[_BY] = _arguments.number("plot.report", "by", by)
    if model is not None and not _arguments.is_model_text(model):
        columns[_MODEL] = _arguments.model("plot.report", model)
    # In a struct, so that a parameter that is one number is repeated in every row.
    scored = _polars(frame).select(pl.struct(value.alias(name) for name, value in columns.items()))
    scored = _cast(scored.unnest(scored.columns[0]), _LABEL, pl.Float64, "numbers")
    if by is not None:
        scored = _cast(scored, _BY, pl.String, "texts, or what can be written as such")
    return scored.with_columns(ziln.expected_ltv(*names).alias(_PREDICTION)), names


def _cast(
    scored: pl.DataFrame, argument: str, dtype: type[pl.DataType], expected: str
) -> pl.DataFrame:
    """The frame with an argument's column, which has its name, in a type."""
    try:
        return scored.with_columns(pl.col(argument).cast(dtype))
    except pl.exceptions.PolarsError:
        msg = (
            f"ziln.plot.report: argument `{argument}`: expected a column of {expected}, "
            f"got {scored.schema[argument]}"
        )
        raise TypeError(msg) from None


def _polars(frame: Any) -> pl.DataFrame:  # noqa: ANN401
    if isinstance(frame, pl.DataFrame):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        return pl.DataFrame(frame)
    msg = f"ziln.plot.report: argument `frame`: expected a frame of Polars or Arrow, got {type(frame).__name__}"
    if isinstance(frame, pl.LazyFrame):
        msg += "; collect() it first"
    raise TypeError(msg)


def _margins(usable: pl.DataFrame, names: Sequence[str], seed: int) -> dict[str, float | None]:
    errors = _bootstrap.standard_errors(
        usable.with_columns(pl.lit(0).alias(_BY)),
        _BY,
        [ziln.evaluate(_LABEL, *names, weight=_bootstrap.WEIGHT), _log_ratio()],
        most_rows=_BAG_ROWS,
        replicates=_REPLICATES,
        seed=seed,
    )
    return _as_margins(errors.drop(_BY).row(0, named=True))


def _as_margins(errors: dict[str, float | None]) -> dict[str, float | None]:
    return {field: None if error is None else _NORMAL_95 * error for field, error in errors.items()}


def _campaigns(
    scored: pl.DataFrame, usable: pl.DataFrame, names: Sequence[str], seed: int
) -> list[dict[str, Any]]:
    """What the page shows of each campaign, the one with the most customers first."""
    table = (
        scored.group_by(_BY)
        .agg(
            pl.len().alias("customers"),
            ziln.evaluate(_LABEL, *names).alias("metrics"),
            ziln.decile_stats(_LABEL, _PREDICTION).alias("deciles"),
        )
        .sort(["customers", _BY], descending=[True, False])
        .head(_MOST_CAMPAIGNS)
    )
    shown = usable.join(table.select(_BY), on=_BY, how="semi", nulls_equal=True)
    errors = _bootstrap.standard_errors(
        shown,
        _BY,
        _metrics_of_campaigns(),
        most_rows=max(_LEAST_BAG_ROWS, _BAG_ROWS_OF_CAMPAIGNS // table.height),
        replicates=_REPLICATES_OF_CAMPAIGNS,
        seed=seed,
    )
    margins = {row.pop(_BY): _as_margins(row) for row in errors.to_dicts()}
    return [
        {
            "name": row[_BY],
            "customers": row["customers"],
            "metrics": row["metrics"] | {"margins": margins.get(row[_BY], {})},
            "spark": _spark(row["deciles"]),
        }
        for row in table.to_dicts()
    ]


def _metrics_of_campaigns() -> list[pl.Expr]:
    """Two metrics of `ziln.evaluate`, without the others, whose intervals would cost three times as much."""
    gini = ziln.gini(_LABEL, _PREDICTION, weight=_bootstrap.WEIGHT)
    return [_log_ratio(), gini.alias("normalized_gini")]


def _log_ratio() -> pl.Expr:
    """The logarithm of `prediction_ratio`: a ratio to the spend of few payers is far from normal, this is nearer."""
    weight = pl.col(_bootstrap.WEIGHT)
    expected = (weight * pl.col(_PREDICTION)).sum()
    spent = (weight * pl.col(_LABEL).clip(lower_bound=0)).sum()
    return pl.when(spent > 0).then((expected / spent).log()).alias(_LOG_RATIO)


def _spark(deciles: list[dict[str, float]] | None) -> dict[str, Any] | None:
    """Bars of the actual and points of the predicted means of the deciles, in the picture's units."""
    means = [(row["label_mean"], row["prediction_mean"]) for row in deciles or []]
    top = max((value for pair in means for value in pair), default=0.0)
    if not 0 < top < math.inf:
        return None
    step = _SPARK_WIDTH / len(means)

    def height(mean: float) -> float:
        return round(_SPARK_HEIGHT * mean / top, 1)

    return {
        "width": _SPARK_WIDTH,
        "height": _SPARK_HEIGHT,
        "step": round(step * 0.75, 1),
        "bars": [(round(index * step, 1), height(mean)) for index, (mean, _) in enumerate(means)],
        "points": [
            (round((index + 0.375) * step, 1), round(_SPARK_HEIGHT - height(mean), 1))
            for index, (_, mean) in enumerate(means)
        ],
    }


def _deciles(usable: pl.DataFrame) -> list[dict[str, Any]]:
    stats = usable.select(ziln.decile_stats(_LABEL, _PREDICTION).explode())
    return stats.unnest("decile_stats").to_dicts()


def _pictures(usable: pl.DataFrame, names: Sequence[str], unit: str) -> dict[str, str | None]:
    # Not at the top: `ziln.plot` has this module's function among its own.
    from ziln import plot

    # Labels that are all the same have no order to be found.
    has_order = usable[_LABEL].clip(lower_bound=0).n_unique() > 1
    gain_curve = plot.gain_curve(usable, _LABEL, _PREDICTION) if has_order else None
    return {
        "deciles": _picture(plot.deciles(usable, _LABEL, _PREDICTION, unit=unit)),
        "gain_curve": None if gain_curve is None else _picture(gain_curve),
        "calibration": _picture(plot.calibration(usable, _LABEL, *names)),
    }


def _overview(campaigns: Iterable[dict[str, Any]], unit: str) -> str | None:
    """The campaigns' predicted and actual means, a point each; only those that have both can be on its axes."""
    means = pl.DataFrame(
        [
            {"customers": row["customers"], **{name: row["metrics"][name] for name in _MEANS}}
            for row in campaigns
        ],
        schema={"customers": pl.Int64, **dict.fromkeys(_MEANS, pl.Float64)},
    ).filter(
        pl.all_horizontal(pl.col(name).is_between(0, math.inf, closed="none") for name in _MEANS)
    )
    if means.height < 2:
        return None
    ends = means.select(
        pl.min_horizontal(_MEANS).min(), pl.max_horizontal(_MEANS).max().alias("most")
    )
    low, high = ends.row(0)
    scale = alt.Scale(type="log", domain=[low * 0.9, high * 1.1], nice=False)
    suffix = f" ({unit})" if unit else ""
    axis = alt.Axis(format="~s", tickCount=5, grid=True)
    x = alt.X("prediction_mean:Q", title=f"predicted mean{suffix}", scale=scale, axis=axis)
    y = alt.Y("label_mean:Q", title=f"actual mean{suffix}", scale=scale, axis=axis)
    diagonal = pl.DataFrame({name: [low * 0.9, high * 1.1] for name in _MEANS})
    line = alt.Chart(diagonal).mark_line(color="#9a9a9a", strokeDash=[6, 4]).encode(x=x, y=y)
    points = (
        alt.Chart(means)
        .mark_circle(color="#0072b2", opacity=0.6)
        .encode(
            x=x, y=y, size=alt.Size("customers:Q", legend=None, scale=alt.Scale(range=[10, 120]))
        )
    )
    chart = alt.layer(line, points).configure_view(stroke=None)
    return _picture(chart.configure_axis(gridColor="#ececec", titleFontWeight="normal"))


def _picture(chart: alt.Chart | alt.LayerChart) -> str:
    """A chart as an address that holds it: an SVG picture that fits on a phone, without its title."""
    chart = chart.properties(width=_WIDTH, height=_HEIGHT, background="transparent")
    chart.title = alt.Undefined
    specification = chart.to_dict()
    specification["config"] |= {"font": "Arial, Helvetica, sans-serif", "padding": _PADDING}
    _narrow(specification)
    text = io.StringIO()
    alt.LayerChart.from_dict(specification).save(text, format="svg")
    return "data:image/svg+xml;base64," + base64.b64encode(text.getvalue().encode()).decode()


def _narrow(part: Any) -> None:  # noqa: ANN401
    """Legends line by line, and few enough shares on an axis that they do not touch."""
    if isinstance(part, dict):
        if isinstance(legend := part.get("legend"), dict):
            legend["columns"] = 1
        if isinstance(axis := part.get("axis"), dict) and axis.get("format") == "%":
            axis["tickCount"] = 5
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            _narrow(value)


def _models(scored: pl.DataFrame, model: str | pl.Expr) -> pl.DataFrame:
    """The models that differ, with the campaign of the first customer who has one."""
    if isinstance(model, str) and _arguments.is_model_text(model):
        return pl.DataFrame({_MODEL: [model], _BY: [None]}, schema_overrides={_BY: pl.String})
    rows = scored.drop_nulls(_MODEL)
    if _BY in rows.columns:
        rows = rows.unique(_BY, keep="first", maintain_order=True)
    else:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(_BY))
    return rows.select(_MODEL, _BY).unique(_MODEL, keep="first", maintain_order=True)


def _model(distinct: pl.DataFrame) -> dict[str, Any]:
    """The warnings and the weights of models."""
    info = distinct.with_columns(ziln.model_info(_MODEL).alias("info"))
    is_one = distinct.height == 1
    warnings = [
        {"campaign": row[_BY], "text": text}
        for row in info.to_dicts()
        for text in row["info"]["warnings"]
    ]
    weights = _weights(distinct)
    return {
        "count": distinct.height,
        "info": info["info"][0] if is_one else None,
        "warnings": warnings[:_MOST_WARNINGS],
        "warnings_left_out": max(0, len(warnings) - _MOST_WARNINGS),
        "weights": weights[:_MOST_WEIGHTS],
        "weights_left_out": max(0, len(weights) - _MOST_WEIGHTS),
    }


def _weights(models: pl.DataFrame) -> list[dict[str, Any]]:
    """The heads' weights a feature and level, over all models: intercepts first, then the greatest."""
    weights = models.select(ziln.weights(_MODEL).explode()).unnest("weights")
    return (
        weights.filter(pl.col("layer").is_null())
        .group_by("feature", "level", maintain_order=True)
        .agg(*map(_of_head, _HEADS), size=pl.col("weight").abs().max())
        .with_columns(is_category=pl.col("level").is_not_null().any().over("feature"))
        .sort(pl.col("feature").is_not_null(), -pl.col("size"), maintain_order=True)
        .to_dicts()
    )


def _of_head(head: str) -> pl.Expr:
    weight = pl.col("weight").filter(pl.col("head") == head)
    return pl.struct(median=weight.median(), least=weight.min(), most=weight.max()).alias(head)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"short": _short, "share": _share}
    environment.globals |= {"interval": _interval}
    source = resources.files("ziln").joinpath("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def _interval(metrics: Metrics, metric: Metric) -> tuple[float, float] | None:
    """The 95% interval of a metric, within what the metric can be."""
    value, margins = metrics[metric.field], metrics["margins"]
    is_ratio = metric.field == "prediction_ratio"
    margin = margins.get(_LOG_RATIO if is_ratio else metric.field)
    if value is None or margin is None or not math.isfinite(value + margin):
        return None
    if is_ratio:
        return value / math.exp(margin), value * math.exp(margin)
    return max(metric.least, value - margin), min(metric.most, value + margin)


def _short(value: float | None) -> str:
    """A number with about three digits that count, and whole numbers in full."""
    if value is None:
        return _NONE
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if value and not isinstance(value, int) and not _LEAST_WRITTEN_OUT <= size < _MOST_WRITTEN_OUT:
        return f"{value:.2e}"
    if isinstance(value, int) or size >= 1000:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(size)) if value else 2
    return f"{value:.{max(digits, 0)}f}"


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"
