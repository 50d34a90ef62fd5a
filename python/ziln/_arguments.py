"""How the arguments of the public functions become Polars expressions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
from polars.plugins import register_plugin_function

from ziln import _ziln

Number: TypeAlias = str | pl.Expr | pl.Series | int | float
"""A numeric argument: the name of a column, an expression, a series or a number."""

Features: TypeAlias = str | pl.Expr | Iterable[str | pl.Expr]
"""The columns a model sees: a list of names and expressions, or one struct expression."""

Plain: TypeAlias = bool | int | float | str | list["Plain"] | None
"""An option as it crosses to the functions."""

LIBRARY = Path(_ziln.__file__)


def number(function: str, argument: str, value: Number) -> pl.Expr:
    """A number, a column's name or an expression as an expression."""
    if isinstance(value, str):
        return pl.col(value)
    if isinstance(value, pl.Expr):
        return value
    if isinstance(value, pl.Series):
        return pl.lit(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return pl.lit(_machine_number(value))
    if isinstance(value, float):
        return pl.lit(value)
    msg = (
        f"ziln.{function}: argument `{argument}`: expected a column's name, an expression, "
        f"a series or a number, got {type(value).__name__}"
    )
    raise TypeError(msg)


def params(function: str, values: tuple[Number, ...]) -> list[pl.Expr]:
    """The argument ``params``: one struct or list, or three raw outputs."""
    if len(values) not in (1, 3):
        msg = (
            f"ziln.{function}: argument `params`: expected one column (a params struct, or a list "
            f"of 3 numbers) or three numbers (logit, mu, raw_sigma), got {len(values)} arguments"
        )
        raise TypeError(msg)
    names = ("params",) if len(values) == 1 else ("logit", "mu", "raw_sigma")
    return [number(function, name, value) for name, value in zip(names, values, strict=True)]


def features(function: str, values: Features) -> pl.Expr:
    """The argument ``features`` as one struct, in which a single column keeps its name."""
    if isinstance(values, str | pl.Expr):
        # Whether it is a struct or lists itself shows when the query runs: the functions unwrap it then.
        return pl.struct(_named(function, values))
    if isinstance(values, Iterable) and not isinstance(values, bytes | dict):
        columns = list(values)
        if columns and all(isinstance(column, str | pl.Expr) for column in columns):
            return pl.struct([_named(function, column) for column in columns])
    msg = (
        f"ziln.{function}: argument `features`: expected a list of columns' names and expressions, "
        f"or one struct expression, got {values!r}"
    )
    raise TypeError(msg)


def _named(function: str, feature: str | pl.Expr) -> str | pl.Expr:
    """A feature whose name, as far as it is known, is one that Polars hands to a function: it panics at a NUL."""
    meta = pl.col(feature).meta if isinstance(feature, str) else feature.meta
    name = meta.output_name(raise_if_undetermined=False)
    if name is None or "\0" not in name:
        return feature
    msg = f"ziln.{function}: argument `features`: expected names without a NUL (rename the column), got {name!r:.60}"
    raise ValueError(msg)


def is_model_text(value: object) -> bool:
    """Whether a string is a model's text and not a column's name."""
    return isinstance(value, str) and value.lstrip().startswith("{")


def model(function: str, value: str | pl.Expr | pl.Series, argument: str = "model") -> pl.Expr:
    """A model's text, a column's name, an expression or a series as an expression."""
    if isinstance(value, str):
        # As bytes, of which Polars prints the first few: plans and errors would else end with the whole model.
        return pl.lit(value.encode()) if is_model_text(value) else pl.col(value)
    if isinstance(value, pl.Expr):
        return value
    if isinstance(value, pl.Series):
        return pl.lit(value)
    msg = (
        f"ziln.{function}: argument `{argument}`: expected a model's text, a column's name, "
        f"an expression or a series, got {type(value).__name__}"
    )
    raise TypeError(msg)


def elementwise(function: str, arguments: list[pl.Expr]) -> pl.Expr:
    """A value a row: streams, and fuses into the aggregates around it."""
    # Under names of their own: at a column's name that has a NUL, Polars would panic.
    named = [value.alias(f"argument_{index}") for index, value in enumerate(arguments)]
    return register_plugin_function(
        plugin_path=LIBRARY,
        function_name=function,
        args=named,
        is_elementwise=True,
    ).alias(function)


def aggregate(
    function: str,
    arguments: dict[str, pl.Expr],
    options: dict[str, Any] | None = None,
) -> pl.Expr:
    """One value for all rows of a group. The arguments travel as one struct, so that groups run in parallel."""
    return register_plugin_function(
        plugin_path=LIBRARY,
        function_name=function,
        args=[pl.struct(value.alias(name) for name, value in arguments.items())],
        kwargs={"options": plain_options(function, options or {})},
        returns_scalar=True,
        changes_length=True,
    ).alias(function)


def message_of(error: pl.exceptions.PolarsError) -> str:
    """What a function or Polars says went wrong, without the query it happened in."""
    return str(error).partition("\n\n")[0].removeprefix("the plugin failed with message: ")


def plain_options(function: str, options: dict[str, Any]) -> dict[str, Plain]:
    """Options as they cross to the functions."""
    return {name: _plain(function, name, value) for name, value in options.items()}


def _plain(function: str, option: str, value: object) -> Plain:
    """An option as a plain Python value, also from NumPy's scalars and arrays."""
    match _item(value):
        case None:
            return None
        case list(values) | tuple(values):
            return [_plain(function, option, value) for value in values]
        case bool(plain):
            return plain
        case int(plain):
            return _machine_number(plain)
        case float(plain):
            return float(plain)
        case str(plain) if _is_unicode(plain):
            return str.__str__(plain)
        case str():
            got = "text that is not Unicode"
        case _:
            got = type(value).__name__
    msg = f"ziln.{function}: option `{option}`: expected a number, a string, a boolean or a list, got {got}"
    raise TypeError(msg)


def _item(value: object) -> object:
    """What a scalar or an array of NumPy holds; anything else as it is."""
    try:
        return value.tolist() if hasattr(value, "tolist") else value
    except (TypeError, ValueError):
        return value


def _is_unicode(text: str) -> bool:
    """Whether a text has no halves of surrogate pairs, which cannot be passed on."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _machine_number(value: int) -> int | float:
    """An integer of 64 bits, or the float nearest to it: infinite beyond the greatest."""
    if -(2**63) <= value < 2**63:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
