"""Campaigns drawn to a prior predict customers they have not seen no worse than one model for all, or one each."""

import json
import math
from collections.abc import Iterator

import datafusion
import numpy as np
import polars as pl

import ziln
import ziln.datasets

FEATURES = ["recency", "frequency", "monetary", "recent_spend", "tenure"]
MODELS = ("own", "common", "drawn")


def by_first_day() -> pl.DataFrame:
    """Customers of CDNOW; a campaign is the day of the first purchase."""
    purchases = ziln.datasets.cdnow()
    customers = ziln.rfm(
        purchases, customer="id", date="date", amount="amount", cutoff="1997-09-30", horizon=273
    )
    return customers.with_columns(
        pl.col("frequency").log(),
        pl.col("monetary").log1p(),
        recent_spend=pl.col("spend_90d").log1p(),
    )


def halves(frame: pl.DataFrame, count: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Random splits into training and test rows."""
    for seed in range(count):
        is_training = pl.Series(np.random.default_rng(seed).random(frame.height) < 0.7)
        yield frame.filter(is_training), frame.filter(~is_training)


def losses(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    prior = train.select(ziln.fit_prior("ltv", FEATURES, "first_day")).item()
    models = train.group_by("first_day").agg(
        own=ziln.fit_newton("ltv", FEATURES),
        drawn=ziln.fit_newton("ltv", FEATURES, init=prior),
    )
    scored = test.join(models, on="first_day", how="left").with_columns(
        pl.col("own", "drawn").fill_null(prior), common=pl.lit(prior)
    )
    return scored.select(
        ziln.loss("ltv", ziln.predict(name, FEATURES)).mean().alias(name) for name in MODELS
    ).row(0, named=True)


def test_first_days_of_cdnow_lose_nothing_by_a_prior() -> None:
    frame = by_first_day()
    assert frame["first_day"].n_unique() == 84
    found = pl.DataFrame([losses(train, test) for train, test in halves(frame, 5)]).mean()
    own, common, drawn = found.select(MODELS).row(0)
    # The days do not differ: that is what the prior has to find out.
    assert drawn <= common + 1e-9
    assert drawn < own - 0.01


def test_a_campaign_of_one_customer_has_a_model() -> None:
    frame = by_first_day().head(3000).with_columns(campaign=pl.col("id") % 20)
    single = frame.filter(pl.col("ltv") > 0).head(1).with_columns(campaign=pl.lit(99, pl.Int64))
    prior = pl.concat([frame, single]).select(ziln.fit_prior("ltv", FEATURES, "campaign")).item()
    model = single.select(ziln.fit_newton("ltv", FEATURES, init=prior)).item()
    value = single.select(ziln.expected_ltv(ziln.predict(model, FEATURES))).item()
    assert 0 < value < 10_000
    alone = single.select(ziln.fit_prior("ltv", FEATURES, "campaign")).item()
    between = pl.select(ziln.weights(alone).explode().struct.field("between")).to_series()
    assert between.to_list() == [0.0] * 18


def test_campaigns_are_those_that_each_engine_groups_by(ctx: datafusion.SessionContext) -> None:
    """-0.0 and 0.0 are one campaign, and so are the values that are no number."""
    values = [0.0, -0.0, math.nan, 1.0, None]
    frame = by_first_day().head(3000).with_columns(index=pl.col("id") % len(values))
    campaign = pl.col("index").replace_strict(range(len(values)), values, return_dtype=pl.Float64)
    frame = frame.with_columns(campaign=campaign)
    assert frame["campaign"].n_unique() == 4
    prior = frame.select(ziln.fit_prior("ltv", FEATURES, "campaign")).item()
    ctx.from_arrow(frame.to_arrow(), "frame")
    features = ", ".join(f"{name}: {name}" for name in FEATURES)
    found = ctx.sql(f"""
        SELECT ziln_fit_prior(ltv, {{{features}}}, campaign) AS prior,
               (SELECT count(*) FROM (SELECT campaign FROM frame GROUP BY campaign)) AS groups
        FROM frame
    """).to_pydict()
    assert found == {"prior": [prior], "groups": [4]}
    assert json.loads(prior)["between"]["campaigns"] == 4


def test_a_hundred_thousand_campaigns_of_five_are_finite() -> None:
    rows = 500_000
    random = np.random.default_rng(3)
    campaign = np.arange(rows) // 5
    visits = random.integers(0, 11, rows)
    own = random.normal(0.0, 0.7, rows // 5)[campaign]
    pays = random.random(rows) < 1 / (1 + np.exp(1.0 - 0.1 * visits - own))
    ltv = np.where(pays, np.exp(random.normal(2.0, 0.8, rows)), 0.0)
    frame = pl.DataFrame({"campaign": campaign, "visits": visits, "ltv": ltv})
    prior = frame.select(ziln.fit_prior("ltv", ["visits"], "campaign")).item()
    (between,) = (
        pl.select(ziln.weights(prior).explode().struct.unnest())
        .filter(pl.col("feature").is_null(), head="logit")["between"]
        .to_list()
    )
    # 0.49 is true; of five customers a normal likelihood says too little, and so the estimate is below.
    assert 0.2 < between < 0.6
    some = frame.filter(pl.col("campaign") % 10 == 0)
    models = some.group_by("campaign").agg(model=ziln.fit_newton("ltv", ["visits"], init=prior))
    assert models.height == 10_000
    values = models.select(
        ziln.expected_ltv(ziln.predict("model", [pl.lit(5).alias("visits")]))
    ).to_series()
    assert values.is_finite().all()
    assert values.null_count() == 0
