"""Charts in files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ziln.plot._style import Chart

_PRINTED_SCALE: Final = 2


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
