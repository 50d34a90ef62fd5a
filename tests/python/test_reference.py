"""The reference says of every function what a reader needs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import reference

ENTRIES = {entry.name: entry for entry in reference.entries()}
OF_A_DISTRIBUTION = [entry for entry in ENTRIES.values() if entry.kind == "distribution"]


def test_every_function_has_a_page(tmp_path: Path) -> None:
    written = {path.stem for path in reference.write(tmp_path)}
    assert written == {*ENTRIES, "index", "python"}
    listed = re.findall(
        r"^\| \[`(ziln_\w+)`\]", (tmp_path / "index.md").read_text(), flags=re.MULTILINE
    )
    assert sorted(listed) == sorted(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_page_is_whole(name: str) -> None:
    entry = ENTRIES[name]
    text = reference.page(entry)
    for section in ("In SQL", "In Polars", "What fails a query", "Read on"):
        assert f"\n## {section}\n" in text
    for argument in entry.arguments:
        assert f"\n| `{argument}` | " in text
    assert "```sql\n" in text.partition("## In SQL")[2]
    assert "```text\n+-" in text
    assert "NULL" in text
    for related in entry.documentation.related:
        assert related in ENTRIES


@pytest.mark.parametrize("entry", OF_A_DISTRIBUTION, ids=lambda entry: entry.name)
def test_a_function_of_the_distribution_has_its_formula(entry: reference.Entry) -> None:
    text = reference.formula(entry) or entry.documentation.description
    assert re.search(r"[=(].*(sigma|logit|softplus|pay_prob)", text)


def test_kinds_are_as_in_the_code() -> None:
    kinds = {kind: [e.name for e in ENTRIES.values() if e.kind == kind] for kind in reference.KINDS}
    assert kinds["training"] == [
        "ziln_fit_sgd",
        "ziln_fit_newton",
        "ziln_fit_prior",
        "ziln_newton_start",
        "ziln_newton_step",
    ]
    assert "ziln_predict" in kinds["model"]
    assert "ziln_evaluate" in kinds["metric"]
    assert len(kinds["distribution"]) >= 11


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("ziln_loss", ["a list of other than three numbers"]),
        ("ziln_is_model", []),
        ("ziln_params_error", ["a model without covariances"]),
        ("ziln_gini", ["a weight that is negative, NaN or infinite"]),
        ("ziln_fit_sgd", ["several models in one group, NULL among them"]),
    ],
)
def test_errors_are_those_of_the_readme(name: str, errors: list[str]) -> None:
    found = reference.errors(ENTRIES[name])
    assert bool(found) == bool(errors)
    for error in errors:
        assert any(error in row for row in found)


def test_an_example_is_queries_and_what_they_print() -> None:
    example = reference.example(ENTRIES["ziln_decile_stats"])
    assert re.fullmatch(
        r"```sql\nSELECT .*;\n```\n\n```text\n\+-.*-\+\n```", example, flags=re.DOTALL
    )
    assert "\n> " not in example
