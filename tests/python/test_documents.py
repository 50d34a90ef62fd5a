"""Every Python block of a document runs, and prints what stands below it."""

import ast
import contextlib
import io
import re
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import ROOT, random_customers

sys.path.insert(0, str(ROOT / "scripts"))

from documents import blocks

import ziln

PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
README = list(blocks((ROOT / "README.md").read_text()))
IN_ORDER = {"docs/labels.md": 6, "docs/tutorial-python.md": 12}
"""Pages whose blocks follow on each other, and how many they have at least."""
WITH_TABLES_OF_SQL = ("docs/campaigns.md", "docs/recipes.md", "docs/scale.md")
"""Pages in SQL that say the same in Polars, of tables that they have in SQL."""


def test_every_page_with_blocks_is_run() -> None:
    with_blocks = {str(page.relative_to(ROOT)) for page in PAGES if any(blocks(page.read_text()))}
    assert with_blocks == {"README.md", *IN_ORDER, *WITH_TABLES_OF_SQL}
    assert len(README) >= 3


@pytest.mark.parametrize("block", README, ids=range(len(README)))
def test_a_block_of_the_readme_runs_alone(block: re.Match[str]) -> None:
    assert run(block["code"], {}) == (block["printed"] or "")


@pytest.mark.parametrize("page", IN_ORDER)
def test_the_blocks_of_a_page_run_in_order(page: str) -> None:
    names: dict[str, object] = {}
    found = list(blocks((ROOT / page).read_text()))
    printed = [(run(block["code"], names), block["printed"]) for block in found]
    shown = [(got, expected) for got, expected in printed if expected is not None]
    assert len(found) >= IN_ORDER[page]
    assert len(shown) >= 5
    assert [got for got, _ in shown] == [expected for _, expected in shown]


@pytest.mark.parametrize("page", WITH_TABLES_OF_SQL)
def test_what_pages_in_sql_say_of_polars_runs(page: str) -> None:
    customers = random_customers(400, seed=1).drop_nulls("recency")
    features = ["recency", "channel"]
    names: dict[str, object] = {
        "pl": pl,
        "ziln": ziln,
        "customers": customers,
        "features": features,
        "models": customers.head(50).group_by("campaign").agg(ziln.fit_sgd("ltv", features)),
        "global_model": customers.select(ziln.fit_sgd("ltv", features)).item(),
    }
    for block in blocks((ROOT / page).read_text()):
        assert run(block["code"], names) == (block["printed"] or "")
    models = names["models"]
    assert isinstance(models, pl.DataFrame)
    assert models["model"].null_count() == 0


def run(code: str, names: dict[str, object]) -> str:
    """What a block prints, as a cell of a notebook would: the value of an expression at its end too."""
    tree = ast.parse(code, "a document")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "a document", "exec"), names)  # noqa: S102 (the documents are ours)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "a document", "eval"), names)
            if value is not None:
                print(repr(value))
    return printed.getvalue()


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:\s]+)[^):\s]*\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_contents_of_a_page_name_its_headings() -> None:
    """The lists at the top of pages, whose anchors a forge makes of the headings."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        anchors = {anchor(title) for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}
        for target in re.findall(r"\]\(#([^)]+)\)", text):
            assert target in anchors, f"{page.name}: #{target}"


def anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_paths_are_of_files_that_are_there() -> None:
    """Scripts and examples that a page names in passing."""
    for page in PAGES:
        for path in re.findall(
            r"`((?:sql|examples|scripts|src|docs)/[\w/.-]+\.\w+)`", page.read_text()
        ):
            is_pattern = "NAME" in path
            assert is_pattern or Path(ROOT, path).exists(), f"{page.name}: {path}"
