"""Polars and DataFusion give the same bits for the same rows, model texts included."""

from __future__ import annotations

import datafusion
import numpy as np
import polars as pl
import pytest
from conftest import random_customers, random_params
from polars.testing import assert_frame_equal, assert_series_equal

import ziln

RAW = ("logit", "mu", "raw_sigma")
FEATURES = ["visits", "recency", "channel", "is_new"]
SQL_FEATURES = "{visits: visits, recency: recency, channel: channel, is_new: is_new}"

SCALARS = {
    "loss": (ziln.loss("label", *RAW), "label, logit, mu, raw_sigma"),
    "expected_ltv": (ziln.expected_ltv(*RAW), "logit, mu, raw_sigma"),
    "pay_prob": (ziln.pay_prob(*RAW), "logit, mu, raw_sigma"),
    "pay_amount": (ziln.pay_amount(*RAW), "logit, mu, raw_sigma"),
    "from_logits": (ziln.from_logits(*RAW), "logit, mu, raw_sigma"),
    "params": (ziln.params("q", "mu", "raw_sigma"), "q, mu, raw_sigma"),
    "variance": (ziln.variance(*RAW), "logit, mu, raw_sigma"),
    "cdf": (ziln.cdf("label", *RAW), "label, logit, mu, raw_sigma"),
    "quantile": (ziln.quantile("q", *RAW), "q, logit, mu, raw_sigma"),
    "capped_ltv": (ziln.capped_ltv("label", *RAW), "label, logit, mu, raw_sigma"),
    "crps": (ziln.crps("label", *RAW), "label, logit, mu, raw_sigma"),
}

AGGREGATES = {
    "evaluate": (ziln.evaluate("label", *RAW), "label, logit, mu, raw_sigma"),
    "evaluate, weighted": (
        ziln.evaluate("label", *RAW, weight=pl.col("row") % 3),
        "label, logit, mu, raw_sigma, row % 3",
    ),
    "evaluate, of a sample": (
        ziln.evaluate("label", *RAW, max_rows=200),
        "label, logit, mu, raw_sigma, {max_rows: 200}",
    ),
    "evaluate, of a weighted sample": (
        ziln.evaluate("label", *RAW, weight=pl.col("row") % 3, max_rows=1000),
        "label, logit, mu, raw_sigma, row % 3, {max_rows: 1000}",
    ),
    "gini": (ziln.gini("label", "mu"), "label, mu"),
    "gini, weighted": (ziln.gini("label", "mu", weight=pl.col("row") % 3), "label, mu, row % 3"),
    "spearman": (ziln.spearman("label", "mu"), "label, mu"),
    "decile_stats": (ziln.decile_stats("label", "mu"), "label, mu"),
    "decile_stats, 7": (ziln.decile_stats("label", "mu", buckets=7), "label, mu, 7"),
}


@pytest.fixture(scope="module")
def params() -> pl.DataFrame:
    return (
        random_params(10_000, seed=1)
        .with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64))
    )


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    return random_customers(10_000, seed=2)


@pytest.mark.parametrize("name", SCALARS)
def test_scalars(params: pl.DataFrame, ctx: datafusion.SessionContext, name: str) -> None:
    expression, arguments = SCALARS[name]
    ctx.from_arrow(params.to_arrow(), "params")
    query = f"SELECT ziln_{name}({arguments}) AS result FROM params ORDER BY row"
    sql = ctx.sql(query).to_polars().to_series()
    polars = params.select(result=expression).to_series()
    assert polars.null_count() > 0
    assert_series_equal(polars, sql, check_exact=True)


@pytest.mark.parametrize("name", AGGREGATES)
def test_aggregates(params: pl.DataFrame, ctx: datafusion.SessionContext, name: str) -> None:
    expression, arguments = AGGREGATES[name]
    finite = params.with_columns(
        pl.col("mu").replace([float("inf"), float("-inf")], None).fill_nan(None)
    )
    ctx.from_arrow(finite.to_arrow(), "params")
    function = name.partition(",")[0]
    query = f"""
        SELECT row % 4 AS part, ziln_{function}({arguments}) AS result
        FROM params GROUP BY row % 4 ORDER BY part
    """
    sql = ctx.sql(query).to_polars()
    polars = finite.group_by(part=pl.col("row") % 4).agg(result=expression).sort("part")
    assert polars["result"].null_count() == 0
    assert_frame_equal(polars, sql, check_exact=True)


