"""Training by passes: the models of ``fit_passes`` are those of the functions, in every engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import datafusion
import numpy as np
import polars as pl
import pytest
from conftest import random_customers
from polars.testing import assert_frame_equal

import ziln

FEATURES = ["visits", "recency", "channel", "is_new"]
SQL_FEATURES = "{visits: visits, recency: recency, channel: channel, is_new: is_new}"
ROWS = 300


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    return random_customers(6000, seed=5)


def reasons(models: pl.DataFrame) -> list[str]:
    return models.select(ziln.model_info("model").struct.field("stop_reason")).to_series().to_list()


def test_engines_give_the_same_texts(
    ctx: datafusion.SessionContext, customers: pl.DataFrame
) -> None:
    ctx.from_arrow(customers, "passes_customers")
    model = customers.select(
        ziln.newton_start("ltv", FEATURES, weight="weight", max_rows=ROWS)
    ).item()
    for _ in range(3):
        query = f"SELECT ziln_newton_step(ltv, {SQL_FEATURES}, '{model}', weight) AS model FROM passes_customers"
        by_sql = ctx.sql(query).to_pydict()["model"][0]
        step = ziln.newton_step("ltv", FEATURES, model, weight="weight")
        assert customers.select(step).item() == by_sql
        shuffled = customers.sample(fraction=1, shuffle=True, seed=3)
        assert shuffled.lazy().select(step).collect(engine="streaming").item() == by_sql
        assert (
            pl.concat([shuffled[:17], shuffled[17:900], shuffled[900:]], rechunk=False)
            .select(step)
            .item()
            == by_sql
        )
        model = by_sql


@pytest.mark.parametrize("by", [(), ("campaign",)])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_the_driver(
    ctx: datafusion.SessionContext,
    customers: pl.DataFrame,
    by: tuple[str, ...],
    weight: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The same in one query a step.
    models = _passes(customers, by, weight)
    assert set(reasons(models)) == {"converged"}
    ordered = models.sort(by) if by else models
    # Batches of a few rows, of which samples are cut time and again.
    monkeypatch.setattr("ziln.passes._BATCH_ROWS", 250)
    path = tmp_path / "customers.parquet"
    customers.sample(fraction=1, shuffle=True, seed=1).write_parquet(path, row_group_size=500)
    for frame in (customers, customers.lazy(), pl.scan_parquet(path)):
        driven = ziln.fit_passes(frame, "ltv", FEATURES, weight=weight, by=by, max_rows=ROWS)
        assert_frame_equal(driven.sort(by) if by else driven, ordered)
    ctx.from_arrow(customers, "driven_customers")
    driven = ziln.fit_passes(
        ctx, "ltv", FEATURES, query="driven_customers", weight=weight, by=by, max_rows=ROWS
    )
    assert_frame_equal(driven.sort(by) if by else driven, ordered)
    ctx.deregister_table("driven_customers")


def test_many_columns(ctx: datafusion.SessionContext, customers: pl.DataFrame) -> None:
    """Of so many columns a step goes by those before it, which the text remembers."""
    row = pl.int_range(pl.len())
    wide = customers.with_columns(
        shop=pl.format("s{}", row * 5 % 301), product=pl.format("p{}", row * 11 % 307)
    )
    features = ["visits", "shop", "product"]
    ctx.from_arrow(wide, "wide_customers")
    start = ziln.newton_start("ltv", features, weight="weight", max_rows=3000, min_count=1)
    model = wide.select(start).item()
    for _ in range(4):
        query = f"""
            SELECT ziln_newton_step(ltv, {{visits: visits, shop: shop, product: product}}, '{model}', weight) AS model
            FROM wide_customers"""
        by_sql = ctx.sql(query).to_pydict()["model"][0]
        step = ziln.newton_step("ltv", features, model, weight="weight")
        shuffled = wide.sample(fraction=1, shuffle=True, seed=3)
        assert shuffled.select(step).item() == by_sql
        model = by_sql
    assert '"memory"' in model
    driven = ziln.fit_passes(
        wide.lazy(), "ltv", features, weight="weight", max_rows=3000, min_count=1
    )
    assert reasons(driven) == ["converged"]
    ctx.deregister_table("wide_customers")


def _passes(customers: pl.DataFrame, by: tuple[str, ...], weight: str | None) -> pl.DataFrame:
    start = ziln.newton_start("ltv", FEATURES, weight=weight, max_rows=ROWS)
    step = ziln.newton_step("ltv", FEATURES, "model", weight=weight)
    models = customers.group_by(by).agg(start) if by else customers.select(start)
    for _ in range(20):
        joined = customers.join(models, on=by) if by else customers.join(models, how="cross")
        stepped = joined.group_by(by).agg(step) if by else joined.select(step)
        if "unfinished" not in reasons(stepped):
            return stepped
        models = stepped
    raise AssertionError(reasons(models))


def test_what_has_no_model(customers: pl.DataFrame) -> None:
    nobody = customers.with_columns(
        ltv=pl.when(pl.col("campaign") == customers["campaign"][0]).then(0).otherwise("ltv")
    )
    models = ziln.fit_passes(nobody, "ltv", FEATURES, by="campaign", max_rows=ROWS)
    without = models.filter(pl.col("model").is_null())["campaign"].to_list()
    assert without == [customers["campaign"][0]]
    assert ziln.fit_passes(customers.clear(), "ltv", FEATURES)["model"].to_list() == [None]
    assert ziln.fit_passes(customers.clear(), "ltv", FEATURES, by="campaign").is_empty()
    of_null = customers.with_columns(campaign=pl.lit(None, dtype=pl.String))
    assert reasons(ziln.fit_passes(of_null, "ltv", FEATURES, by="campaign", max_rows=ROWS)) == [
        "converged"
    ]


def test_a_sample_of_all_rows_is_the_exact_fit(customers: pl.DataFrame) -> None:
    exact = customers.select(ziln.fit_newton("ltv", FEATURES).alias("model"))
    passes = ziln.fit_passes(customers, "ltv", FEATURES)
    weights = [
        models.select(ziln.weights("model").explode().struct.unnest()) for models in (exact, passes)
    ]
    assert_frame_equal(*weights)


def test_the_last_pass_says_that_it_is_not_over(customers: pl.DataFrame) -> None:
    assert reasons(ziln.fit_passes(customers, "ltv", FEATURES, max_rows=ROWS, max_passes=1)) == [
        "unfinished"
    ]


def test_progress(customers: pl.DataFrame, capfd: pytest.CaptureFixture[str]) -> None:
    ziln.fit_passes(customers, "ltv", FEATURES, max_rows=ROWS, progress=True)
    assert "pass" in capfd.readouterr().err
    ziln.fit_passes(customers, "ltv", FEATURES, max_rows=ROWS)
    assert capfd.readouterr().err == ""


def test_names_and_options_are_quoted(
    ctx: datafusion.SessionContext, customers: pl.DataFrame
) -> None:
    odd = {"visits": 'z"', "channel": "it's \\", "campaign": 'Cam"paign'}
    ctx.from_arrow(customers.rename(odd), "odd_customers")
    features = ["recency", 'z"', "it's \\"]
    by = ['Cam"paign', "is_new"]
    options = {"max_rows": 100.0, "tolerance": np.float64(1e-8), "covariance": np.True_, "l2": 1}
    driven = ziln.fit_passes(
        ctx,
        "ltv",
        features,
        query="odd_customers",
        by=by,
        **options,  # type: ignore[arg-type]
    )
    expected = ziln.fit_passes(
        customers.rename(odd),
        "ltv",
        features,
        by=by,
        max_rows=100,
        tolerance=1e-8,
        covariance=True,
        l2=1.0,
    )
    assert_frame_equal(driven.sort(by), expected.sort(by))
    ctx.deregister_table("odd_customers")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l2": float("nan")}, "option `l2`: expected a number from 0 to 1000000, got NaN"),
        ({"max_rows": "a"}, "option `max_rows`: expected an integer from 1 to 1000000000, got "),
        ({"max_rows": 0}, "option `max_rows`: expected an integer from 1 to 1000000000, got 0"),
        ({"max_rows": 2.5}, "to 1000000000, got 2.5"),
        ({"tolerance": 2**70}, "option `tolerance`: expected a number greater than 0, at most 1"),
        ({"covariance": 1}, "option `covariance`: expected true or false, got 1"),
        ({"min_count": [1, 2]}, "option `min_count`: expected an integer"),
        ({"max_sigma": 1j}, "option `max_sigma`: expected a number, a string"),
        ({"max_passes": "a"}, "argument `max_passes`: expected a whole number, 0 or more, got 'a'"),
        ({"max_passes": -1}, "argument `max_passes`: expected a whole number, 0 or more, got -1"),
        ({"by": 3}, "argument `by`: expected a column's name, or a list of names, got 3"),
        ({"by": [pl.col("campaign")]}, "argument `by`: expected a column's name, or a list"),
    ],
)
def test_options_are_refused_before_a_row_is_read(
    ctx: datafusion.SessionContext, options: dict[str, Any], message: str
) -> None:
    # No row has any of these columns.
    nothing = pl.DataFrame({"a": [1.0]})
    for frame, query in ((nothing, None), (nothing.lazy(), None), (ctx, "no_table")):
        with pytest.raises(
            (TypeError, ValueError, pl.exceptions.ComputeError), match=re.escape(message)
        ):
            ziln.fit_passes(frame, "ltv", FEATURES, query=query, **options)


def test_errors(ctx: datafusion.SessionContext, customers: pl.DataFrame) -> None:
    with pytest.raises(TypeError, match="argument `query`: expected None with a frame of Polars"):
        ziln.fit_passes(customers, "ltv", FEATURES, query="customers")
    with pytest.raises(
        TypeError, match="expected a frame of Polars, or a SessionContext and a query, got None"
    ):
        ziln.fit_passes(ctx, "ltv", FEATURES)
    with pytest.raises(TypeError, match="argument `label`: expected an expression of SQL"):
        ziln.fit_passes(ctx, pl.col("ltv"), FEATURES, query="customers")
    with pytest.raises(TypeError, match="argument `query`: expected an expression of SQL"):
        ziln.fit_passes(ctx, "ltv", FEATURES, query=3)  # type: ignore[arg-type]
    with pytest.raises(
        pl.exceptions.ComputeError,
        match="ziln_newton_start: argument `weight`: expected a finite number",
    ):
        ziln.fit_passes(customers, "ltv", FEATURES, weight=-1)
    models = customers.select(ziln.fit_newton("ltv", FEATURES))
    with pytest.raises(
        pl.exceptions.ComputeError, match="begins with a model of ziln_newton_start"
    ):
        customers.select(ziln.newton_step("ltv", FEATURES, models.item()))
    started = customers.group_by("campaign").agg(ziln.newton_start("ltv", FEATURES))
    with pytest.raises(
        pl.exceptions.ComputeError, match="expected the same model in all rows of a group"
    ):
        customers.join(started, on="campaign").select(ziln.newton_step("ltv", FEATURES, "model"))
