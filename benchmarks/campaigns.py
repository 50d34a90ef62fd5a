"""Models of campaigns on customers they have not seen: one for all, one each, and one each drawn to a prior.

    python -m benchmarks.campaigns
    python -m benchmarks.campaigns --splits 1 --campaigns 30

Losses are in nats a customer, means over the splits. `better` is how far the model drawn to the prior is below the best
of the others, with the standard error of its mean over the splits. Seconds are those of fitting.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from examples.campaigns import FEATURES as JOURNEY_FEATURES
from examples.campaigns import received

import ziln
import ziln.datasets
from benchmarks import common, hard_data

TRAINING_SHARE = 0.7
CDNOW_FEATURES = ["recency", "frequency", "monetary", "recent_spend", "tenure"]
THIN_FEATURES = [f"x{i}" for i in range(hard_data.FEATURES)]
BUCKETS = (50, 200, 800, 4000)
ORACLE = {0.2: (1.827, 1.813, 1.821, 1.811, 1.818), 0.5: (2.262, 2.194, 2.127, 2.117, 2.169)}
"""Losses of heads drawn with the true variances, by the size of the campaign and of all; of the whole sets."""

MODELS = ("own", "common", "drawn")


def cdnow() -> pl.DataFrame:
    """Customers of CDNOW by the day of their first purchase, with features like those of sql/cdnow.sql."""
    past = ziln.rfm(
        ziln.datasets.cdnow(),
        customer="id",
        date="date",
        amount="amount",
        cutoff="1997-09-30",
        horizon=273,
    )
    return past.select(
        "id",
        "ltv",
        "recency",
        "tenure",
        campaign="first_day",
        frequency=pl.col("frequency").log(),
        monetary=pl.col("monetary").log1p(),
        recent_spend=pl.col("spend_90d").log1p(),
    )


def complete_journey() -> pl.DataFrame:
    """Households that received a campaign, with the features of examples/campaigns.py."""
    return received(ziln.datasets.complete_journey()).select(
        "ltv", *JOURNEY_FEATURES, id="household_id", campaign="campaign_id"
    )


def splits(frame: pl.DataFrame, count: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Training and test rows; all rows of a customer are on one side."""
    customers = frame["id"].unique().sort()
    for seed in range(count):
        drawn = np.random.default_rng(seed).random(len(customers))
        sides = pl.DataFrame({"id": customers, "is_training": drawn < TRAINING_SHARE})
        parts = frame.join(sides, on="id", maintain_order="left")
        yield parts.filter("is_training"), parts.filter(~pl.col("is_training"))


def fitted(train: pl.DataFrame, features: Sequence[str]) -> tuple[pl.DataFrame, str, list[float]]:
    """Each campaign's models, the common one, and the seconds of plain training and of prior and drawn models."""
    start = time.perf_counter()
    own = train.group_by("campaign").agg(own=ziln.fit_newton("ltv", features))
    middle = time.perf_counter()
    prior = train.select(ziln.fit_prior("ltv", features, "campaign")).item()
    drawn = train.group_by("campaign").agg(drawn=ziln.fit_newton("ltv", features, init=prior))
    end = time.perf_counter()
    sgd = train.group_by("campaign").agg(ziln.fit_sgd("ltv", features))
    seconds = [middle - start, time.perf_counter() - end, end - middle]
    assert sgd.height == own.height
    return own.join(drawn, on="campaign"), prior, seconds


def losses(
    models: pl.DataFrame, prior: str, test: pl.DataFrame, features: Sequence[str]
) -> pl.DataFrame:
    """Each test row's loss of each model; a campaign without a model has the common one."""
    scored = test.join(models, on="campaign", how="left").with_columns(
        pl.col("own", "drawn").fill_null(prior), common=pl.lit(prior)
    )
    return scored.with_columns(
        ziln.loss("ltv", ziln.predict(name, features)).alias(name) for name in MODELS
    )


def on_public_data(
    name: str, frame: pl.DataFrame, features: Sequence[str], count: int
) -> pl.DataFrame:
    """Mean test losses over random splits."""
    rows, seconds = [], []
    for train, test in splits(frame, count):
        models, prior, taken = fitted(train, features)
        of_split = losses(models, prior, test, features).select(pl.col(MODELS).mean())
        rows.append(of_split.row(0, named=True))
        seconds.append(taken)
    better = [min(row["own"], row["common"]) - row["drawn"] for row in rows]
    error = statistics.stdev(better) / len(better) ** 0.5 if len(better) > 1 else None
    own, sgd, drawn = (statistics.median(column) for column in zip(*seconds, strict=True))
    return pl.DataFrame(
        {
            "data": name,
            "campaigns": frame["campaign"].n_unique(),
            **{model: statistics.fmean(row[model] for row in rows) for model in MODELS},
            "better": statistics.fmean(better),
            "error": error,
            "s own, newton": own,
            "s own, sgd": sgd,
            "s prior and drawn": drawn,
        },
        schema_overrides={"error": pl.Float64},
    )


def on_thin_campaigns(campaigns: int) -> pl.DataFrame:
    """Mean test losses by the size of the campaign, beside an oracle that knows the true variances."""
    tables = []
    for spread, seed in ((0.2, 11), (0.5, 12)):
        frame = hard_data.thin_campaigns(spread, seed, campaigns)
        train, test = (frame.filter(part=part) for part in ("train", "test"))
        models, prior, _ = fitted(train, THIN_FEATURES)
        of_rows = losses(models, prior, test, THIN_FEATURES)
        bucket = pl.min_horizontal(
            pl.when(pl.col("size") <= most).then(most) for most in BUCKETS
        ).alias("size up to")
        by_size = of_rows.group_by(bucket).agg(pl.col(MODELS).mean()).sort("size up to")
        every = of_rows.select(pl.lit(None, pl.Int32).alias("size up to"), pl.col(MODELS).mean())
        table = pl.concat([by_size, every], how="vertical_relaxed")
        if campaigns == 300:
            table = table.with_columns(oracle=pl.Series(ORACLE[spread]))
        tables.append(table.select(pl.lit(spread).alias("spread"), pl.all()))
    return pl.concat(tables)


def main() -> None:
    """Print the tables, and write them where the other programs write theirs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--campaigns", type=int, default=300)
    parser.add_argument("--output", type=Path, default=common.OUTPUT)
    options = parser.parse_args()
    public = pl.concat(
        [
            on_public_data("CDNOW by first day", cdnow(), CDNOW_FEATURES, options.splits),
            on_public_data(
                "Complete Journey", complete_journey(), JOURNEY_FEATURES, options.splits
            ),
        ]
    )
    tables = {"public": public, "thin": on_thin_campaigns(options.campaigns)}
    options.output.mkdir(parents=True, exist_ok=True)
    pl.Config.set_tbl_cols(-1).set_tbl_rows(-1).set_tbl_width_chars(200).set_float_precision(5)
    with pl.Config(tbl_formatting="MARKDOWN", tbl_hide_dataframe_shape=True):
        for name, table in tables.items():
            print(f"{name}\n{table}\n")
            table.write_csv(options.output / f"campaigns_{name}.csv")


if __name__ == "__main__":
    main()
