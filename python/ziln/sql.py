"""The same functions in SQL, through the Python package ``datafusion``."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from ziln import _model_text, _ziln

if TYPE_CHECKING:
    from datafusion import SessionContext

_MAJOR = 55
"""The major version of DataFusion whose memory layout the functions are compiled for."""


def register_all(ctx: SessionContext) -> None:
    """
    Register every function with a DataFusion session: ``ziln_loss``, ``ziln_fit_sgd``, and so on.

    Parameters
    ----------
    ctx
        A ``datafusion.SessionContext``.

    Raises
    ------
    ImportError
        If the package ``datafusion`` is not installed, or is not a version 55. Functions cross between the two
        packages by memory layout, which changes from one major version to the next.

    Examples
    --------
    >>> from datafusion import SessionContext
    >>> import ziln
    >>> ctx = SessionContext()
    >>> ziln.register_all(ctx)
    >>> ctx.sql("SELECT round(ziln_expected_ltv(0.0, 3.0, 0.5), 3) AS ltv").to_pydict()
    {'ltv': [16.139]}
    """
    _check_version()
    from datafusion import udaf, udf

    for scalar in _ziln.scalar_functions():
        ctx.register_udf(udf(scalar))
    for aggregate in _ziln.aggregate_functions():
        ctx.register_udaf(udaf(aggregate))


def register_model(ctx: SessionContext, name: str, model: str) -> None:
    """
    Register a model with a DataFusion session as a function: ``name(features)`` is the expected lifetime value.

    It has the bits of ``ziln_expected_ltv(ziln_predict(model, features))``, and is faster than these with the model
    as a literal: the text is read once, here. A function that had the name before is replaced.

    Parameters
    ----------
    ctx
        A ``datafusion.SessionContext``.
    name
        The function's name, whose letters A to Z become small: so SQL reads names that are not quoted.
    model
        The text of a model.

    Raises
    ------
    TypeError
        If the name or the model is no text.
    ValueError
        If the name is empty, or the text is not that of a model.
    ImportError
        As of :func:`register_all`.

    Examples
    --------
    >>> import polars as pl
    >>> from datafusion import SessionContext
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 5.0, 0.0, 20.0], "visits": [1, 4, 2, 9]})
    >>> model = customers.select(ziln.fit_sgd("ltv", ["visits"])).item()
    >>> ctx = SessionContext()
    >>> ziln.register_model(ctx, "spend_next_year", model)
    >>> ctx.sql("SELECT spend_next_year({visits: 7}) > 0 AS spends").to_pydict()
    {'spends': [True]}
    """
    _check_version()
    from datafusion import udf

    called = _lowered(name)
    function = _model_text.read(
        "register_model", model, lambda text: _ziln.model_function(called, text)
    )
    ctx.register_udf(udf(function))


def _lowered(name: object) -> str:
    """A function's name as SQL reads it."""
    expected = "ziln.register_model: argument `name`: expected a function's name"
    if not isinstance(name, str):
        msg = f"{expected}, got {type(name).__name__}"
        raise TypeError(msg)
    if not name:
        msg = f"{expected}, got an empty text"
        raise ValueError(msg)
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _check_version() -> None:
    needed = f"datafusion>={_MAJOR},<{_MAJOR + 1}"
    try:
        found = version("datafusion")
    except PackageNotFoundError:
        msg = f"ziln.register_all needs {needed}, which is not installed: pip install 'ziln[datafusion]'"
        raise ImportError(msg) from None
    if found.partition(".")[0] != str(_MAJOR):
        msg = f"ziln.register_all needs {needed}, and datafusion {found} is installed: pip install '{needed}'"
        raise ImportError(msg)
