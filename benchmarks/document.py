"""Write the tables of the last runs into docs/benchmarks.md.

python -m benchmarks.document                reads output/benchmarks/*.json
"""

import argparse
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common, evaluate, scalar, training

DOCUMENT = Path("docs/benchmarks.md")
WIDTH = 116
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"
CHAPTERS = {
    "scalar": ("Scalar functions", scalar.tables),
    "training": ("Training", training.tables),
    "evaluate": ("Evaluation", evaluate.tables),
}
"""Heading and tables of each program's report."""


def chapters(folder: Path) -> Iterator[str]:
    """The chapters for which there is a report."""
    for name, (heading, tables) in CHAPTERS.items():
        path = folder / f"{name}.json"
        if path.exists():
            report = json.loads(path.read_text(encoding="utf-8"))
            yield "\n\n".join([f"### {heading}", about(report), *map(marked, tables(report))])


def about(report: dict[str, Any]) -> str:
    """Command, day, machine and versions."""
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return textwrap.fill(
        f"`python -m benchmarks.{report['benchmark']}` on {report['time'][:10]}: "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; {versions}.",
        width=WIDTH,
    )


def marked(table: str) -> str:
    """A table with its heading in bold."""
    heading, _, rest = table.partition("\n")
    return f"**{heading}**\n{rest}".rstrip()


def main() -> None:
    """Replace what stands between the marks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=common.OUTPUT, help="folder of the JSON")
    options = parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    results = "\n\n".join(chapters(options.output))
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{results}\n\n{END}{after}", encoding="utf-8")
    print(f"written: {DOCUMENT}")


if __name__ == "__main__":
    main()
