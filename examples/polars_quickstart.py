"""Lifetime values of 23,570 real customers in Polars, from purchases to a report.

CDNOW, an online music shop, won these customers in early 1997. A customer's features are what the first purchase
shows; the label is what the customer spends in the 365 days after.

Run: python examples/polars_quickstart.py   (needs: pip install 'ziln[datasets]')
"""

import polars as pl

import ziln
import ziln.datasets


def customers(purchases: pl.DataFrame) -> pl.DataFrame:
    """Describe each customer by the day of the first purchase, and add the spend of the year after."""
    first_day = purchases.with_columns(start=pl.col("date").min().over("id"))
    on_first_day = pl.col("date") == pl.col("start")
    in_year_after = (pl.col("date") > pl.col("start")) & (
        pl.col("date") <= pl.col("start").dt.offset_by("365d")
    )
    return first_day.group_by("id", maintain_order=True).agg(
        first_amount=pl.col("amount").filter(on_first_day).sum().log1p(),
        first_quantity=pl.col("quantity").filter(on_first_day).sum().log1p(),
        start_day=pl.col("start").first().dt.ordinal_day(),
        ltv=pl.col("amount").filter(in_year_after).sum(),
    )


def main() -> None:
    """Train on four customers of five, and report on the fifth."""
    features = ["first_amount", "first_quantity", "start_day"]
    frame = customers(ziln.datasets.cdnow()).with_columns(is_test=pl.col("id") % 5 == 0)

    # A model is text: one value that can be stored, sent and read by DataFusion just as well.
    model = frame.filter(~pl.col("is_test")).select(ziln.fit_sgd("ltv", features)).item()
    info = pl.select(ziln.model_info(model).struct.unnest())
    print("Trained on all but every fifth customer:")
    print(info.select("rows", "payers", "epochs_run", "train_loss"))

    scored = frame.filter("is_test").with_columns(ziln.predict(model, features))
    scored = scored.with_columns(ziln.expected_ltv("params"), ziln.pay_prob("params"))
    print("\nThe customers who promise most, with what one in ten like them exceeds:")
    best = scored.sort("expected_ltv", descending=True).head(5)
    one_in_ten = ziln.quantile(0.9, "params").alias("one_in_ten_above")
    print(best.select("id", "expected_ltv", "pay_prob", one_in_ten, pl.col("ltv").alias("actual")))

    print("\nBuckets of customers by rising prediction:")
    stats = scored.select(ziln.decile_stats("ltv", "expected_ltv").explode().struct.unnest())
    print(stats.select("bucket", "rows", "label_mean", "prediction_mean"))

    print("\nOn customers the model has not seen:")
    metrics = scored.select(ziln.evaluate("ltv", "params").struct.unnest())
    print(
        metrics.select("rows", "payers", "loss", "normalized_gini", "spearman", "prediction_ratio")
    )


if __name__ == "__main__":
    with pl.Config(
        float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True
    ):
        main()
