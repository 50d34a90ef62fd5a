"""How frames of other libraries become frames of Polars, and results go back. Narwhals does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeVar, cast

import polars as pl

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


class ArrowStream(Protocol):
    """A table that can be read as a stream of Arrow batches (the PyCapsule interface of Arrow's C stream)."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the stream, as a capsule."""


Frame: TypeAlias = ArrowStream | pl.LazyFrame
"""What functions that need a table take: a frame of Polars, pandas, PyArrow, DuckDB, DataFusion, ..."""

FrameT = TypeVar("FrameT", bound=Frame)


class _Conversion(NamedTuple):
    """A foreign frame as Polars has it, and the way back."""

    frame: pl.DataFrame
    back: Callable[[pl.DataFrame], object]


def in_memory(function: str, frame: Frame) -> pl.DataFrame:
    """Hold the rows of any frame in a frame of Polars; a lazy one is run."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    return _converted(function, "frame", frame).frame


def through_polars(
    function: str,
    argument: str,
    frame: FrameT,
    columns: Iterable[str],
    query: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> FrameT:
    """Run a query on some columns of any frame; the result is that kind of frame. A LazyFrame is not run."""
    if isinstance(frame, pl.LazyFrame):
        return cast("FrameT", query(frame))
    if isinstance(frame, pl.DataFrame):
        return cast("FrameT", query(frame.lazy()).collect())
    conversion = _converted(function, argument, frame, columns)
    return cast("FrameT", conversion.back(query(conversion.frame.lazy()).collect()))


def _converted(
    function: str, argument: str, frame: object, columns: Iterable[str] = ()
) -> _Conversion:
    """Read a frame, where it is possible only the columns named."""
    import narwhals as nw

    wanted = list(dict.fromkeys(columns))
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.DataFrame | nw.LazyFrame):
        # Where one is missing, whoever asked for it says so, and lists what there is.
        if wanted and set(wanted) <= set(known.collect_schema().names()):
            known = known.select(wanted)
        if isinstance(known, nw.DataFrame):
            library = known.implementation.to_native_namespace()
            has_dates = not known.implementation.is_pandas_like()
            return _Conversion(
                known.to_polars(),
                lambda result: nw.from_arrow(
                    result if has_dates else _with_times(result), backend=library
                ).to_native(),
            )
        read = known.collect("polars").to_polars()
        if known.implementation.is_duckdb():
            relation = cast("DuckDBPyRelation", frame)
            return _Conversion(read, lambda result: _duckdb_relation(relation, result))
        return _Conversion(read, lambda result: result)
    if hasattr(frame, "__arrow_c_stream__"):
        is_datafusion = type(frame).__module__.partition(".")[0] == "datafusion"
        read = nw.from_arrow(cast("ArrowStream", frame), backend="polars").to_polars()
        return _Conversion(read, _datafusion_frame if is_datafusion else lambda result: result)
    msg = (
        f"ziln.{function}: argument `{argument}`: expected a frame of Polars, pandas, PyArrow, DuckDB, DataFusion "
        f"or another library that has Arrow's C stream, got {type(frame).__name__}"
    )
    raise TypeError(msg)


def _with_times(result: pl.DataFrame) -> pl.DataFrame:
    """Days as times, for pandas has no dates and would hold each as an object of Python."""
    return result.with_columns(pl.col(pl.Date).cast(pl.Datetime("us")))


def _duckdb_relation(relation: DuckDBPyRelation, result: pl.DataFrame) -> object:
    """The result as a relation of the other one's connection, so that the two can be joined."""
    # DuckDB finds the variable by its name, unless a table has it: so none that a table would have.
    _ziln_result_in_polars = result
    return relation.query("_ziln_transactions", "SELECT * FROM _ziln_result_in_polars")


def _datafusion_frame(result: pl.DataFrame) -> object:
    """The result in a session of its own; frames of other sessions can be joined with it."""
    from datafusion import SessionContext

    return SessionContext().from_arrow(result)
