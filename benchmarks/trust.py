"""How far predictions can be trusted on thin, wide and noisy data, with default options.

    python -m benchmarks.trust
    python -m benchmarks.trust --campaigns 60 --rows 20000 --draws 6

Losses are in nats a customer; a ratio is the predicted total over the actual one. `intercepts` are models without
features (`epochs` 0). Behind a figure stands within what it should be.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

import ziln
from benchmarks import common, hard_data

MODELS: Mapping[str, Mapping[str, Any]] = {"linear": {}, "hidden: [16]": {"hidden": [16]}}
"""The options of each model that is tried."""
BUCKETS = (50, 200, 800, 4000)
THIN = ((0.2, 11), (0.5, 12))
SPREADS = (0.5, 1.0, 1.5, 2.0)
CRAWLERS = ((3000, 0.0), (3000, 0.02), (30_000, 0.02))
"""Rows, and how much more in the logarithm customers pay a visit."""
ALIKE = ((50, 0.1), (50, 1 / 3), (200, 0.1), (200, 1 / 3))
"""Payers, and how much their feature varies beside the others'."""
SKEWED = (1.0, 1.5, 2.0)
"""The standard deviation of the logarithm of the feature."""
SKEWED_ROWS = 5000
RESIDUES = (1, 2, 4, 8)
TRUTH = ("t_logit", "t_mu", "t_raw_sigma")
WIDE_ROWS = 95_000
WIDE = {
    "loss": "at most 0.399",
    "prediction_ratio": "0.95 to 1.2",
    "normalized_gini": "at least 0.29",
}
"""What the figures of that many rows should be; intercepts have a loss of 0.4076, the truth of 0.3912."""


def bound(text: str) -> pl.Expr:
    """What the figure on the left should be."""
    return pl.lit(text)


def thin_campaigns(campaigns: int) -> pl.DataFrame:
    """Mean test loss of models of their own, by the size of the campaign; without a payer, of the global model."""
    return pl.concat(
        thin_campaigns_of(spread, hard_data.thin_campaigns(spread, seed, campaigns), model)
        for spread, seed in THIN
        for model in MODELS
    )


def thin_campaigns_of(spread: float, frame: pl.DataFrame, model: str) -> pl.DataFrame:
    """The lines of one spread and kind of model."""
    features = [f"x{i}" for i in range(hard_data.FEATURES)]
    train, test = (frame.filter(part=part) for part in ("train", "test"))
    fit = ziln.fit_sgd("ltv", features, **MODELS[model])
    whole = train.select(fit).item()
    models = train.group_by("campaign").agg(
        own=fit, intercepts=ziln.fit_sgd("ltv", features, epochs=0)
    )
    predicted = test.join(models, on="campaign").with_columns(
        pl.lit(whole).alias("global"),
        pl.col("own", "intercepts").fill_null(whole),
    )
    size = pl.min_horizontal(pl.when(pl.col("size") <= most).then(most) for most in BUCKETS)
    losses = predicted.select(
        "campaign",
        size.alias("size"),
        *(
            ziln.loss("ltv", ziln.predict(name, features)).alias(name)
            for name in ("own", "intercepts", "global")
        ),
    )
    worst = losses.group_by("size", "campaign").agg(pl.col("own").mean())
    table = losses.group_by("size").agg(pl.col("own", "intercepts", "global").mean())
    table = table.join(worst.group_by("size").agg(worst=pl.col("own").max()), on="size")
    return table.sort("size").select(
        pl.lit(model).alias("model"),
        pl.lit(spread).alias("spread"),
        "size",
        "own",
        bound("at most intercepts").alias("own should be"),
        "intercepts",
        "global",
        "worst",
    )


def scored(
    frame: pl.DataFrame, by: str, features: Sequence[str], options: Mapping[str, Any]
) -> pl.DataFrame:
    """The rows that each model was trained on, with what it predicts; without those of groups in which nobody pays."""
    models = frame.group_by(by).agg(model=ziln.fit_sgd("ltv", features, **options)).drop_nulls()
    return frame.join(models, on=by).with_columns(
        predicted=ziln.expected_ltv(ziln.predict("model", features))
    )


