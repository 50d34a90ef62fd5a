"""What all charts share: colours, sizes, axes and titles."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import altair as alt

Chart: TypeAlias = alt.Chart | alt.LayerChart
"""What the functions return: a chart of Altair, which can still be changed or put beside others."""

BLUE: Final = "#0072b2"
ORANGE: Final = "#e69f00"
SERIES: Final = (BLUE, ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
BASELINE: Final = "#9a9a9a"
TEXT: Final = "#333333"
WIDTH: Final = 560
HEIGHT: Final = 340
SQUARE: Final = 440
NORMAL_95: Final = 1.959963984540054


def with_unit(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity


def share_axis(column: str, title: str, top: float = 1.0) -> dict[str, Any]:
    """What an axis of shares, from 0 to `top`, is made of."""
    return {
        "shorthand": f"{column}:Q",
        "title": title,
        "axis": alt.Axis(format="%", labelFlush=False, tickCount=8),
        "scale": alt.Scale(domain=[0, top]),
    }


def round_up(share: float) -> float:
    """A share to end an axis with: one digit, 1 at most."""
    step = 10.0 ** math.floor(math.log10(share)) if share > 0 else 1.0
    return min(1.0, round(math.ceil(share / step) * step, 12))


def colours(palette: dict[str, str]) -> alt.Color:
    """The colour of every series, told in a legend above the chart."""
    scale = alt.Scale(domain=list(palette), range=list(palette.values()))
    legend = alt.Legend(title=None, orient="top", direction="horizontal", labelLimit=0)
    return alt.Color("series:N", scale=scale, legend=legend)


def finish(
    layers: list[alt.Chart],
    title: str,
    subtitle: str | None = None,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
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
            domainColor=BASELINE,
            tickColor=BASELINE,
            labelColor=TEXT,
            titleColor=TEXT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
        )
        .configure_axisX(grid=False)
        .configure_title(color=TEXT, subtitleColor=TEXT, subtitleFontSize=12)
        .configure_legend(labelFontSize=12, labelColor=TEXT)
    )
    return chart
