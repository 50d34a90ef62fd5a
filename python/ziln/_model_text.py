"""Arguments that hold a model's text, of functions that do without Polars."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_QUOTED = 40
"""The most characters that a message quotes of a text."""


def read(function: str, model: object, reader: Callable[[str], T]) -> T:
    """What ``reader`` makes of the argument ``model``."""
    expected = f"ziln.{function}: argument `model`: expected a model's text"
    if not isinstance(model, str):
        msg = f"{expected}, got {type(model).__name__}"
        raise TypeError(msg)
    try:
        return reader(model)
    except ValueError as error:
        quoted = model if len(model) <= _QUOTED else f"{model[:_QUOTED]}..."
        msg = f"{expected}, got {quoted!r} ({error})"
        raise ValueError(msg) from None
