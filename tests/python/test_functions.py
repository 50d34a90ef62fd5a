"""One list of functions: SQL, the package, its stubs and the documents name the same."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import datafusion
import polars as pl
import pytest
from conftest import ROOT

import ziln
import ziln.expressions
from ziln import _ziln

SQL = {function.name for function in _ziln.scalar_functions()} | {
    function.name for function in _ziln.aggregate_functions()
}
OPTIONS = {name for name, *_ in _ziln.training_options()}
NEWTON = set(_ziln.newton_options())


def test_the_package_has_the_functions_of_sql() -> None:
    python = {f"ziln_{name}" for name in ziln.expressions.__all__}
    assert python == SQL
    others = {
        "fit_passes",
        "register_all",
        "register_model",
        "rfm",
        "layers",
        "network_model",
        "__version__",
    }
    assert set(ziln.__all__) == {*ziln.expressions.__all__, *others}


def test_every_name_is_there_and_documented() -> None:
    for name in (*ziln.expressions.__all__, "fit_passes", "rfm", "layers", "network_model"):
        function = getattr(ziln, name)
        documentation = inspect.getdoc(function) or ""
        for section in ("Parameters", "Returns", "Examples"):
            assert f"\n{section}\n{'-' * len(section)}\n" in documentation, name
        for parameter in inspect.signature(function).parameters:
            assert f"\n{parameter}\n" in documentation, (name, parameter)


def test_sessions_have_them(ctx: datafusion.SessionContext) -> None:
    query = "SELECT DISTINCT routine_name FROM information_schema.routines WHERE routine_name LIKE 'ziln%'"
    config = datafusion.SessionConfig().with_information_schema(enabled=True)
    session = datafusion.SessionContext(config)
    ziln.register_all(session)
    names = {name for batch in session.sql(query).collect() for name in batch[0].to_pylist()}
    assert names == SQL


def test_the_readme_has_them() -> None:
    rows = re.findall(r"^\| `(ziln_\w+)\(", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == SQL


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (ziln.fit_sgd, OPTIONS),
        (ziln.fit_newton, NEWTON),
        (ziln.fit_prior, NEWTON),
        (ziln.newton_start, NEWTON - {"init"}),
    ],
)
def test_every_training_option_is_a_keyword(
    function: Callable[..., pl.Expr], options: set[str]
) -> None:
    keywords = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    assert {parameter.name for parameter in keywords} == {*options, "weight"}
    assert all(parameter.default is None for parameter in keywords)


def test_the_stubs_are_those_of_the_extension() -> None:
    stubs = ast.parse((Path(ziln.__file__).parent / "_ziln.pyi").read_text())
    named = {
        node.target.id if isinstance(node, ast.AnnAssign) else node.name  # type: ignore[union-attr]
        for node in stubs.body
        if isinstance(node, ast.AnnAssign | ast.ClassDef | ast.FunctionDef)
    }
    private = {
        "__name__",
        "__doc__",
        "__loader__",
        "__spec__",
        "__file__",
        "__package__",
        "__all__",
        # Only in builds for tests.
        "panicking_aggregate",
    }
    assert named == set(dir(_ziln)) - private


def test_the_package_is_typed() -> None:
    assert (Path(ziln.__file__).parent / "py.typed").is_file()


def test_versions_agree() -> None:
    manifest = (ROOT / "Cargo.toml").read_text()
    version = re.search(r'^version = "(.+)"', manifest, flags=re.MULTILINE)
    assert version is not None
    assert ziln.__version__ == version[1]


def test_importing_needs_polars_alone() -> None:
    """Neither DataFusion nor a plotting library is loaded before it is asked for."""
    code = (
        "import sys, ziln;"
        "print(sorted({'datafusion', 'altair', 'narwhals', 'pyarrow', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