@pytest.mark.parametrize(
    ("options", "sql_options"),
    [
        ({}, ""),
        ({"epochs": 12, "l2": 0.01, "seed": 7}, ", {epochs: 12, l2: 0.01, seed: 7}"),
        ({"epochs": 2, "max_rows": 50}, ", {epochs: 2, max_rows: 50}"),
        (
            {"optimizer": "momentum", "validation_fraction": 0.2, "keep_state": True},
            ", {optimizer: 'momentum', validation_fraction: 0.2, keep_state: true}",
        ),
    ],
)
@pytest.mark.parametrize("weight", [None, "weight"])
def test_models_are_the_same_text(
    customers: pl.DataFrame,
    ctx: datafusion.SessionContext,
    options: dict[str, object],
    sql_options: str,
    weight: str | None,
) -> None:
    ctx.from_arrow(customers.to_arrow(), "customers")
    sql_weight = ", weight" if weight else ""
    query = f"""
        SELECT campaign, ziln_fit_sgd(ltv, {SQL_FEATURES}{sql_weight}{sql_options}) AS model
        FROM customers GROUP BY campaign ORDER BY campaign
    """
    sql = ctx.sql(query).to_polars()
    model = ziln.fit_sgd("ltv", FEATURES, weight=weight, **options)  # type: ignore[arg-type]
    shuffled = customers.sample(fraction=1.0, shuffle=True, seed=3)
    for frame in (customers, shuffled):
        polars = frame.group_by("campaign").agg(model).sort("campaign")
        assert polars["model"].null_count() == 0
        assert polars["model"].to_list() == sql["model"].to_list()


@pytest.mark.parametrize("by", ["", "GROUP BY is_new ORDER BY is_new"])
def test_samples_are_the_same(
    customers: pl.DataFrame, ctx: datafusion.SessionContext, by: str
) -> None:
    ctx.from_arrow(customers.to_arrow(), "customers")
    sql = ctx.sql(f"""
        SELECT ziln_fit_newton(ltv, [visits, recency], {{max_rows: 300}}) AS exact,
               ziln_fit_prior(ltv, {SQL_FEATURES}, campaign, {{max_rows: 60}}) AS prior
        FROM customers {by}
    """).to_polars()
    fits = [
        ziln.fit_newton("ltv", pl.concat_list("visits", "recency"), max_rows=300).alias("exact"),
        ziln.fit_prior("ltv", FEATURES, "campaign", max_rows=60).alias("prior"),
    ]
    keyed = customers.with_columns(key=pl.col("is_new") if by else pl.lit(True))
    polars = keyed.group_by("key").agg(*fits).sort("key", nulls_last=True)
    assert_frame_equal(polars.select("exact", "prior"), sql)
    assert polars.select(ziln.model_info("exact").struct.field("rows")).to_series().max() == 300


