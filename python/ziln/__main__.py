"""
``python -m ziln report``: a page about predictions from a file of scored customers.

``python -m ziln report --help`` lists the options; :func:`ziln.plot.report` says what is on the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ziln import _arguments

_READERS: Final[dict[str, Callable[[str], pl.LazyFrame]]] = {
    ".parquet": pl.scan_parquet,
    ".csv": pl.scan_csv,
    ".arrow": pl.scan_ipc,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command line.

    Parameters
    ----------
    arguments
        The words after ``python -m ziln``. Default: those of the process.

    Returns
    -------
    int
        The exit code: 0, or 1 after an error, which is written to the standard error output. A command line that is
        not understood exits with 2.
    """
    options = _parser().parse_args(arguments)
    try:
        page = _report(options)
        Path(options.output).write_text(page, encoding="utf-8")
    except pl.exceptions.PolarsError as error:
        return _failed(_arguments.message_of(error))
    except (ImportError, OSError, TypeError, ValueError) as error:
        return _failed(str(error))
    print(options.output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ziln", description="Zero-inflated log-normal lifetime-value models."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="write a page about predictions: metrics, pictures, campaigns",
        description="Write a page about predictions: HTML in one file, without scripts, that needs no network.",
    )
    report.add_argument(
        "scored", help=f"the scored customers, a file that ends in {', '.join(_READERS)}"
    )
    report.add_argument("--label", required=True, help="the column of what the customers spent")
    report.add_argument(
        "--params",
        required=True,
        metavar="COLUMN[,COLUMN,COLUMN]",
        help="the column of the params, or the three of logit, mu and raw sigma",
    )
    report.add_argument("--by", help="the column of the campaign")
    model = report.add_mutually_exclusive_group()
    model.add_argument("--model", help="the column of the customer's model")
    model.add_argument("--model-file", help="a file that holds the text of the one model")
    report.add_argument("--title", help="stands above the page")
    report.add_argument("--unit", default="", help="the unit of the label, such as $")
    report.add_argument("--seed", type=int, default=0, help="chooses the bootstrap's rows")
    report.add_argument("-o", "--output", default="report.html", help="default: %(default)s")
    return parser


def _report(options: argparse.Namespace) -> str:
    # Here, so that `--help` does not need the extra.
    import ziln.plot

    params = options.params.split(",")
    columns = [options.label, *params, *filter(None, (options.by, options.model))]
    title = {} if options.title is None else {"title": options.title}
    return ziln.plot.report(
        _read(options.scored, columns),
        options.label,
        params,
        by=options.by,
        model=Path(options.model_file).read_text("utf-8") if options.model_file else options.model,
        unit=options.unit,
        seed=options.seed,
        **title,
    )


def _failed(message: str) -> int:
    print(f"ziln report: {message}", file=sys.stderr)
    return 1


def _read(path: str, columns: Sequence[str]) -> pl.DataFrame:
    """The columns that are needed of a file."""
    reader = _READERS.get(Path(path).suffix.lower())
    if reader is None:
        msg = f"expected a file that ends in {', '.join(_READERS)}, got {path!r}"
        raise ValueError(msg)
    return reader(path).select(list(dict.fromkeys(columns))).collect()


if __name__ == "__main__":
    sys.exit(main())
