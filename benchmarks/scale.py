"""Peak memory and time of samples, passes and full training in the shell, as the rows grow.

python -m benchmarks.scale                                  1 and 10 million rows
python -m benchmarks.scale --millions 1 10 100              12 GB of disk for the last
python -m benchmarks.scale --shell target/release/ziln      the shell to measure
python -m benchmarks.scale --folder /data                   keeps the files, and reads those that are there

Each number of rows is written to a Parquet file of 20 features in single precision, in row groups of 131,072, which is
deleted after. Each query runs in a process of its own, whose peak of resident memory is that of the whole shell.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FEATURES = 20
GROUP_ROWS = 1 << 17
NAMES = [f"x{index}" for index in range(FEATURES)]
STRUCT = "{" + ", ".join(f"{name}: {name}" for name in NAMES) + "}"
RATE_OF_PAYERS = 0.3
ALL_ROWS = "all rows, trained"


@dataclass(frozen=True)
class Measured:
    """What a query took."""

    seconds: float
    mebibytes: float
    printed: str


def customers(rows: int, seed: int = 0) -> Iterator[pa.Table]:
    """Made-up customers, a row group after the other."""
    random = np.random.default_rng(seed)
    weights = random.normal(0, 0.3, FEATURES)
    for start in range(0, rows, GROUP_ROWS):
        count = min(GROUP_ROWS, rows - start)
        features = random.standard_normal((FEATURES, count), dtype=np.float32)
        score = weights @ features
        pays = random.random(count) < RATE_OF_PAYERS / (RATE_OF_PAYERS + np.exp(-score))
        amount = np.exp(2 + 0.5 * score + random.normal(0, 1, count))
        columns = {"ltv": np.where(pays, amount, 0), **dict(zip(NAMES, features, strict=True))}
        yield pa.table(columns)


def write(path: Path, rows: int) -> None:
    """Write customers to a Parquet file."""
    writer = None
    for table in customers(rows):
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(shell: str, sql: str) -> Measured:
    """Run a query in a process of its own."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [shell, "--quiet", "--format", "csv", "--command", sql], stdout=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        printed = output.read().decode()
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{shell} failed: {sql}\n{printed}")
    return Measured(seconds, usage.ru_maxrss / 1024, printed)


def queries(path: Path, model: Path, max_rows: int) -> dict[str, str]:
    """Return the queries to measure, by what they do. The first to use `model`, a file, makes it."""

    def fit(*options: str) -> str:
        arguments = ", ".join(["ltv", STRUCT, *options])
        return f"SELECT ziln_model_info(ziln_fit_sgd({arguments}))['train_loss'] FROM '{path}'"

    sums = ", ".join(f"sum({name})" for name in ["ltv", *NAMES])
    sample = f"sample of {max_rows:,} rows"
    columns = STRUCT.replace(": x", ": c.x")
    info = "ziln_model_info(model)"
    return {
        "reading alone": f"SELECT {sums} FROM '{path}'",
        f"{sample}, drawn": fit(f"{{epochs: 0, max_rows: {max_rows}}}"),
        f"{sample}, trained": fit(f"{{max_rows: {max_rows}}}"),
        f"{sample}, evaluated": f"""
            SELECT ziln_evaluate(ltv, x0, x1, 0.5, {{max_rows: {max_rows}}})['loss'] FROM '{path}'""",
        "passes: start": f"COPY (SELECT ziln_newton_start(ltv, {STRUCT}) AS model FROM '{path}') TO '{model}'",
        "passes: a step": f"""
            SELECT {info}['train_loss'] FROM (
                SELECT ziln_newton_step(c.ltv, {columns}, m.model) AS model
                FROM '{model}' AS m CROSS JOIN '{path}' AS c)""",
        "passes: start and steps": f"""
            WITH RECURSIVE passes AS (
                SELECT 0 AS pass, ziln_newton_start(ltv, {STRUCT}) AS model FROM '{path}'
                UNION ALL
                SELECT p.pass + 1, ziln_newton_step(c.ltv, {columns}, p.model)
                FROM passes AS p CROSS JOIN '{path}' AS c
                WHERE p.pass < 20 AND ziln_model_info(p.model)['stop_reason'] = 'unfinished'
                GROUP BY p.pass
            )
            SELECT {info}['stop_reason'], {info}['epochs_run'] AS steps, {info}['train_loss'] AS train_loss
            FROM (SELECT first_value(model ORDER BY pass DESC) AS model FROM passes)""",
        ALL_ROWS: fit(),
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--max-rows", type=int, default=1_000_000)
    parser.add_argument(
        "--most-in-full", type=float, default=10, help="millions of rows to train on as a whole"
    )
    parser.add_argument("--shell", default="ziln")
    parser.add_argument("--only", default="", help="queries whose name has this in it")
    parser.add_argument(
        "--folder", type=Path, help="where files are kept; they are deleted without"
    )
    parser.add_argument("--verbose", action="store_true", help="print the results, too")
    options = parser.parse_args()
    print("| rows | query | seconds | million rows a second | peak resident memory |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        for millions in options.millions:
            rows = round(millions * 1e6)
            path = (options.folder or Path(temporary)) / f"customers_{rows}.parquet"
            if not path.exists():
                write(path, rows)
            for name, sql in queries(
                path, Path(temporary) / f"model_{rows}.parquet", options.max_rows
            ).items():
                if options.only not in name or (
                    name == ALL_ROWS and millions > options.most_in_full
                ):
                    continue
                measured = measure(options.shell, sql)
                print(
                    f"| {rows:,} | {name} | {measured.seconds:.1f} | {rows / measured.seconds / 1e6:.1f} | "
                    f"{measured.mebibytes:,.0f} MiB |",
                    flush=True,
                )
                if options.verbose:
                    print(measured.printed, file=sys.stderr, flush=True)
            if not options.folder:
                path.unlink()


if __name__ == "__main__":
    main()
