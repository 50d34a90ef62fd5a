"""Time to train and the objective reached, beside other systems; many groups; memory.

    python -m benchmarks.training                    a million rows, 100,000 groups, memory of 5 million rows
    python -m benchmarks.training --rows 50000 --groups 1000 --memory-rows 100000

Speed without convergence is worth nothing, so every system is judged by the mean loss it reaches over its
training rows, which NumPy computes in float64.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datafusion import SessionConfig, SessionContext

import ziln
from benchmarks import common, simulate
from benchmarks.trainers import TRAINERS, Settings

MODULE = "benchmarks.training"
FEATURES = 20
BATCH_SIZE = 1024
GROUP_ROWS = 50
GROUP_FEATURES = 5
GROUP_EPOCHS = 20
POLARS_GROUP_ROWS = 20
EXACT = "exact optimum (L-BFGS)"


def train_one(options: argparse.Namespace) -> dict[str, Any] | None:
    """One system, in this process."""
    customers = simulate.customers(options.rows, FEATURES, options.seed)
    settings = Settings(options.epochs, BATCH_SIZE, options.repetitions)
    trained = TRAINERS[options.trainer](customers, settings)
    if trained is None:
        return None
    return {
        "seconds": common.median(trained.seconds),
        "repetitions": trained.seconds,
        "preparation": trained.preparation,
        "epochs": trained.epochs,
        "parts": trained.parts,
        "loss": trained.loss(customers.label),
        "peak_memory": common.peak_memory(),
    }


def train_all(options: argparse.Namespace, threads: int) -> dict[str, dict[str, Any]]:
    """Every system in turn, each in a process of its own that has so many cores."""
    results = {}
    for system in TRAINERS:
        common.say(f"{system}, threads: {threads} ...")
        chosen = [f"--trainer={system}", *passed(options, "rows", "epochs", "repetitions", "seed")]
        try:
            found = common.run_child(MODULE, chosen, threads)
        except subprocess.CalledProcessError:
            common.say(f"skipped: {system} failed")
            continue
        if found is not None:
            results[system] = found
    return results


def train_groups(options: argparse.Namespace) -> dict[str, float]:
    """A model a group, in one query, in this process."""
    rows = options.groups * GROUP_ROWS
    customers = simulate.customers(rows, GROUP_FEATURES, options.seed, groups=options.groups)
    context = SessionContext(SessionConfig())
    ziln.register_all(context)
    context.register_record_batches("t", simulate.batches(customers.table()))
    query = (
        f"SELECT g, ziln_fit_sgd(ltv, {customers.struct_sql()}, {{epochs: {GROUP_EPOCHS}}}) AS model "
        "FROM t GROUP BY g"
    )
    start = time.perf_counter()
    models = context.sql(f"SELECT count(*) AS n, count(model) AS m FROM ({query})").to_pydict()
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "groups": models["n"][0],
        "models": models["m"][0],
        "peak_memory": common.peak_memory(),
    }


def train_polars_groups(options: argparse.Namespace) -> dict[str, float]:
    """A model a group in Polars, in this process: with default options, and with few epochs."""
    rows = options.polars_groups * POLARS_GROUP_ROWS
    customers = simulate.customers(rows, GROUP_FEATURES, options.seed, groups=options.polars_groups)
    frame = customers.frame()
    result: dict[str, float] = {"groups": options.polars_groups}
    for name, epochs in (("seconds_default", None), ("seconds_few_epochs", GROUP_EPOCHS)):
        fit = ziln.fit_sgd("ltv", customers.feature_names, epochs=epochs)
        start = time.perf_counter()
        models = frame.group_by("g").agg(fit)
        result[name] = time.perf_counter() - start
        result["models"] = models["model"].count()
    return result


def train_file(options: argparse.Namespace) -> dict[str, float]:
    """Train on a Parquet file, in this process, for its memory."""
    context = SessionContext(SessionConfig().with_target_partitions(options.partitions))
    ziln.register_all(context)
    context.register_parquet("t", str(options.file))
    names = [f"x{column}" for column in range(FEATURES)]
    struct = "{" + ", ".join(f"{name}: {name}" for name in names) + "}"
    before = common.peak_memory()
    start = time.perf_counter()
    query = f"SELECT ziln_fit_sgd(ltv, {struct}, {{epochs: {options.epochs}}}) AS model FROM t"
    model = context.sql(query).to_pydict()["model"][0]
    return {
        "seconds": time.perf_counter() - start,
        "model_bytes": len(model),
        "memory_before": before,
        "peak_memory": common.peak_memory(),
    }


def train_files(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Write files, then train on each in processes that have never held the rows."""
    rows, results = options.memory_rows, []
    for dtype in (np.float64, np.float32):
        name = np.dtype(dtype).name
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "customers.parquet"
            customers = simulate.customers(rows, FEATURES, options.seed, dtype=dtype)
            customers.frame().drop("g").write_parquet(file, row_group_size=128 * 1024)
            del customers
            for partitions in common.thread_counts():
                common.say(f"memory of {rows:,} rows, {name}, partitions: {partitions} ...")
                chosen = [f"--file={file}", f"--partitions={partitions}"]
                found = common.run_child(MODULE, [*chosen, *passed(options, "epochs")])
                results.append(found | {"rows": rows, "dtype": name, "partitions": partitions})
    return results


