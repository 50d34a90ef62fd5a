"""Every Python block of a document runs, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from conftest import ROOT

BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
LABELS = ROOT / "docs" / "labels.md"


def blocks(document: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(document.read_text()))


README = blocks(ROOT / "README.md")


def test_there_are_blocks() -> None:
    assert len(README) >= 3
    assert len(blocks(LABELS)) >= 6


@pytest.mark.parametrize("block", README, ids=range(len(README)))
def test_a_block_of_the_readme_runs_alone(block: re.Match[str]) -> None:
    assert run(block["code"], {}) == (block["printed"] or "")


def test_the_blocks_about_labels_run_in_order() -> None:
    names: dict[str, object] = {}
    printed = [(run(block["code"], names), block["printed"]) for block in blocks(LABELS)]
    shown = [(got, expected) for got, expected in printed if expected is not None]
    assert len(shown) >= 5
    assert [got for got, _ in shown] == [expected for _, expected in shown]


def run(code: str, names: dict[str, object]) -> str:
    """What a block prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "a document", "exec"), names)  # noqa: S102 (the documents are ours)
    return printed.getvalue()
