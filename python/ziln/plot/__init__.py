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

try:
    import altair  # noqa: F401
except ImportError as error:
    msg = "ziln.plot draws with Altair, which is not installed: pip install 'ziln[plot]'"
    raise ImportError(msg, name="altair") from error

from ziln.plot._style import Chart
from ziln.plot.buckets import calibration, deciles
from ziln.plot.customer import distribution
from ziln.plot.files import save
from ziln.plot.groups import campaigns
from ziln.plot.ranking import gain_curve
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
