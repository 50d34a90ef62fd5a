"""Runs the scripts of ``sql/`` in DataFusion's Python, statement by statement."""

from pathlib import Path

import datafusion
import polars as pl
import pytest

import ziln

ROOT = Path(__file__).parents[2]


def statements(script: str) -> list[str]:
    """Split a script where a line ends with a semicolon, without its comment lines."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    parts = "\n".join(lines).split(";\n")
    return [part.strip().removesuffix(";") for part in parts if part.strip()]


def run_script(name: str, folder: Path) -> datafusion.SessionContext:
    """Run a script in a folder that holds its input in ``data/``; returns the session."""
    (folder / "output").mkdir(exist_ok=True)
    ctx = datafusion.SessionContext()
    ziln.register_all(ctx)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for statement in statements((ROOT / "sql" / name).read_text()):
            ctx.sql(statement).collect()
    return ctx


def query(ctx: datafusion.SessionContext, sql: str) -> pl.DataFrame:
    """Run a query and return its result as a frame."""
    return pl.DataFrame(ctx.sql(sql).to_arrow_table())
