"""Time and memory of evaluating 10 million predictions, beside scikit-learn and SciPy.

    python -m benchmarks.evaluate
    python -m benchmarks.evaluate --rows 200000

`ziln_evaluate` computes seventeen metrics. The others compute three of them: area under the ROC curve and average
precision (scikit-learn), and Spearman's correlation (SciPy); their values are compared with ours.
"""

import argparse
import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from datafusion import SessionConfig, SessionContext

import ziln
from benchmarks import common, simulate

MODULE = "benchmarks.evaluate"
ROW_GROUP_ROWS = 128 * 1024
AGREEMENT = 1e-9
SHARED = ("roc_auc", "average_precision", "spearman")


def evaluate_in_one_partition(file: Path) -> dict[str, float]:
    """All metrics in one aggregate that reads the file in one partition."""
    return evaluate_in_datafusion(file, SessionConfig().with_target_partitions(1))


def evaluate_in_datafusion(file: Path, config: SessionConfig | None = None) -> dict[str, float]:
    """All metrics in one aggregate, by default over as many partitions as there are cores."""
    context = SessionContext(config or SessionConfig())
    ziln.register_all(context)
    context.register_parquet("t", str(file))
    query = "SELECT ziln_evaluate(y, z, mu, s) AS metrics FROM t"
    metrics: dict[str, float] = context.sql(query).to_pydict()["metrics"][0]
    return metrics


def evaluate_in_polars(file: Path) -> dict[str, float]:
    """All metrics in one expression."""
    evaluation = pl.scan_parquet(file).select(ziln.evaluate("y", "z", "mu", "s"))
    metrics: dict[str, float] = evaluation.collect().item()
    return metrics


def evaluate_in_scikit_learn(file: Path) -> dict[str, float] | None:
    """Three metrics."""
    sklearn, scipy = common.optional("sklearn.metrics"), common.optional("scipy.stats")
    if sklearn is None or scipy is None:
        return None
    frame = pl.read_parquet(file).with_columns(value=ziln.expected_ltv("z", "mu", "s"))
    label, logit, value = (frame[name].to_numpy() for name in ("y", "z", "value"))
    return {
        "roc_auc": float(sklearn.roc_auc_score(label > 0, logit)),
        "average_precision": float(sklearn.average_precision_score(label > 0, logit)),
        "spearman": float(scipy.spearmanr(label, value).statistic),
    }


SYSTEMS: dict[str, Callable[[Path], dict[str, float] | None]] = {
    "ziln in DataFusion": evaluate_in_datafusion,
    "ziln in DataFusion, one partition": evaluate_in_one_partition,
    "ziln in Polars": evaluate_in_polars,
    "scikit-learn and SciPy, 3 metrics": evaluate_in_scikit_learn,
}
OURS = "ziln in DataFusion"


def evaluate_one(system: str, file: Path) -> dict[str, Any] | None:
    """One system, in this process: time, memory and metrics."""
    before = common.peak_memory()
    start = time.perf_counter()
    metrics = SYSTEMS[system](file)
    if metrics is None:
        return None
    return {
        "seconds": time.perf_counter() - start,
        "memory_before": before,
        "peak_memory": common.peak_memory(),
        "metrics": metrics,
    }


def evaluate_all(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Write the rows to a file, then let every system read it in a process of its own."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scored.parquet"
        table = simulate.scored(options.rows, options.seed).table().drop_columns("campaign")
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        frame.write_parquet(file, row_group_size=ROW_GROUP_ROWS)
        for system in SYSTEMS:
            common.say(f"{system} ...")
            found = repeated(system, file, options.repetitions)
            if found is not None:
                results[system] = found
    return results


def repeated(system: str, file: Path, repetitions: int) -> dict[str, Any] | None:
    """The run of median time among several."""
    arguments = [f"--system={system}", f"--file={file}"]
    try:
        runs = [common.run_child(MODULE, arguments) for _ in range(repetitions)]
    except subprocess.CalledProcessError:
        common.say(f"skipped: {system} failed")
        return None
    if None in runs:
        return None
    ordered: list[dict[str, Any]] = sorted(runs, key=lambda run: float(run["seconds"]))
    return ordered[len(ordered) // 2]


def compare_metrics(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Stop where two systems do not find the same."""
    ours = results[OURS]["metrics"]
    for system, result in results.items():
        for name in SHARED:
            found = result["metrics"][name]
            if not math.isclose(found, ours[name], rel_tol=AGREEMENT, abs_tol=AGREEMENT):
                message = f"{name}: {system} finds {found!r}, {OURS} {ours[name]!r}"
                raise RuntimeError(message)


def tables(report: Mapping[str, Any]) -> list[str]:
    """The tables of a report: one."""
    rows, results = report["rows"], report["results"]
    lines = [
        [
            system,
            f"{result['seconds']:.2f}",
            f"{rows / result['seconds'] / 1e6:.1f}",
            f"{result['peak_memory'] / 1024**2:,.0f}",
            f"{result['memory_before'] / 1024**2:,.0f}",
        ]
        for system, result in results.items()
    ]
    columns = ["system", "s", "million rows/s", "peak MiB", "of which before reading"]
    heading = f"Evaluating {rows:,} rows of a Parquet file, all cores"
    return [common.table(heading, columns, lines)]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = common.arguments(__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--system", choices=list(SYSTEMS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.system:
        common.send(evaluate_one(options.system, options.file))
        return
    results = evaluate_all(options)
    compare_metrics(results)
    report = {"rows": options.rows, "results": results}
    print(*tables(report), sep="\n")
    common.write_json(options.output, "evaluate", report)


if __name__ == "__main__":
    main()
