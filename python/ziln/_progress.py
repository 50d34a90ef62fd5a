"""Progress of training in notebooks, with tqdm; on a terminal the extension module draws it itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm.std import tqdm

_bars: dict[tuple[str, int | None], tqdm[None]] = {}
"""The bar that is shown, by what it counts and up to which number: at most one."""


def draw(counted: str, done: int, most: int | None, loss: float | None) -> bool:
    """
    Show how far training is, on a thread that does nothing else.

    Parameters
    ----------
    counted
        What is counted.
    done
        How many are done.
    most
        How many there will be, if that is known.
    loss
        The mean loss so far, if that is known.

    Returns
    -------
    bool
        Whether this is a notebook, and there is tqdm to draw with.
    """
    bar = _bars.get((counted, most))
    if bar is None:
        if not _is_notebook():
            return False
        try:
            from tqdm.auto import tqdm
        except ModuleNotFoundError:
            return False
        close()
        bar = tqdm(desc=counted, total=most, initial=done, leave=False)
        _bars[counted, most] = bar
    bar.n = done
    if loss is not None:
        bar.set_postfix({"loss": f"{loss:.4f}"}, refresh=False)
    bar.refresh()
    return True


def close() -> None:
    """Show nothing any more."""
    while _bars:
        _, bar = _bars.popitem()
        bar.close()


def _is_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    interactive = sys.modules.get("IPython")
    return interactive is not None and hasattr(interactive.get_ipython(), "kernel")
