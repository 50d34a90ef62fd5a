"""Golden values in every context of both engines.

Oracle: mpmath with 60 digits, rounded once to float64. Tolerance: 1e-12 relative, the contract's for loss and
expected value; the other functions keep it too.
"""

from __future__ import annotations

from collections.abc import Callable

import datafusion
import polars as pl
import pytest
from conftest import Engine
from polars.testing import assert_series_equal

import ziln

RAW = ("logit", "mu", "raw_sigma")

FUNCTIONS: dict[str, tuple[Callable[..., pl.Expr], str | None]] = {
    "loss": (ziln.loss, "label"),
    "expected_ltv": (ziln.expected_ltv, None),
    "pay_prob": (ziln.pay_prob, None),
    "pay_amount": (ziln.pay_amount, None),
    "variance": (ziln.variance, None),
    "cdf": (ziln.cdf, "label"),
    "quantile": (ziln.quantile, "q"),
    "capped_ltv": (ziln.capped_ltv, "cap"),
    "crps": (ziln.crps, "label"),
}

FORMS: dict[str, list[pl.Expr]] = {
    "columns": [pl.col(name) for name in RAW],
    "list": [pl.concat_list(RAW)],
    "array": [pl.concat_list(RAW).list.to_array(3)],
    "struct": [pl.struct("logit", "mu", "sigma")],
    "from_logits": [ziln.from_logits(*RAW)],
}

SQL_FORMS = {
    "columns": "logit, mu, raw_sigma",
    "list": "make_array(logit, mu, raw_sigma)",
    "array": "arrow_cast(make_array(logit, mu, raw_sigma), 'FixedSizeList(3, Float64)')",
    "struct": "{logit: logit, mu: mu, sigma: sigma}",
    "from_logits": "ziln_from_logits(logit, mu, raw_sigma)",
}

CONTEXTS: dict[str, Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]] = {
    "select": lambda frame, expr: frame.select(expr),
    "with_columns": lambda frame, expr: frame.with_columns(expr).select("result"),
    "lazy": lambda frame, expr: frame.lazy().select(expr).collect(engine="in-memory"),
    "streaming": lambda frame, expr: frame.lazy().select(expr).collect(engine="streaming"),
    "group_by": lambda frame, expr: (
        frame.group_by("row").agg(expr).sort("row").select(pl.col("result").explode())
    ),
    "over": lambda frame, expr: frame.select(expr.over("row")),
}


def call(name: str, form: str) -> pl.Expr:
    function, first = FUNCTIONS[name]
    arguments = [first] if first else []
    return function(*arguments, *FORMS[form]).alias("result")


def assert_golden(actual: pl.Series, golden: pl.DataFrame, name: str) -> None:
    expected = golden[name].rename("result")
    assert_series_equal(actual, expected, rel_tol=1e-12, abs_tol=0.0, check_exact=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_forms_in_polars(golden: pl.DataFrame, name: str, form: str) -> None:
    assert_golden(golden.select(call(name, form)).to_series(), golden, name)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_contexts_of_polars(golden: pl.DataFrame, name: str, context: str) -> None:
    frame = golden.with_row_index("row")
    result = CONTEXTS[context](frame, call(name, "columns")).to_series()
    assert_golden(result, golden, name)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_mean_in_a_group(golden: pl.DataFrame, engine: Engine) -> None:
    frame = golden.with_row_index("row").with_columns(group=pl.col("row") % 3)
    mean = ziln.loss("label", *RAW).mean()
    result = frame.lazy().group_by("group").agg(mean).collect(engine=engine).sort("group")
    expected = frame.group_by("group").agg(pl.col("loss").mean()).sort("group")
    assert_series_equal(result["loss"], expected["loss"], rel_tol=1e-12, abs_tol=0.0)


@pytest.mark.parametrize("form", SQL_FORMS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_forms_in_datafusion(
    golden: pl.DataFrame, ctx: datafusion.SessionContext, name: str, form: str
) -> None:
    ctx.from_arrow(golden.with_row_index("row").to_arrow(), "golden")
    first = FUNCTIONS[name][1]
    arguments = f"{first}, {SQL_FORMS[form]}" if first else SQL_FORMS[form]
    query = f"SELECT ziln_{name}({arguments}) AS result FROM golden ORDER BY row"
    assert_golden(ctx.sql(query).to_polars().to_series(), golden, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_literals_in_datafusion(
    golden: pl.DataFrame, ctx: datafusion.SessionContext, name: str
) -> None:
    first = FUNCTIONS[name][1]
    columns = [first, *RAW] if first else list(RAW)
    for row in golden.head(10).iter_rows(named=True):
        arguments = ", ".join(f"arrow_cast('{row[column]!r}', 'Float64')" for column in columns)
        result = ctx.sql(f"SELECT ziln_{name}({arguments}) AS result").to_polars().item()
        assert result == pytest.approx(row[name], rel=1e-12, abs=0.0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_literals_in_polars(golden: pl.DataFrame, name: str) -> None:
    function, first = FUNCTIONS[name]
    columns = [first, *RAW] if first else list(RAW)
    for row in golden.head(10).iter_rows(named=True):
        result = pl.select(function(*(row[column] for column in columns))).item()
        assert result == pytest.approx(row[name], rel=1e-12, abs=0.0)