def test_a_model_scores_alike_in_both_engines(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", FEATURES, epochs=10))
    frame = customers.join(models, on="campaign", maintain_order="left").with_row_index("row")
    ctx.from_arrow(frame.to_arrow(), "customers")
    query = f"SELECT ziln_predict(model, {SQL_FEATURES}) AS params FROM customers ORDER BY row"
    sql = ctx.sql(query).to_polars().to_series()
    polars = frame.select(ziln.predict("model", FEATURES)).to_series()
    assert polars.struct.field("sigma").null_count() == 0
    assert_series_equal(polars, sql, check_exact=True)

    one = models["model"][0]
    query = f"SELECT ziln_predict('{one}', {SQL_FEATURES}) AS params FROM customers ORDER BY row"
    sql = ctx.sql(query).to_polars().to_series()
    assert_series_equal(
        frame.select(ziln.predict(one, FEATURES)).to_series(), sql, check_exact=True
    )


def test_what_models_say_about_themselves(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    models = (
        customers.group_by("campaign").agg(ziln.fit_sgd("ltv", FEATURES, epochs=3)).sort("campaign")
    )
    ctx.from_arrow(models.to_arrow(), "models")
    for function, expression in (("model_info", ziln.model_info), ("weights", ziln.weights)):
        query = f"SELECT ziln_{function}(model) AS {function} FROM models ORDER BY campaign"
        sql = ctx.sql(query).to_polars()
        assert_frame_equal(models.select(expression("model")), sql, check_exact=True)


def test_lists_train_alike_whatever_other_groups_hold() -> None:
    random = np.random.default_rng(8)
    rows = 600
    group = random.integers(0, 5, rows)
    lists = [
        None if g == 3 or random.random() < 0.1 else random.normal(size=g + 1).tolist()
        for g in group
    ]
    label = [None if random.random() < 0.1 else max(x, 0.0) for x in random.normal(size=rows)]
    # A list of another length does no harm where there is no label.
    lists = [[1.0] * 9 if y is None else x for x, y in zip(lists, label, strict=True)]
    frame = pl.DataFrame({"g": group, "y": label, "x": lists}).sort("g")
    polars = frame.group_by("g").agg(model=ziln.fit_sgd("y", "x", epochs=3)).sort("g")
    scored = frame.with_columns(
        x=pl.when(pl.col("y").is_not_null()).then("x"), row=pl.int_range(rows)
    ).join(polars, on="g", maintain_order="left")
    params = scored.select(ziln.predict("model", "x")).to_series()
    for partitions, batch_rows in ((1, 7), (3, 100), (8, 8192)):
        config = datafusion.SessionConfig().with_target_partitions(partitions)
        ctx = datafusion.SessionContext(config.with_batch_size(batch_rows))
        ziln.register_all(ctx)
        ctx.from_arrow(frame.sample(fraction=1.0, shuffle=True, seed=partitions).to_arrow(), "t")
        ctx.from_arrow(scored.to_arrow(), "scored")
        sql = ctx.sql(
            "SELECT g, ziln_fit_sgd(y, x, {epochs: 3}) AS model FROM t GROUP BY g ORDER BY g"
        )
        assert sql.to_polars()["model"].to_list() == polars["model"].to_list()
        sql = ctx.sql("SELECT ziln_predict(model, x) AS params FROM scored ORDER BY row")
        assert_series_equal(sql.to_polars().to_series(), params, check_exact=True)


def test_every_campaign_continues_from_its_own_model(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    options = {"epochs": 4, "schedule": "constant"}
    models = customers.group_by("campaign").agg(
        model=ziln.fit_sgd("ltv", FEATURES, keep_state=True, **options)  # type: ignore[arg-type]
    )
    models = models.filter(pl.col("campaign") != models["campaign"].min())
    joined = customers.join(models, on="campaign", how="left")
    polars = (
        joined.group_by("campaign")
        .agg(ziln.fit_sgd("ltv", FEATURES, init="model", **options))  # type: ignore[arg-type]
        .sort("campaign")
    )
    ctx.from_arrow(joined.to_arrow(compat_level=pl.CompatLevel.newest()), "joined")
    query = f"""
        SELECT campaign, ziln_fit_sgd(ltv, {SQL_FEATURES}, NULL, {{epochs: 4, schedule: 'constant'}}, model) AS model
        FROM joined GROUP BY campaign ORDER BY campaign
    """
    assert ctx.sql(query).to_polars()["model"].to_list() == polars["model"].to_list()
    for campaign, model in polars.iter_rows():
        own = customers.filter(pl.col("campaign") == campaign)
        first = models.filter(pl.col("campaign") == campaign)["model"]
        constant = ziln.fit_sgd("ltv", FEATURES, init=first[0] if len(first) else None, **options)  # type: ignore[arg-type]
        assert own.select(constant).item() == model
    with pytest.raises(
        pl.exceptions.ComputeError, match="`init`: expected the same model in all rows"
    ):
        joined.select(ziln.fit_sgd("ltv", FEATURES, init=pl.col("model")))


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("options", "sql_options"),
    [
        ({}, ""),
        (
            {"l2": 0.01, "errors": "robust", "covariance": True},
            ", {l2: 0.01, errors: 'robust', covariance: true}",
        ),
    ],
)
def test_exact_models_are_the_same_text(
    customers: pl.DataFrame,
    ctx: datafusion.SessionContext,
    options: dict[str, object],
    sql_options: str,
    weight: str | None,
) -> None:
    ctx.from_arrow(customers.to_arrow(), "customers")
    sql_weight = ", weight" if weight else ""
    query = f"""
        SELECT campaign, ziln_fit_newton(ltv, {SQL_FEATURES}{sql_weight}{sql_options}) AS model
        FROM customers GROUP BY campaign ORDER BY campaign
    """
    sql = ctx.sql(query).to_polars()
    model = ziln.fit_newton("ltv", FEATURES, weight=weight, **options)  # type: ignore[arg-type]
    polars = customers.group_by("campaign").agg(model).sort("campaign")
    assert polars["model"].null_count() == 0
    assert polars["model"].to_list() == sql["model"].to_list()
    weights = polars.select(ziln.weights("model").explode().struct.unnest())
    assert weights["standard_error"].null_count() == 0
    ctx.from_arrow(polars.to_arrow(), "models")
    query = "SELECT ziln_weights(model) AS weights FROM models ORDER BY campaign"
    assert_frame_equal(polars.select(ziln.weights("model")), ctx.sql(query).to_polars())


CAMPAIGNS = {
    "integers with NULL": (pl.col("visits").replace(3, None), "NULLIF(visits, 3)"),
    "strings with NULL": (pl.col("channel"), "channel"),
    "categories": (pl.col("channel").cast(pl.Categorical), "channel"),
    "floats": (pl.col("recency").floor(), "floor(recency)"),
    "dates": (
        pl.lit("2026-01-01").str.to_date() + pl.duration(days=pl.col("visits")),
        "DATE '2026-01-01' + CAST(visits AS INT)",
    ),
    "pairs": (pl.struct("campaign", "is_new"), "{a: campaign, b: is_new}"),
    "one": (pl.lit("all"), "'all'"),
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_priors_are_the_same_text(
    customers: pl.DataFrame, ctx: datafusion.SessionContext, name: str
) -> None:
    campaign, sql_campaign = CAMPAIGNS[name]
    ctx.from_arrow(customers.to_arrow(), "customers")
    query = f"SELECT ziln_fit_prior(ltv, {SQL_FEATURES}, {sql_campaign}, weight) AS model FROM customers"
    sql = ctx.sql(query).to_polars().item()
    model = ziln.fit_prior("ltv", FEATURES, campaign, weight="weight")
    shuffled = customers.sample(fraction=1.0, shuffle=True, seed=4)
    assert [frame.select(model).item() for frame in (customers, shuffled)] == [sql, sql]


def test_campaigns_are_drawn_to_a_prior_alike(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    prior = customers.select(ziln.fit_prior("ltv", FEATURES, "campaign")).item()
    # Nobody of the first campaign pays, and the last has no label.
    frame = customers.with_columns(
        ltv=pl.when(pl.col("campaign") == 4)
        .then(None)
        .when(pl.col("campaign") == 0)
        .then(0.0)
        .otherwise("ltv")
    )
    ctx.from_arrow(frame.to_arrow(), "customers")
    ctx.from_arrow(pl.DataFrame({"model": [prior]}).to_arrow(), "prior")
    for function in ("fit_newton", "fit_sgd"):
        query = f"""
            SELECT campaign, ziln_{function}(ltv, {SQL_FEATURES}, NULL, NULL, model) AS model
            FROM customers CROSS JOIN prior GROUP BY campaign ORDER BY campaign
        """
        sql = ctx.sql(query).to_polars()["model"].to_list()
        fit = getattr(ziln, function)
        joined = frame.with_columns(prior=pl.lit(prior))
        for given, rows in ((prior, frame), ("prior", joined)):
            models = rows.group_by("campaign").agg(fit("ltv", FEATURES, init=given))
            own = models.sort("campaign")["model"]
            assert own.null_count() == 0
            assert own.to_list() == sql, (function, given[:5])


def test_what_is_said_of_a_prediction(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    models = customers.group_by("campaign").agg(ziln.fit_newton("ltv", FEATURES, covariance=True))
    models = models.with_columns(pl.when(pl.col("campaign") != 2).then("model"))
    frame = customers.join(models, on="campaign", maintain_order="left").with_row_index("row")
    ctx.from_arrow(frame.to_arrow(), "customers")
    one = models["model"].drop_nulls()[0]
    for function, expression in (("explain", ziln.explain), ("params_error", ziln.params_error)):
        for model, sql_model in (("model", "model"), (one, f"'{one}'")):
            query = f"SELECT ziln_{function}({sql_model}, {SQL_FEATURES}) AS {function} FROM customers ORDER BY row"
            sql = ctx.sql(query).to_polars()
            polars = frame.select(expression(model, FEATURES))
            assert_frame_equal(polars, sql, check_exact=True)
            nulls = (frame["campaign"] == 2).sum() if model == "model" else 0
            assert polars[function].null_count() == nulls
