"""How far predictions can be trusted on thin, wide and noisy data, with default options.

    python -m benchmarks.trust
    python -m benchmarks.trust --campaigns 60 --rows 20000

Losses are in nats a customer; a ratio is the predicted total over the actual one. `intercepts` are models without
features (`epochs` 0).
"""

import argparse
from pathlib import Path

import polars as pl

import ziln
from benchmarks import common, hard_data

BUCKETS = (50, 200, 800, 4000)
THIN = ((0.2, 11), (0.5, 12))
SPREADS = (0.5, 1.0, 1.5, 2.0)


def thin_campaigns(campaigns: int) -> pl.DataFrame:
    """Mean test loss of models of their own, by the size of the campaign; without a payer, of the global model."""
    rows = []
    for spread, seed in THIN:
        frame = hard_data.thin_campaigns(spread, seed, campaigns)
        features = [f"x{i}" for i in range(hard_data.FEATURES)]
        train, test = (frame.filter(part=part) for part in ("train", "test"))
        whole = train.select(ziln.fit_sgd("ltv", features)).item()
        models = train.group_by("campaign").agg(
            own=ziln.fit_sgd("ltv", features),
            intercepts=ziln.fit_sgd("ltv", features, epochs=0),
        )
        scored = test.join(models, on="campaign").with_columns(
            pl.lit(whole).alias("global"),
            pl.col("own", "intercepts").fill_null(whole),
        )
        losses = scored.select(
            "campaign",
            pl.min_horizontal(pl.when(pl.col("size") <= most).then(most) for most in BUCKETS).alias(
                "size"
            ),
            *(
                ziln.loss("ltv", ziln.predict(name, features)).alias(name)
                for name in ("own", "intercepts", "global")
            ),
        )
        worst = losses.group_by("size", "campaign").agg(pl.col("own").mean())
        table = losses.group_by("size").agg(pl.col("own", "intercepts", "global").mean())
        table = table.join(worst.group_by("size").agg(worst=pl.col("own").max()), on="size")
        rows.append(table.sort("size").select(pl.lit(spread).alias("spread"), pl.all()))
    return pl.concat(rows)


def noise_campaigns() -> pl.DataFrame:
    """Predicted over actual totals of 1,500 campaigns of 20 customers whose feature says nothing."""
    rows = []
    for sigma in SPREADS:
        frame = hard_data.noise_campaigns(sigma, seed=1)
        models = frame.group_by("campaign").agg(model=ziln.fit_sgd("ltv", ["visits"]))
        scored = frame.join(models.drop_nulls(), on="campaign").with_columns(
            predicted=ziln.expected_ltv(ziln.predict("model", ["visits"]))
        )
        totals = scored.group_by("campaign").agg(pl.col("predicted", "ltv").sum())
        ratio = pl.col("predicted") / pl.col("ltv")
        rows.append(
            totals.select(
                sigma=pl.lit(sigma),
                total=pl.col("predicted").sum() / pl.col("ltv").sum(),
                above_2=(ratio > 2).mean(),
                greatest=ratio.max(),
            )
        )
    return pl.concat(rows)


def wide_categories(rows: int) -> pl.DataFrame:
    """Test metrics of one model of 30 categories with 2,800 levels, beside its intercepts."""
    frame = hard_data.wide_categories(rows)
    features = [name for name in frame.columns if name not in ("ltv", "part")]
    train, test = (frame.filter(part=part) for part in ("train", "test"))
    tables = []
    for name, epochs in (("model", None), ("intercepts", 0)):
        model = train.select(ziln.fit_sgd("ltv", features, epochs=epochs)).item()
        scored = test.with_columns(params=ziln.predict(pl.lit(model), features))
        metrics = scored.select(ziln.evaluate("ltv", "params")).unnest(pl.all())
        tables.append(
            metrics.select(pl.lit(name).alias("of"), "loss", "prediction_ratio", "normalized_gini")
        )
    return pl.concat(tables)


def main() -> None:
    """Print the tables, and write them where the other programs write theirs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=300)
    parser.add_argument("--rows", type=int, default=95_000)
    parser.add_argument("--output", type=Path, default=common.OUTPUT)
    options = parser.parse_args()
    tables = {
        "thin campaigns": thin_campaigns(options.campaigns),
        "campaigns of noise": noise_campaigns(),
        "wide categories": wide_categories(options.rows),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    with pl.Config(tbl_formatting="MARKDOWN", tbl_hide_dataframe_shape=True, tbl_rows=-1):
        for name, table in tables.items():
            print(f"{name}\n{table}\n")
            table.write_csv(options.output / f"trust_{name.replace(' ', '_')}.csv")


if __name__ == "__main__":
    main()
