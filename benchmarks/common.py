"""What the programs share: timing, child processes, optional packages, and how results are shown."""

import argparse
import datetime
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = Path("output/benchmarks")
Foreign: TypeAlias = Any
"""An object of a package that has no types, or is not always installed."""

BATCH_ROWS = 8192
"""Rows in a record batch: what DataFusion reads from a Parquet file at a time."""

PACKAGES = (
    "ziln",
    "datafusion",
    "polars",
    "duckdb",
    "numpy",
    "numexpr",
    "jax",
    "tensorflow",
    "torch",
    "lightgbm",
    "lightgbmlss",
    "scikit-learn",
    "scipy",
    "chdb",
)
THREAD_VARIABLES = (
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@dataclass(frozen=True)
class Case:
    """A thing to time: who does it, and how."""

    system: str
    run: Callable[[], Any]


def measure(cases: Sequence[Case], repetitions: int) -> dict[str, list[float]]:
    """Seconds of every repetition by system.

    The cases take turns, so that whatever slows the machine down for a while slows all of them. The first turn
    warms up and does not count.
    """
    seconds: dict[str, list[float]] = {case.system: [] for case in cases}
    for turn in range(repetitions + 1):
        for case in cases:
            start = time.perf_counter()
            case.run()
            if turn > 0:
                seconds[case.system].append(time.perf_counter() - start)
    return seconds


def median(seconds: Sequence[float]) -> float:
    """The median, which one disturbed repetition does not move."""
    return statistics.median(seconds)


def optional(module: str) -> Foreign:
    """Import a module of another system; None, and a word to the reader, where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        say(f"skipped: {module} is not installed (pip install -r requirements-bench.txt)")
        return None


def say(message: str) -> None:
    """Tell the person who waits; standard output is for results."""
    print(message, file=sys.stderr, flush=True)


def run_child(module: str, arguments: Sequence[str], threads: int | None = None) -> Foreign:
    """Run a program of this folder in a process of its own and return what it sends.

    Memory can be measured only so, a number of threads set only so, and systems that cannot live in one process
    do not meet.
    """
    environment = dict(os.environ)
    if threads is not None:
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-m", module, *arguments]
    if threads is not None and sys.platform == "linux":
        allowed = sorted(os.sched_getaffinity(0))[:threads]
        command = ["taskset", "--cpu-list", ",".join(map(str, allowed)), *command]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def send(result: object) -> None:
    """Hand a result to the process that called `run_child`: the last line of the output."""
    print(json.dumps(result), flush=True)


def peak_memory() -> int:
    """The greatest resident memory of this process so far, in bytes.

    `getrusage` would count the memory of the parent before the new program was loaded.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    message = "/proc/self/status has no line VmHWM: peak memory can be measured on Linux only"
    raise RuntimeError(message)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def thread_counts() -> Sequence[int]:
    """One, and all cores."""
    return sorted({1, cores()})


def machine() -> dict[str, object]:
    """What the numbers depend on: processor, cores, and versions."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": dict(_versions(PACKAGES)),
    }


def _processor() -> str:
    try:
        information = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor()
    fields = dict(_fields(information))
    vectors = [flag for flag in ("avx512f", "avx2", "asimd") if flag in fields.get("flags", "")]
    return f"{fields.get('model name', platform.machine())} ({', '.join(vectors[:1])})"


def _fields(information: str) -> Iterator[tuple[str, str]]:
    for line in information.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()


def _versions(packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    for package in packages:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def table(heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that is as readable on a terminal: the first column text, the others numbers."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = "| " + " | ".join(
        "-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)
    )
    return "\n".join([heading, "", line(columns), rule + " |", *map(line, rows), ""])


def arguments(document: str | None) -> argparse.ArgumentParser:
    """A parser with the options that all programs have."""
    parser = argparse.ArgumentParser(description=(document or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="of the generated rows")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help=f"folder for the JSON (default: {OUTPUT})"
    )
    return parser


def write_json(folder: Path, name: str, result: Mapping[str, object]) -> None:
    """Write a result, with the machine and the time, for other programs to read, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    whole = {"benchmark": name, "time": now, "machine": machine(), **result}
    path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    print(f"written: {path}")
