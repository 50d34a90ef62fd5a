"""Run all of them, one after the other.

python -m benchmarks            an hour and a half at most
python -m benchmarks --quick    few rows, to see that everything runs; the numbers mean nothing
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import common

PROGRAMS = {
    "benchmarks.scalar": ["--rows=100000", "--repetitions=1"],
    "benchmarks.training": [
        "--rows=20000",
        "--epochs=2",
        "--repetitions=1",
        "--groups=500",
        "--polars-groups=50",
        "--memory-rows=50000",
    ],
    "benchmarks.evaluate": ["--rows=100000", "--repetitions=1"],
    "benchmarks.campaigns": ["--splits=1", "--campaigns=30"],
    "benchmarks.networks": ["--splits=1", "--questions", "Complete Journey"],
    "benchmarks.network_speed": ["--rows=120000", "--epochs=1", "--rounds=1", "--campaigns=20"],
    "benchmarks.trust": ["--campaigns=30", "--rows=20000", "--draws=3"],
}
"""Each program, and the arguments that make it quick."""


def main() -> None:
    """Run each program in a process of its own, so that none holds memory while another measures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, default=common.OUTPUT)
    options = parser.parse_args()
    for program, quick in PROGRAMS.items():
        arguments = [f"--output={options.output}", *(quick if options.quick else [])]
        subprocess.run([sys.executable, "-m", program, *arguments], cwd=common.ROOT, check=True)


if __name__ == "__main__":
    main()
