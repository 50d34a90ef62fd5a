"""Write the tables of the last runs into the pages under docs that have them.

python -m benchmarks.document                reads output/benchmarks/*.json
"""

import argparse
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import common, evaluate, network_speed, networks, scalar, training

WIDTH = 116
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"
Chapters = Mapping[str, tuple[str, Callable[[Mapping[str, Any]], list[str]]]]
DOCUMENTS: dict[Path, Chapters] = {
    Path("docs/benchmarks.md"): {
        "scalar": ("Scalar functions", scalar.tables),
        "training": ("Training", training.tables),
        "evaluate": ("Evaluation", evaluate.tables),
    },
    Path("docs/networks.md"): {"networks": ("In short", networks.short_table)},
    Path("docs/networks-benchmarks.md"): {
        "networks": ("Quality", networks.tables),
        "network_speed": ("Speed", network_speed.tables),
    },
}
"""Of each document, heading and tables of the programs' reports."""


def written(chapters: Chapters, folder: Path) -> Iterator[str]:
    """The chapters for which there is a report."""
    for name, (heading, tables) in chapters.items():
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
    """Replace what stands between the marks, in documents of which there are reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=common.OUTPUT, help="folder of the JSON")
    options = parser.parse_args()
    for document, chapters in DOCUMENTS.items():
        results = "\n\n".join(written(chapters, options.output))
        if not results:
            continue
        text = document.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        document.write_text(f"{before}{BEGIN}\n\n{results}\n\n{END}{after}", encoding="utf-8")
        print(f"written: {document}")


if __name__ == "__main__":
    main()
