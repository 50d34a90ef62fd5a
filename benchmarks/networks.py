"""Networks beside linear heads, a tuned PyTorch network and boosters: quality on customers no method has seen.

    python -m benchmarks.networks
    python -m benchmarks.networks --splits 1 --questions CDNOW

Every method has default options or a small grid of its own, decides on the training rows alone, and runs on one core.
Losses are in nats a customer, seconds those of the processor.
"""

import argparse
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

import ziln
from benchmarks import common
from benchmarks.quality import METHODS, Heads, Task, studies

MODULE = "benchmarks.networks"
QUESTIONS = {question.name: question for question in studies.QUESTIONS}
MADE_UP = "interactions"
TRUTH = "the truth"
TOTAL = "total / actual"
COLUMNS = {
    "test loss": ("loss", 4),
    "Gini": ("normalized_gini", 3),
    "decile MAPE": ("decile_mape", 3),
    TOTAL: ("prediction_ratio", 3),
    "s": ("seconds", 2),
}
"""Of each column what it shows, and how many digits."""


def measure(task: Task, heads: Heads) -> dict[str, float]:
    """What is told of a method on one split."""
    scored = pl.DataFrame({"label": task.test[task.label], "params": heads.params()})
    found = scored.select(ziln.evaluate("label", "params").struct.unnest()).row(0, named=True)
    names = ("loss", "normalized_gini", "decile_mape", "prediction_ratio", "non_finite")
    return {name: float(found[name]) for name in names}


def measure_method(options: argparse.Namespace) -> list[dict[str, float]] | None:
    """One method on every split of a question, in this process."""
    results = []
    for task in QUESTIONS[options.question].tasks(options.splits):
        start = time.process_time()
        heads = METHODS[options.method](task)
        if heads is None:
            return None
        results.append({"seconds": time.process_time() - start, **measure(task, heads)})
    return results


def measure_all(options: argparse.Namespace, question: str) -> dict[str, list[dict[str, float]]]:
    """Every method, each in a process of its own on one core."""
    results = {}
    for method in METHODS:
        common.say(f"{question}: {method} ...")
        chosen = [f"--question={question}", f"--method={method}", f"--splits={options.splits}"]
        try:
            found = common.run_child(MODULE, chosen, threads=1)
        except subprocess.CalledProcessError:
            common.say(f"skipped: {method} failed")
            continue
        if found is not None:
            results[method] = found
    if question == MADE_UP:
        tasks = QUESTIONS[question].tasks(options.splits)
        results[TRUTH] = [{"seconds": 0.0, **measure(task, studies.truth(task))} for task in tasks]
    return results


def tables(report: Mapping[str, Any]) -> list[str]:
    """A table a question, then the totals of each split."""
    questions = report["questions"].items()
    return [*(shown(name, results) for name, results in questions), shown_splits(questions)]


def shown(question: str, results: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Means over the splits."""
    lines = [[method, *figures(splits).values()] for method, splits in results.items()]
    return common.table(question, ["method", *COLUMNS], lines)


def figures(splits: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """The means of one method over the splits, by the heads of their columns."""
    means = {name: statistics.fmean(split[name] for split in splits) for name in splits[0]}
    return {head: f"{means[name]:.{digits}f}" for head, (name, digits) in COLUMNS.items()}


def short_table(report: Mapping[str, Any]) -> list[str]:
    """The means of all questions in one table, without the totals and the truth."""
    lines = []
    for question, results in report["questions"].items():
        for method, splits in results.items():
            if method != TRUTH:
                means = figures(splits)
                del means[TOTAL]
                lines.append([f"{question}: {method}", *means.values()])
    heads = [head for head in COLUMNS if head != TOTAL]
    return [common.table("Means over the splits", ["data: method", *heads], lines)]


def shown_splits(questions: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The losses and totals of every split of the first two methods, which have no choice of their own."""
    lines = []
    for question, results in questions:
        for method in list(METHODS)[:2]:
            splits = results.get(method, [])
            losses = " ".join(f"{split['loss']:.4f}" for split in splits)
            totals = " ".join(f"{split['prediction_ratio']:.2f}" for split in splits)
            lines.append([f"{question}, {method}", losses, totals])
    return common.table("Every split", ["", "test loss", "total / actual"], lines)


def parse() -> argparse.Namespace:
    """The options; the hidden ones are for child processes."""
    parser = common.arguments(__doc__)
    parser.add_argument("--splits", type=int, default=5, help="random splits (%(default)s)")
    parser.add_argument("--questions", nargs="*", choices=list(QUESTIONS), default=list(QUESTIONS))
    parser.add_argument("--method", choices=list(METHODS), help=argparse.SUPPRESS)
    parser.add_argument("--question", choices=list(QUESTIONS), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure everything, print the tables, write the JSON."""
    options = parse()
    if options.method:
        common.send(measure_method(options))
        return
    questions = {name: measure_all(options, name) for name in options.questions}
    report = {"splits": options.splits, "questions": questions}
    print(*tables(report), sep="\n")
    common.write_json(options.output, "networks", report)


if __name__ == "__main__":
    main()
