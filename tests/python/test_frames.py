"""Frames of other libraries: the same customers and pictures as from Polars, and their own kind of frame back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import datafusion
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal
from test_rfm import COLUMNS, CUTOFF, random_transactions

import ziln
import ziln.plot

TRANSACTIONS = random_transactions(2_000, seed=20).with_columns(
    note=pl.lit("a column that is not read")
)
SCORED = pl.DataFrame(
    {
        "id": range(6),
        "ltv": [0.0, 5.0, 0.0, 40.0, 7.0, 300.0],
        "logit": [-1.0, 0.0, 0.2, 1.0, 0.5, 2.0],
        "mu": [1.0, 2.0, 2.1, 3.0, 2.0, 5.0],
    }
).with_columns(params=ziln.from_logits("logit", "mu", 0.5))
CONNECTION = duckdb.connect()
SESSION = datafusion.SessionContext()

KINDS: dict[str, tuple[type, Callable[[pl.DataFrame], Any], Callable[[Any], pl.DataFrame]]] = {
    "polars": (pl.DataFrame, lambda frame: frame, lambda frame: frame),
    "polars lazy": (pl.LazyFrame, lambda frame: frame.lazy(), lambda frame: frame.collect()),
    "pandas": (pd.DataFrame, lambda frame: frame.to_pandas(), pl.from_pandas),
    "pandas of arrow": (
        pd.DataFrame,
        lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
        pl.from_pandas,
    ),
    "pyarrow": (pa.Table, lambda frame: frame.to_arrow(), pl.DataFrame),
    "duckdb": (
        duckdb.DuckDBPyRelation,
        lambda frame: CONNECTION.from_arrow(frame.to_arrow()),
        lambda relation: relation.pl(),
    ),
    "datafusion": (datafusion.DataFrame, SESSION.from_arrow, lambda frame: frame.to_polars()),
    "arrow stream": (
        pl.DataFrame,
        lambda frame: pa.RecordBatchReader.from_stream(frame),
        lambda frame: frame,
    ),
}  # fmt: skip
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """What pandas has no type for, as Polars has it: dates, missing numbers, integers that were missing."""
    return frame.with_columns(
        pl.col("id").cast(pl.Int64),
        pl.col("first_day").cast(pl.Date),
        pl.col("interpurchase_time").fill_nan(None),
    )


@EVERY_KIND
@pytest.mark.parametrize("cutoff", [CUTOFF, timedelta(10)])
def test_customers_come_back_in_the_kind_of_frame_that_came(kind: str, cutoff: Any) -> None:
    expected_type, make, read = KINDS[kind]
    options: Any = {**COLUMNS, "cutoff": cutoff, "horizon": 60, "discount_rate": 0.1}
    customers = ziln.rfm(make(TRANSACTIONS), **options)
    assert type(customers) is expected_type
    assert_frame_equal(plain(read(customers)), ziln.rfm(TRANSACTIONS, **options), check_exact=True)


def test_pandas_has_times_and_its_index_does_not_matter() -> None:
    frame = TRANSACTIONS.to_pandas()
    expected = ziln.rfm(frame, **COLUMNS, cutoff=CUTOFF)
    assert pd.api.types.is_datetime64_dtype(expected["first_day"])
    shuffled = frame.sample(frac=1, random_state=1).set_index("note")
    pd.testing.assert_frame_equal(ziln.rfm(shuffled, **COLUMNS, cutoff=CUTOFF), expected)


def test_a_result_can_be_joined_with_what_it_came_from() -> None:
    con = duckdb.connect()
    con.register("purchases", TRANSACTIONS)
    con.sql("CREATE TABLE names AS SELECT DISTINCT id, 'n' || id AS name FROM purchases")
    con.sql("CREATE TABLE result AS SELECT 1 AS id")
    options: Any = {**COLUMNS, "cutoff": CUTOFF}
    customers = ziln.rfm(con.table("purchases"), **options)
    assert customers.columns[0] == "id"
    expected = ziln.rfm(TRANSACTIONS, **options).height
    named = con.sql("SELECT count(name) FROM customers JOIN names USING (id)")
    assert named.fetchall() == [(expected,)]
    assert con.sql("SHOW TABLES").fetchall() == [("names",), ("purchases",), ("result",)]

    ctx = datafusion.SessionContext()
    names = ctx.from_arrow(
        pl.DataFrame({"id": TRANSACTIONS["id"].drop_nulls().unique()}).to_arrow()
    )
    frame = ziln.rfm(ctx.from_arrow(TRANSACTIONS.to_arrow()), **options)
    assert frame.join(names, on="id").count() == expected
    ctx.register_view("customers", frame)
    assert ctx.sql("SELECT id FROM customers").count() == expected


@EVERY_KIND
def test_pictures_are_the_same(kind: str) -> None:
    _, make, _ = KINDS[kind]
    draw: list[Callable[[Any], ziln.plot.Chart]] = [
        lambda frame: ziln.plot.deciles(frame, "ltv", ziln.expected_ltv("params"), buckets=3),
        lambda frame: ziln.plot.gain_curve(frame, "ltv", "mu"),
        lambda frame: ziln.plot.calibration(frame, "ltv", "logit", "mu", 0.5, buckets=2),
    ]
    for picture in draw:
        assert picture(make(SCORED)).to_dict() == picture(SCORED).to_dict()
    one = SCORED.head(1)
    expected = ziln.plot.distribution(one, "params").to_dict()
    assert ziln.plot.distribution(make(one), "params").to_dict() == expected


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "duckdb", "datafusion"])
def test_a_missing_column_is_named_with_those_that_are_there(kind: str) -> None:
    frame = KINDS[kind][1](TRANSACTIONS)
    columns = {**COLUMNS, "amount": "price"}
    with pytest.raises(ValueError, match="no column 'price'; they have id, day, amount, note"):
        ziln.rfm(frame, **columns, cutoff=CUTOFF)


def test_what_is_no_frame_is_said() -> None:
    frames: list[Any] = [{"id": [1]}, None, [1, 2], "transactions.parquet"]
    for frame in frames:
        with pytest.raises(
            TypeError, match=rf"ziln\.rfm: .*`transactions`.*got {type(frame).__name__}"
        ):
            ziln.rfm(frame, **COLUMNS, cutoff=CUTOFF)


def test_frames_of_polars_need_no_narwhals() -> None:
    code = """if True:
        import sys
        sys.modules["narwhals"] = None
        import polars as pl, ziln
        frame = pl.DataFrame({"id": [1], "day": ["2024-01-01"], "amount": [5.0]})
        frame = frame.with_columns(pl.col("day").str.to_date())
        print(ziln.rfm(frame, customer="id", date="day", amount="amount", cutoff="2024-01-02").height)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"
