"""Draw how well the global model of sql/cdnow.sql predicts: pictures, each as PNG and as HTML, and a page about it all.

    python scripts/plots.py                        reads output/cdnow_scored.parquet, writes into output/
    python scripts/plots.py --scored other.parquet --output elsewhere

The scored customers have the columns `id`, `ltv`, `predicted_ltv`, `params` and `cohort`; the models have `cohort` and
`model`. One picture is of all customers by the week of their first purchase, as campaigns that share a prior; it is
made of the purchases (`id`, `date` and `amount`).
"""

import argparse
from pathlib import Path

import polars as pl

import ziln.plot


def charts(scored: pl.DataFrame) -> dict[str, ziln.plot.Chart]:
    """Each picture by the name of its file."""
    best = scored.sort("predicted_ltv", "id", descending=True).head(1)
    typical = scored.sort("predicted_ltv", "id").slice(scored.height // 2, 1)
    return {
        "cdnow_deciles": ziln.plot.deciles(scored, "ltv", "predicted_ltv", unit="$"),
        "cdnow_gain": ziln.plot.gain_curve(scored, "ltv", "predicted_ltv"),
        "cdnow_calibration": ziln.plot.calibration(scored, "ltv", "params"),
        "cdnow_best_customer": customer(best),
        "cdnow_typical_customer": customer(typical),
    }


def customer(row: pl.DataFrame) -> ziln.plot.Chart:
    """What one customer may spend, beside what came."""
    title = f"What customer {row['id'].item()} may spend (what came: ${row['ltv'].item():,.2f})"
    return ziln.plot.distribution(row, "params", unit="$", title=title)


def weeks(purchases: pl.DataFrame) -> ziln.plot.Chart:
    """Who pays, by the week of the first purchase: each week's own estimate, and that drawn to the common one."""
    customers = ziln.rfm(
        purchases, customer="id", date="date", amount="amount", cutoff="1997-09-30", horizon=273
    ).select(
        "ltv",
        "recency",
        week=pl.col("first_day").dt.truncate("1w").dt.to_string("%Y-%m-%d"),
        frequency=pl.col("frequency").log(),
    )
    features = ["recency", "frequency"]
    prior = customers.select(ziln.fit_prior("ltv", features, "week")).item()
    models = customers.group_by("week").agg(
        own=ziln.fit_newton("ltv", features),
        drawn=ziln.fit_newton("ltv", features, init=prior),
    )
    title = "Who pays, by the week of the first purchase (logit of the average customer)"
    return ziln.plot.campaigns(models, "week", "drawn", prior, own="own", title=title)


def page(scored: pl.DataFrame, models: pl.DataFrame) -> str:
    """The report, with what the global model says of itself."""
    model = models.filter(pl.col("cohort") == "global")["model"].item()
    title = "CDNOW: how good are the predictions?"
    return ziln.plot.report(
        scored, "ltv", "params", by="cohort", model=model, unit="$", title=title
    )


def main() -> None:
    """Draw, write, and say where."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scored", type=Path, default=Path("output/cdnow_scored.parquet"))
    parser.add_argument("--models", type=Path, default=Path("output/cdnow_models.parquet"))
    parser.add_argument("--purchases", type=Path, default=Path("data/cdnow.parquet"))
    parser.add_argument("--output", type=Path, default=Path("output"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    scored = pl.read_parquet(options.scored)
    of_weeks = {"cdnow_weeks": weeks(pl.read_parquet(options.purchases))}
    for name, chart in (charts(scored) | of_weeks).items():
        for ending in (".png", ".html"):
            print(ziln.plot.save(chart, options.output / f"{name}{ending}"))
    report = options.output / "report.html"
    report.write_text(page(scored, pl.read_parquet(options.models)), encoding="utf-8")
    print(f"\nAll of it on one page, with metrics and their intervals: {report}")


if __name__ == "__main__":
    main()
