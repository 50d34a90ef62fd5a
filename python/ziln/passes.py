"""
Exact training over any number of rows: :func:`fit_passes` runs ``newton_start``, and ``newton_step`` until it is over.

A pass reads the rows a batch at a time, and holds sums of a size that does not depend on them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from ziln import _arguments, _ziln
from ziln._arguments import Features, Number
from ziln.expressions import model_info

if TYPE_CHECKING:
    from datafusion import SessionContext

__all__ = ["fit_passes"]

_SAMPLE_ROWS = 100_000
"""Rows of the sample of a group, unless ``max_rows`` says so; as in ``src/fit/newton/passes/options.rs``."""

_BATCH_ROWS = 100_000
"""Rows that are read at a time."""

_MOST_PARTS = 8
"""Sums of batches that are held before they are added."""


def fit_passes(
    frame: pl.LazyFrame | pl.DataFrame | SessionContext,
    label: Number,
    features: Features,
    *,
    query: str | None = None,
    weight: Number | None = None,
    by: str | Sequence[str] = (),
    max_passes: int = 50,
    progress: bool = False,
    l2: float | None = None,
    max_sigma: float | None = None,
    min_payment: float | None = None,
    min_count: int | None = None,
    max_rows: int | None = None,
    max_iterations: int | None = None,
    tolerance: float | None = None,
    covariance: bool | None = None,
) -> pl.DataFrame:
    """
    Fit a model a group exactly, over any number of rows, in a few passes over them.

    :func:`newton_start` begins with a sample, and :func:`newton_step` goes on, one pass over all rows of the groups
    that have not converged at a time. The models are those that the two functions give in a query: the same whatever
    the order of the rows, their batches or the engine.

    Parameters
    ----------
    frame
        A frame of Polars, of which a lazy one is run by the streaming engine once a pass and is never in memory; or a
        ``datafusion.SessionContext`` with the functions (:func:`register_all`).
    label
        As for :func:`newton_start`; with a session an expression of SQL, such as ``"ltv"``.
    features
        As for :func:`newton_start`; with a session the names of columns, or an expression of SQL such as
        ``"{recency: recency}"``.
    query
        With a session the rows: a table's name, or a query in parentheses.
    weight
        How often the row counts; with a session an expression of SQL.
    by
        The names of the columns by which rows are grouped: a model a group.
    max_passes
        Passes over all rows at most. A model that has not converged after them says so.
    progress
        Whether to show a bar, if the package ``tqdm`` is installed, else lines.
    l2
        As for :func:`newton_start`.
    max_sigma
        As for :func:`newton_start`.
    min_payment
        As for :func:`newton_start`.
    min_count
        As for :func:`newton_start`.
    max_rows
        As for :func:`newton_start`.
    max_iterations
        As for :func:`newton_start`.
    tolerance
        As for :func:`newton_start`.
    covariance
        As for :func:`newton_start`.

    Returns
    -------
    pl.DataFrame
        The columns of ``by``, and ``model``, which is null where no row is usable or no label of the sample is
        positive. One row a group, in any order.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If ``max_passes`` is negative, or the name of a feature has a NUL.
    polars.exceptions.ComputeError
        What the two functions refuse; options before a row is read. With a session whatever else it refuses is an
        exception of its own.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame(
    ...     {"campaign": ["a", "b"] * 500, "visits": range(1000), "ltv": [0.0, 0.0, 3.5, 8.0, 1.0] * 200}
    ... )
    >>> models = ziln.fit_passes(customers.lazy(), "ltv", ["visits"], by="campaign", max_rows=200)
    >>> models.select(ziln.model_info("model").struct.field("stop_reason")).to_series().to_list()
    ['converged', 'converged']
    """
    keys = _names(by)
    passes = _count(max_passes)
    given = {
        "l2": l2,
        "max_sigma": max_sigma,
        "min_payment": min_payment,
        "min_count": min_count,
        "max_rows": max_rows,
        "max_iterations": max_iterations,
        "tolerance": tolerance,
        "covariance": covariance,
    }
    options = _checked({name: value for name, value in given.items() if value is not None})
    source: _PolarsRows | _Session
    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        if query is not None:
            msg = "ziln.fit_passes: argument `query`: expected None with a frame of Polars, got a query"
            raise TypeError(msg)
        source = _PolarsRows(frame.lazy(), label, features, weight, keys, options)
    else:
        source = _Session(frame, query, label, features, weight, keys, options)
    with _bar(progress, passes) as bar:
        models = source.start()
        done = []
        for _ in range(passes):
            is_open = model_info("model").struct.field("stop_reason").eq_missing("unfinished")
            done.append(models.filter(~is_open))
            models = models.filter(is_open)
            if models.is_empty():
                break
            models = source.step(models)
            bar.update()
    return pl.concat([*done, models])


class _PolarsRows:
    """The rows of a query of Polars, which is run once a pass."""

    def __init__(
        self,
        frame: pl.LazyFrame,
        label: Number,
        features: Features,
        weight: Number | None,
        keys: list[str],
        options: dict[str, Any],
    ) -> None:
        self.keys = [f"__k{index}" for index in range(len(keys))]
        self.names = dict(zip(self.keys, keys, strict=True))
        self.options = options
        arguments = {
            "label": _arguments.number("fit_passes", "label", label),
            "features": _arguments.features("fit_passes", features),
        }
        if weight is not None:
            arguments["weight"] = _arguments.number("fit_passes", "weight", weight)
        self.arguments = {name: pl.col(f"__{name}") for name in arguments}
        columns = [value.alias(f"__{name}") for name, value in arguments.items()]
        by = [pl.col(name).alias(key) for key, name in self.names.items()]
        self.rows = frame.select(*by, *columns)

    def start(self) -> pl.DataFrame:
        """Begin with the sample of every group, which is cut whenever it has grown to twice its size."""
        most = int(self.options.get("max_rows", _SAMPLE_ROWS))
        hashes = _call("newton_hashes", self.arguments).alias("__hash")
        label = pl.col("__label").cast(pl.Float64)
        counts = label.is_not_null()
        if "weight" in self.arguments:
            counts &= (pl.col("__weight") != 0).fill_null(value=False)
        kept: list[pl.DataFrame] = []
        seen: list[pl.DataFrame] = []
        held = 0
        for batch in self._batches():
            # All rows are read, so that a weight which is none is found wherever it is.
            hashed = batch.with_columns(hashes, is_usable=label.is_finite()).filter(counts)
            totals = [
                pl.col("is_usable").sum().cast(pl.UInt64).alias("rows_seen"),
                (~pl.col("is_usable")).sum().cast(pl.UInt64).alias("skipped"),
            ]
            seen = [self._grouped(pl.concat([*seen, self._grouped(hashed, totals)]), _SUMS)]
            kept.append(hashed.filter("is_usable").drop("is_usable"))
            held += kept[-1].height
            if held > 2 * max(most, kept[0].height):
                kept = [self._cut(pl.concat(kept), most)]
                held = kept[0].height
        if not seen:
            return self._named(self._no_models())
        sample = self._cut(pl.concat(kept), most)
        sample = (
            sample.join(seen[0], on=self.keys, how="right", nulls_equal=True)
            if self.keys
            else sample.join(seen[0], how="cross")
        )
        arguments = {
            **self.arguments,
            "rows_seen": pl.col("rows_seen"),
            "skipped": pl.col("skipped"),
        }
        start = _arguments.aggregate("newton_start", arguments, self.options).alias("model")
        return self._named(self._grouped(sample, [start]))

    def step(self, models: pl.DataFrame) -> pl.DataFrame:
        """Sum the rows of the groups of these models, batch by batch, and go a step from there."""
        models = models.rename({name: key for key, name in self.names.items()})
        sums = _call("newton_sums", {**self.arguments, "model": pl.col("model")}, is_row=False)
        summed = {"model": pl.col("model"), "sums": pl.col("sums")}
        merged = _call("newton_merged", summed, is_row=False).alias("sums")
        following = _call("newton_next", summed, is_row=False).alias("model")
        parts: list[pl.DataFrame] = []
        for batch in self._batches():
            if self.keys:
                rows = batch.join(models, on=self.keys, how="inner", nulls_equal=True)
            else:
                rows = batch.join(models, how="cross")
            if not rows.is_empty():
                parts.append(self._grouped(rows, [pl.first("model"), sums.alias("sums")]))
            if len(parts) >= _MOST_PARTS:
                parts = [self._grouped(pl.concat(parts), [pl.first("model"), merged])]
        return (
            self._named(self._grouped(pl.concat(parts), [following]))
            if parts
            else self._named(models)
        )

    def _batches(self) -> Iterator[pl.DataFrame]:
        batches = self.rows.collect_batches(
            chunk_size=_BATCH_ROWS, maintain_order=False, engine="streaming"
        )
        return (batch for batch in batches if not batch.is_empty())

    def _cut(self, rows: pl.DataFrame, most: int) -> pl.DataFrame:
        """Keep the rows with the smallest hashes of each group."""
        if not self.keys:
            return rows.bottom_k(most, by="__hash") if rows.height > most else rows
        return rows.filter(pl.col("__hash").rank("ordinal").over(self.keys) <= most)

    def _grouped(self, frame: pl.DataFrame, values: Iterable[pl.Expr]) -> pl.DataFrame:
        return frame.group_by(self.keys).agg(*values) if self.keys else frame.select(*values)

    def _named(self, models: pl.DataFrame) -> pl.DataFrame:
        return models.rename(self.names)

    def _no_models(self) -> pl.DataFrame:
        schema = {**self.rows.select(self.keys).collect_schema(), "model": pl.String()}
        return (
            pl.DataFrame(schema=schema)
            if self.keys
            else pl.DataFrame({"model": [None]}, schema=schema)
        )


_SUMS = [pl.col("rows_seen").sum(), pl.col("skipped").sum()]


class _Session:
    """The rows of a query of DataFusion, which is run once a pass."""

    def __init__(
        self,
        ctx: SessionContext,
        query: str | None,
        label: Number,
        features: Features,
        weight: Number | None,
        keys: list[str],
        options: dict[str, Any],
    ) -> None:
        if query is None or not hasattr(ctx, "sql"):
            got = "None" if query is None else f"a frame of type {type(ctx).__name__}"
            msg = f"ziln.fit_passes: expected a frame of Polars, or a SessionContext and a query, got {got}"
            raise TypeError(msg)
        self.ctx = ctx
        self.queries = _ziln.session_passes(
            rows=_sql("query", query),
            label=_sql("label", label),
            features=_sql_features(features),
            weight=None if weight is None else _sql("weight", weight),
            by=keys,
            options=list(options.items()),
        )
        self.names = dict(zip(self.queries.keys, keys, strict=True))

    def start(self) -> pl.DataFrame:
        """Begin with the sample of every group."""
        return self._run(self.queries.start)

    def step(self, models: pl.DataFrame) -> pl.DataFrame:
        """Go a step on with the groups of these models."""
        models = models.rename({name: key for key, name in self.names.items()})
        self.ctx.from_arrow(models, self.queries.models)
        try:
            return self._run(self.queries.step)
        finally:
            self.ctx.deregister_table(self.queries.models)

    def _run(self, query: str) -> pl.DataFrame:
        result = self.ctx.sql(query).to_arrow_table()
        models = cast("pl.DataFrame", pl.from_arrow(result))
        return models.rename(self.names).with_columns(pl.col("model").cast(pl.String))


def _call(function: str, arguments: dict[str, pl.Expr], *, is_row: bool = True) -> pl.Expr:
    """A function that only this module calls: a value a row, or one for all rows."""
    from polars.plugins import register_plugin_function

    packed = pl.struct(value.alias(name) for name, value in arguments.items())
    return register_plugin_function(
        plugin_path=_arguments.LIBRARY,
        function_name=function,
        args=[packed],
        is_elementwise=is_row,
        returns_scalar=not is_row,
        changes_length=not is_row,
    )


def _sql(argument: str, value: object) -> str:
    if isinstance(value, str):
        return value
    msg = f"ziln.fit_passes: argument `{argument}`: expected an expression of SQL with a session, got {value!r}"
    raise TypeError(msg)


def _sql_features(features: object) -> str | list[str]:
    if isinstance(features, str):
        return features
    names = list(features) if isinstance(features, Iterable) else []
    if names and all(isinstance(name, str) for name in names):
        return names
    msg = f"ziln.fit_passes: argument `features`: expected columns' names or an expression of SQL, got {features!r}"
    raise TypeError(msg)


def _names(by: object) -> list[str]:
    names: list[Any] = [by] if isinstance(by, str) or not isinstance(by, Iterable) else list(by)
    if all(isinstance(name, str) for name in names):
        return names
    msg = (
        f"ziln.fit_passes: argument `by`: expected a column's name, or a list of names, got {by!r}"
    )
    raise TypeError(msg)


def _count(max_passes: object) -> int:
    try:
        count = operator.index(cast("int", max_passes))
    except TypeError:
        count = None
    if count is not None and not isinstance(max_passes, bool) and count >= 0:
        return count
    msg = f"ziln.fit_passes: argument `max_passes`: expected a whole number, 0 or more, got {max_passes!r}"
    raise TypeError(msg) if count is None else ValueError(msg)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Options as plain values, which ``newton_start`` takes: it is asked with no row."""
    rows = pl.DataFrame(schema={"label": pl.Float64, "features": pl.Float64})
    arguments = {"label": pl.col("label"), "features": pl.struct("features")}
    rows.select(_arguments.aggregate("newton_start", arguments, options))
    return _arguments.plain_options("newton_start", options)


class _Lines:
    """What is shown where there is no bar."""

    def __init__(self, *, shows: bool) -> None:
        self.shows = shows
        self.count = 0

    def update(self) -> None:
        """Count a pass."""
        self.count += 1
        if self.shows:
            import sys

            sys.stderr.write(f"ziln.fit_passes: pass {self.count}\n")


@contextmanager
def _bar(progress: bool, passes: int) -> Iterator[Any]:
    """A bar of passes."""
    if progress:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped, import-not-found, unused-ignore]
        except ImportError:
            yield _Lines(shows=True)
            return
        with tqdm(total=passes, desc="passes", unit="pass") as bar:
            yield bar
        return
    yield _Lines(shows=False)
