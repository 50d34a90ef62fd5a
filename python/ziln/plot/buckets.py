"""Charts of customers in buckets by what is predicted of them: the level, and the probability to pay."""

from __future__ import annotations

import altair as alt
import polars as pl

import ziln
from ziln import _arguments, _frames
from ziln._arguments import Number
from ziln._frames import Frame
from ziln.plot._style import (
    BASELINE,
    BLUE,
    NORMAL_95,
    ORANGE,
    SQUARE,
    TEXT,
    Chart,
    colours,
    finish,
    round_up,
    share_axis,
    with_unit,
)


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
    series = {"actual": ("label_mean", BLUE), "predicted": ("prediction_mean", ORANGE)}
    bars = stats.select(
        "bucket", *(pl.col(column).alias(name) for name, (column, _) in series.items())
    ).unpivot(index="bucket", variable_name="series", value_name="mean")
    overall = stats.select(
        mean=(pl.col("label_mean") * pl.col("rows")).sum() / pl.col("rows").sum()
    )
    quantity = alt.Y("mean:Q", title=with_unit("mean spend per customer", unit))
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
            color=colours({name: colour for name, (_, colour) in series.items()}),
            tooltip=["bucket:O", "series:N", alt.Tooltip("mean:Q", format=",.2f")],
        )
    )
    rule = (
        alt.Chart(overall)
        .mark_rule(color=BASELINE, strokeWidth=2, strokeDash=[6, 4])
        .encode(y="mean:Q")
    )
    text = (
        alt.Chart(overall)
        .mark_text(align="left", dx=4, dy=-7, color=TEXT)
        .encode(x=alt.value(0), y="mean:Q", text=alt.value("mean of all customers"))
    )
    heading = f"Actual and predicted spend by {_part_name(buckets)} of the customers"
    return finish([rule, columns, text], title or heading)


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
    top = round_up(points.select(pl.max_horizontal(pl.col("predicted", "high").max())).item())
    x = alt.X(**share_axis("predicted", "predicted probability to pay", top))
    y = alt.Y(**share_axis("observed", "share who paid", top))
    diagonal = (
        alt.Chart(pl.DataFrame({"predicted": [0.0, top], "observed": [0.0, top]}))
        .mark_line(color=BASELINE, strokeWidth=2, strokeDash=[6, 4])
        .encode(x=x, y=y)
    )
    bars = (
        alt.Chart(points).mark_rule(color=BLUE, strokeWidth=1.5).encode(x=x, y="low:Q", y2="high:Q")
    )
    dots = (
        alt.Chart(points)
        .mark_circle(color=BLUE, size=70, opacity=1)
        .encode(x=x, y=y, tooltip=["bucket:O", "rows:Q", "predicted:Q", "observed:Q"])
    )
    heading = "Customers who paid, against the predicted probability"
    return finish([diagonal, bars, dots], title or heading, width=SQUARE, height=SQUARE)


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


def _wilson_interval(share: pl.Expr, rows: pl.Expr) -> dict[str, pl.Expr]:
    """The 95% confidence interval of a share, Wilson (1927): within 0 and 1 however few rows there are."""
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = (
        NORMAL_95 * (share * (1 - share) / rows + z2 / (4 * rows * rows)).sqrt() / (1 + z2 / rows)
    )
    return {"low": centre - half, "high": centre + half}


def _part_name(buckets: int) -> str:
    return {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth", 20: "twentieth"}.get(
        buckets, f"1/{buckets}"
    )
