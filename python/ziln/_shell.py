"""The command ``ziln``: DataFusion's SQL shell with the functions of ziln."""

from __future__ import annotations

import signal
import sys

from ziln._ziln import shell


def main() -> int:
    """
    Run the shell with the arguments of the command line.

    Returns
    -------
    int
        The exit code.
    """
    # Python only notes an interrupt, and would look at it when the shell has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return shell(sys.argv)