def passed(options: argparse.Namespace, *names: str) -> list[str]:
    """These options as arguments for a child process."""
    return [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]


def tables(report: Mapping[str, Any]) -> list[str]:
    """The tables of a report."""
    shown = []
    for threads, results in report["by_threads"].items():
        shown.append(shown_training(results, report["rows"], threads))
        shown.append(shown_parts(results, report["rows"], threads))
    return [*shown, shown_others(report["groups"], report["polars_groups"], report["memory"])]


def shown_training(results: Mapping[str, Mapping[str, Any]], rows: int, threads: str) -> str:
    """The table of all systems."""
    optimum = results[EXACT]["loss"] if EXACT in results else float("nan")
    lines = [
        [
            system,
            f"{result['seconds']:.2f}",
            f"{result['epochs']}",
            f"{speed(result, rows) / 1e6:.1f}",
            f"{result['loss']:.5f}",
            f"{result['loss'] - optimum:.5f}",
            f"{result['preparation']:.1f}",
        ]
        for system, result in results.items()
    ]
    heading = (
        f"Training, {rows:,} rows x {FEATURES} features, batch {BATCH_SIZE}, threads: {threads}"
    )
    columns = [
        "system",
        "s",
        "epochs",
        "million row-epochs/s",
        "mean loss",
        "above optimum",
        "s to prepare",
    ]
    return common.table(heading, columns, lines)


def speed(result: Mapping[str, Any], rows: int) -> float:
    """Row-epochs a second over the whole training, reading and ordering included."""
    return float(rows * result["epochs"] / result["seconds"])


def shown_parts(results: Mapping[str, Mapping[str, Any]], rows: int, threads: str) -> str:
    """What an epoch costs, and what all before the first."""
    lines = [
        [
            system,
            f"{rows / result['parts']['an_epoch_more'] / 1e6:.1f}",
            f"{rows / result['parts']['no_epoch'] / 1e6:.1f}",
        ]
        for system, result in results.items()
        if result["parts"]
    ]
    columns = ["system", "million row-epochs/s, an epoch more", "million rows/s, no epoch"]
    return common.table(f"Parts of the training, threads: {threads}", columns, lines)


def shown_others(
    groups: Mapping[str, float],
    polars_groups: Mapping[str, float],
    memory: Sequence[Mapping[str, Any]],
) -> str:
    """Groups and memory."""
    megabytes = 1024 * 1024
    few = f"{GROUP_EPOCHS} epochs"
    lines = [
        [
            f"DataFusion, {groups['groups']:,} groups x {GROUP_ROWS} rows, {few}",
            f"{groups['seconds']:.2f}",
            f"{groups['peak_memory'] / megabytes:,.0f}",
        ],
        [
            f"Polars, {polars_groups['groups']:,} groups x {POLARS_GROUP_ROWS} rows, default options",
            f"{polars_groups['seconds_default']:.2f}",
            "",
        ],
        [
            f"Polars, {polars_groups['groups']:,} groups x {POLARS_GROUP_ROWS} rows, {few}",
            f"{polars_groups['seconds_few_epochs']:.2f}",
            "",
        ],
    ]
    lines += [
        [
            f"DataFusion, a file of {file['rows']:,} rows x {FEATURES} {file['dtype']}, "
            f"partitions: {file['partitions']}",
            f"{file['seconds']:.2f}",
            f"{file['peak_memory'] / megabytes:,.0f}",
        ]
        for file in memory
    ]
    return common.table("Groups and memory, all cores", ["query", "s", "peak MiB"], lines)


def child(options: argparse.Namespace) -> bool:
    """Do the part that a parent process asked for."""
    if options.trainer:
        common.send(train_one(options))
    elif options.file:
        common.send(train_file(options))
    elif options.part == "groups":
        common.send(train_groups(options))
    elif options.part == "polars_groups":
        common.send(train_polars_groups(options))
    else:
        return False
    return True


def parse() -> argparse.Namespace:
    """The options; the hidden ones are for child processes."""
    parser = common.arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--polars-groups", type=int, default=20_000)
    parser.add_argument("--memory-rows", type=int, default=5_000_000)
    parser.add_argument("--trainer", choices=list(TRAINERS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--partitions", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=["groups", "polars_groups"], help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure everything, print the tables, write the JSON."""
    options = parse()
    if child(options):
        return
    by_threads = {str(threads): train_all(options, threads) for threads in common.thread_counts()}
    common.say("groups ...")
    sizes = passed(options, "groups", "polars_groups", "seed")
    report = {
        "rows": options.rows,
        "features": FEATURES,
        "batch": BATCH_SIZE,
        "by_threads": by_threads,
        "groups": common.run_child(MODULE, ["--part=groups", *sizes]),
        "polars_groups": common.run_child(MODULE, ["--part=polars_groups", *sizes]),
        "memory": train_files(options),
    }
    print(*tables(report), sep="\n")
    common.write_json(options.output, "training", report)


if __name__ == "__main__":
    main()
