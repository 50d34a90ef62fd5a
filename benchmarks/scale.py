"""Peak memory and time of a fit in the shell, of all rows and of a sample, as the rows grow.

python -m benchmarks.scale                                  1 and 10 million rows
python -m benchmarks.scale --millions 1 10 100              8 GB of disk for the last
python -m benchmarks.scale --shell target/release/ziln      the shell to measure

Each number of rows is written to a Parquet file of 20 features in single precision, in row groups of 131,072, which is
deleted after.
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
NAMES = [f"x{place}" for place in range(FEATURES)]
STRUCT = "{" + ", ".join(f"{name}: {name}" for name in NAMES) + "}"
RATE_OF_PAYERS = 0.3


@dataclass(frozen=True)
class Measured:
    """What a query took."""

    seconds: float
    mebibytes: float


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
    process = subprocess.Popen([shell, "--quiet", "--command", sql], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{shell} failed: {sql}")
    return Measured(seconds, usage.ru_maxrss / 1024)


def queries(path: Path, max_rows: int) -> dict[str, str]:
    """Return the queries to measure, by what they do."""

    def fit(options: str) -> str:
        return f"SELECT ziln_model_info(ziln_fit_sgd(ltv, {STRUCT}, {options}))['train_loss'] FROM '{path}'"

    sums = ", ".join(f"sum({name})" for name in ["ltv", *NAMES])
    return {
        "read only": f"SELECT {sums} FROM '{path}'",
        f"sample of {max_rows:,} rows, 0 epochs": fit(f"{{epochs: 0, max_rows: {max_rows}}}"),
        f"sample of {max_rows:,} rows, 5 epochs": fit(f"{{epochs: 5, max_rows: {max_rows}}}"),
        "all rows, 5 epochs": fit("{epochs: 5}"),
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--max-rows", type=int, default=100_000)
    parser.add_argument(
        "--most-in-full", type=float, default=10, help="millions of rows to train on as a whole"
    )
    parser.add_argument("--shell", default="ziln")
    options = parser.parse_args()
    print("| rows | query | seconds | peak resident memory |")
    print("| --- | --- | --- | --- |")
    for millions in options.millions:
        rows = round(millions * 1e6)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "customers.parquet"
            write(path, rows)
            for name, sql in queries(path, options.max_rows).items():
                if name.startswith("all rows") and millions > options.most_in_full:
                    continue
                measured = measure(options.shell, sql)
                print(
                    f"| {rows:,} | {name} | {measured.seconds:.1f} | {measured.mebibytes:,.0f} MiB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