def ratios(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """The predicted over the actual total of each group."""
    totals = rows.group_by(by).agg(pl.col("predicted", "ltv").sum())
    return totals.with_columns(ratio=pl.col("predicted") / pl.col("ltv"))


def noise_campaigns() -> pl.DataFrame:
    """Predicted over actual totals of 1,500 campaigns of 20 customers whose feature says nothing."""
    lines = []
    for model, options in MODELS.items():
        for sigma in SPREADS:
            frame = hard_data.noise_campaigns(sigma, seed=1)
            totals = ratios(scored(frame, "campaign", ["visits"], options), "campaign")
            lines.append(
                totals.select(
                    pl.lit(model).alias("model"),
                    pl.lit(sigma).alias("sigma"),
                    (pl.col("predicted").sum() / pl.col("ltv").sum()).alias("total"),
                    bound("0.9 to 1.15").alias("total should be"),
                    (pl.col("ratio") > 2).mean().alias("above 2"),
                    bound("at most 0.005").alias("above 2 should be"),
                    pl.col("ratio").max().alias("greatest"),
                    bound("below 5").alias("greatest should be"),
                )
            )
    return pl.concat(lines)


def crawlers(draws: int) -> pl.DataFrame:
    """Predicted over actual totals beside a crawler, and what it is worth beside a customer of ten visits."""
    lines = []
    for model, options in MODELS.items():
        for rows, growth in CRAWLERS:
            frame = numbered(hard_data.crawler(100 + draw, rows, growth) for draw in range(draws))
            predictions = scored(frame, "draw", ["visits"], options)
            of = {
                name: pl.col("predicted").filter(pl.col("visits") == visits).first()
                for name, visits in (("crawler", 5000), ("ten", 10))
            }
            worth = predictions.group_by("draw").agg(worth=of["crawler"] / of["ten"])
            table = ratios(predictions, "draw").join(worth, on="draw")
            lines.append(
                table.select(
                    pl.lit(model).alias("model"),
                    pl.lit(rows).alias("rows"),
                    pl.lit(growth).alias("more a visit"),
                    pl.len().alias("draws"),
                    pl.col("ratio").min().alias("least ratio"),
                    pl.col("ratio").max().alias("greatest ratio"),
                    bound("0.95 to 1.05").alias("ratios should be"),
                    pl.col("worth").max().alias("crawler over ten visits"),
                    bound("at most 1").alias("it should be"),
                )
            )
    return pl.concat(lines)


def numbered(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All frames in one, with the number of each."""
    return pl.concat(frame.with_columns(draw=pl.lit(draw)) for draw, frame in enumerate(frames))


def alike_payers() -> pl.DataFrame:
    """Predicted over actual totals of 100 campaigns whose payers are alike in the feature."""
    lines = []
    for model, options in MODELS.items():
        for payers, share in ALIKE:
            frame = hard_data.alike_payers(payers, share, seed=2)
            totals = ratios(scored(frame, "campaign", ["x"], options), "campaign")
            lines.append(
                totals.select(
                    pl.lit(model).alias("model"),
                    pl.lit(payers).alias("payers"),
                    pl.lit(4 * payers).alias("rows"),
                    pl.lit(share).alias("spread of x"),
                    (pl.col("ratio") > 2).mean().alias("above 2"),
                    bound("at most 0.02").alias("above 2 should be"),
                    pl.col("ratio").median().alias("median"),
                    pl.col("ratio").max().alias("greatest"),
                )
            )
    return pl.concat(lines)


def skewed_features(draws: int) -> pl.DataFrame:
    """Totals of customers whose amounts follow the logarithm of a feature that is given as it is, and of new ones."""
    lines = []
    for model, options in MODELS.items():
        for spread in SKEWED:
            seen = numbered(hard_data.skewed(seed, spread, SKEWED_ROWS) for seed in range(draws))
            new = numbered(
                hard_data.skewed(1000 + seed, spread, 4 * SKEWED_ROWS) for seed in range(draws)
            )
            rows = scored(seen, "draw", ["spending"], options)
            models = rows.group_by("draw").agg(pl.col("model").first())
            new = new.join(models, on="draw").with_columns(
                predicted=ziln.expected_ltv(ziln.predict("model", ["spending"]))
            )
            of_seen, of_new = (ratios(frame, "draw")["ratio"] for frame in (rows, new))
            top = rows.group_by("draw").agg(
                (pl.col("predicted").top_k(5).sum() / pl.col("predicted").sum()).alias("share")
            )
            lines.append(
                pl.select(
                    pl.lit(model).alias("model"),
                    pl.lit(spread).alias("spread"),
                    pl.lit(draws).alias("draws"),
                    pl.lit(of_seen.median()).alias("ratio"),
                    pl.lit(of_seen.max()).alias("greatest"),
                    bound("at most 1.25").alias("greatest should be"),
                    pl.lit(of_new.median()).alias("of new ones"),
                    pl.lit(of_new.max()).alias("greatest of new ones"),
                    pl.lit(top["share"].max()).alias("share of the first five"),
                )
            )
    return pl.concat(lines)


def residues() -> pl.DataFrame:
    """Predicted over actual totals beside refunds that left a residue, and how many labels were found to be one."""
    lines = []
    for model, options in MODELS.items():
        for refunds in RESIDUES:
            rows = scored(
                hard_data.residues(refunds).with_columns(draw=0), "draw", ["visits"], options
            )
            info = ziln.model_info(pl.col("model").first()).struct
            lines.append(
                rows.select(
                    pl.lit(model).alias("model"),
                    pl.lit(refunds).alias("refunds"),
                    (pl.col("predicted").sum() / pl.col("ltv").sum()).alias("ratio"),
                    bound("0.9 to 1.1").alias("ratio should be"),
                    info.field("tiny_labels").alias("told"),
                    pl.format("{}", pl.lit(refunds)).alias("told should be"),
                )
            )
    return pl.concat(lines)


def wide_categories(rows: int) -> pl.DataFrame:
    """Test metrics of models of 30 categories with 2,800 levels, beside their intercepts and the truth."""
    frame = hard_data.wide_categories(rows)
    features = [name for name in frame.columns if name not in ("ltv", "part", *TRUTH)]
    train, test = (frame.filter(part=part) for part in ("train", "test"))
    params = {"the truth": ziln.from_logits(*TRUTH)}
    for name, options in {"intercepts": {"epochs": 0}, **MODELS}.items():
        model = train.select(ziln.fit_sgd("ltv", features, **options)).item()
        params[name] = ziln.predict(model, features)
    lines = []
    for name, of in params.items():
        is_bounded = name in MODELS and rows == WIDE_ROWS
        found = test.select(ziln.evaluate("ltv", of).struct.unnest())
        lines.append(
            found.select(
                pl.lit(name).alias("model"),
                *(
                    column
                    for figure, text in WIDE.items()
                    for column in (
                        pl.col(figure),
                        bound(text if is_bounded else "").alias(f"{figure} should be"),
                    )
                ),
            )
        )
    return pl.concat(lines)


def main() -> None:
    """Print the tables, and write them where the other programs write theirs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=300)
    parser.add_argument("--rows", type=int, default=WIDE_ROWS)
    parser.add_argument(
        "--draws", type=int, default=60, help="of customers with a crawler or a skewed feature"
    )
    parser.add_argument("--output", type=Path, default=common.OUTPUT)
    options = parser.parse_args()
    tables: dict[str, Callable[[], pl.DataFrame]] = {
        "thin campaigns": lambda: thin_campaigns(options.campaigns),
        "campaigns of noise": noise_campaigns,
        "crawlers": lambda: crawlers(options.draws),
        "payers who are alike": alike_payers,
        "skewed features": lambda: skewed_features(options.draws),
        "residues": residues,
        "wide categories": lambda: wide_categories(options.rows),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=-1,
        float_precision=4,
    ):
        for name, make in tables.items():
            table = make()
            print(f"{name}\n{table}\n", flush=True)
            table.write_csv(options.output / f"trust_{name.replace(' ', '_')}.csv")


if __name__ == "__main__":
    main()
