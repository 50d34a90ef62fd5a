"""From transactions to customers: against loops in Python, CDNOW's published table, and the SQL script."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import datafusion
import duckdb
import polars as pl
import pytest
from conftest import ROOT, Engine
from polars.testing import assert_frame_equal
from warehouse import query, run_script, statements

import ziln
import ziln.datasets

FIRST, DAYS = date(2024, 1, 1), 200
CUTOFF = date(2024, 4, 30)
COLUMNS: Any = {"customer": "id", "date": "day", "amount": "amount"}


def days_after(days: int) -> date:
    return FIRST + timedelta(days)


def transactions(*rows: tuple[object, date | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"id": pl.Int64, "day": pl.Date, "amount": pl.Float64}, orient="row"
    )


def random_transactions(rows: int, seed: int) -> pl.DataFrame:
    """Purchases, refunds on the same and on other days, free ones, and rows that lack something."""
    draw = random.Random(seed)
    made: list[tuple[object, date | None, float | None]] = []
    while len(made) < rows:
        customer, day = draw.randrange(rows // 6), days_after(draw.randrange(DAYS))
        amount = round(draw.lognormvariate(3, 1), draw.choice([0, 1, 2, 2, 2, 3]))
        made.append((customer, day, draw.choice([amount, amount, amount, 0.0])))
        if draw.random() < 0.2:
            later = day + timedelta(draw.choice([0, 9]))
            made += [(customer, day, -amount / 2), (customer, later, -amount / 2)]
        if draw.random() < 0.05:
            made += [(None, day, amount), (customer, None, amount)]
            made.append((customer, day, draw.choice([None, math.nan, math.inf])))
    draw.shuffle(made)
    return transactions(*made)


def in_cents(total: Decimal) -> float:
    return float(total.quantize(Decimal("0.01"), ROUND_HALF_UP))


def reference(
    frame: pl.DataFrame,
    cutoff: date | timedelta,
    horizon: int,
    rate: float = 0.0,
    end: date | None = None,
) -> list[dict[str, Any]]:
    """The definitions of the documentation, by loops and with decimals."""
    days: dict[int, dict[date, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for customer, day, amount in frame.iter_rows():
        if None in (customer, day, amount) or not math.isfinite(amount) or day > (end or day):
            continue
        days[customer][day].append(Decimal(amount).quantize(Decimal("1e-8")))
    last = end or max(day for of_customer in days.values() for day in of_customer)
    result = []
    for customer, of_customer in sorted(days.items()):
        net = {day: sum(amounts, Decimal(0)) for day, amounts in of_customer.items()}
        bought = sorted(
            day for day in net if net[day] > 0 or (net[day] == 0 and min(of_customer[day]) >= 0)
        )
        if not bought:
            continue
        until = cutoff if isinstance(cutoff, date) else bought[0] + cutoff
        bought = [day for day in bought if day <= until]
        if not bought:
            continue

        def total(least: int, most: int, rate: float = 0.0) -> float:
            """What came from so many to so many days after the cutoff."""
            parts = [
                net[day] * Decimal((1 + rate) ** (-(day - until).days / 365))  # noqa: B023
                for day in net  # noqa: B023
                if least <= (day - until).days <= most  # noqa: B023
            ]
            return in_cents(sum(parts, Decimal(0)))

        gaps = [(later - day).days for day, later in itertools.pairwise(bought)]
        spend = total(-10_000, 0)
        result.append(
            {
                "id": customer,
                "first_day": bought[0],
                "recency": (until - bought[-1]).days,
                "frequency": len(bought),
                "monetary": spend / len(bought),
                "tenure": (until - bought[0]).days,
                "interpurchase_time": sum(gaps) / len(gaps) if gaps else None,
                "spend": spend,
                "spend_30d": total(-29, 0),
                "spend_90d": total(-89, 0),
                "ltv": total(1, horizon, rate),
                "censored": until + timedelta(horizon) > last,
            }
        )
    return result


CASES: list[dict[str, Any]] = [
    {"cutoff": CUTOFF, "horizon": 60},
    {"cutoff": CUTOFF, "horizon": 90, "discount_rate": 0.12},
    {"cutoff": timedelta(0), "horizon": 100},
    {"cutoff": timedelta(14), "horizon": 100, "discount_rate": 3.0},
    {"cutoff": CUTOFF, "horizon": 45, "observed_until": date(2024, 6, 1)},
    {"cutoff": timedelta(30), "horizon": 45, "observed_until": date(2024, 6, 1)},
]


@pytest.mark.parametrize("options", CASES)
def test_the_definitions_by_loops(options: Mapping[str, Any]) -> None:
    frame = random_transactions(3_000, seed=1)
    got = ziln.rfm(frame, **COLUMNS, **options)
    expected = pl.DataFrame(
        reference(
            frame,
            options["cutoff"],
            options["horizon"],
            options.get("discount_rate", 0.0),
            options.get("observed_until"),
        ),
        schema=got.schema,
    )
    assert got.height > 300
    assert got["ltv"].n_unique() > 100
    assert (got["frequency"] > 1).any() == (options["cutoff"] != timedelta(0))
    assert (got["spend"] < 0).any()
    assert_frame_equal(got, expected, check_exact=True)


def test_what_is_flagged_as_censored() -> None:
    frame = random_transactions(3_000, seed=2)
    own = ziln.rfm(frame, **COLUMNS, cutoff=timedelta(7), horizon=100)
    assert 0 < own["censored"].sum() < own.height
    last = frame.filter(~pl.col("amount").is_nan())["day"].max()
    young = pl.col("first_day") + timedelta(107) > last
    assert own.select((pl.col("censored") == young).all()).item()

    frame = transactions((1, days_after(0), 5.0), (2, days_after(10), 5.0))
    for horizon, censored in ((5, False), (6, True)):
        customers = ziln.rfm(frame, **COLUMNS, cutoff=days_after(5), horizon=horizon)
        assert customers["censored"].to_list() == [censored]


def test_data_may_cover_days_without_transactions() -> None:
    frame = transactions((1, days_after(0), 5.0))
    for end, censored in ((9, True), (10, False)):
        customers = ziln.rfm(
            frame, **COLUMNS, cutoff=days_after(4), horizon=6, observed_until=days_after(end)
        )
        assert customers["censored"].to_list() == [censored]


# --- order, laziness, engines --------------------------------------------------------------------


@pytest.mark.parametrize("options", CASES[:4])
def test_the_order_of_rows_does_not_matter(options: Mapping[str, Any]) -> None:
    frame = random_transactions(3_000, seed=3)
    customers = ziln.rfm(frame, **COLUMNS, **options)
    for seed in range(3):
        shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
        assert_frame_equal(ziln.rfm(shuffled, **COLUMNS, **options), customers, check_exact=True)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("options", CASES)
def test_lazy_is_eager(options: Mapping[str, Any], engine: Engine) -> None:
    frame = random_transactions(3_000, seed=4)
    lazy = ziln.rfm(frame.lazy(), **COLUMNS, **options)
    assert isinstance(lazy, pl.LazyFrame)
    customers = ziln.rfm(frame, **COLUMNS, **options)
    assert lazy.collect_schema() == customers.schema
    assert_frame_equal(lazy.collect(engine=engine), customers, check_exact=True)


def test_a_lazy_frame_is_not_run() -> None:
    frame = random_transactions(100, seed=5)

    runs = []

    def run(rows: pl.DataFrame) -> pl.DataFrame:
        runs.append(rows.height)
        return rows

    lazy = frame.lazy().map_batches(run, schema=frame.schema)
    customers = ziln.rfm(lazy, **COLUMNS, cutoff=timedelta(3), horizon=30)
    assert not runs
    customers.collect()
    assert runs


# --- refunds and units ---------------------------------------------------------------------------


def test_a_purchase_and_its_refund_on_a_day_leave_nothing() -> None:
    day = days_after(3)
    frame = transactions(
        (1, day, 0.1), (1, day, 0.2), (1, day, -0.3), (2, day, 5.0), (2, days_after(5), 19.99),
        (2, days_after(5), -19.99), (3, day, 1.0), (3, days_after(50), 0.3), (3, days_after(50), -0.1),
        (3, days_after(50), -0.2),
    )  # fmt: skip
    assert 0.1 + 0.2 - 0.3 != 0
    customers = ziln.rfm(frame, **COLUMNS, cutoff=days_after(10), horizon=60)
    assert customers.select("id", "frequency", "recency", "spend", "ltv").rows() == [
        (2, 1, 7, 5.0, 0.0),
        (3, 1, 7, 1.0, 0.0),
    ]


def test_a_refund_on_another_day_lowers_the_spend_and_is_no_purchase() -> None:
    frame = transactions(
        (1, days_after(0), 30.0), (1, days_after(4), -10.0), (1, days_after(6), -9.0)
    )
    (row,) = ziln.rfm(frame, **COLUMNS, cutoff=days_after(5), horizon=5).iter_rows(named=True)
    assert (row["frequency"], row["recency"], row["spend"]) == (1, 5, 20.0)
    assert (row["monetary"], row["ltv"]) == (20.0, -9.0)


def test_a_free_purchase_is_a_purchase() -> None:
    frame = transactions((1, days_after(0), 0.0), (1, days_after(3), 8.0))
    (row,) = ziln.rfm(frame, **COLUMNS, cutoff=days_after(5)).iter_rows(named=True)
    assert (row["frequency"], row["tenure"], row["monetary"]) == (2, 5, 4.0)


@pytest.mark.parametrize(
    ("decimals", "spend"), [(0, 1235.0), (1, 1234.6), (2, 1234.57), (3, 1234.568), (8, 1234.5678)]
)
def test_sums_are_rounded_to_the_unit(decimals: int, spend: float) -> None:
    frame = transactions(*[(1, days_after(day), 1234.5678 / 8) for day in range(8)])
    customers = ziln.rfm(frame, **COLUMNS, cutoff=days_after(9), decimals=decimals)
    assert customers["spend"].item() == spend


def test_halves_of_a_cent_are_rounded_away_from_zero_and_small_amounts_add_up() -> None:
    frame = transactions(
        (1, days_after(0), 1.005), (2, days_after(0), 9.0), (2, days_after(1), -10.005),
        *[(3, days_after(0), 0.0003)] * 10_000,
    )  # fmt: skip
    customers = ziln.rfm(frame, **COLUMNS, cutoff=days_after(2))
    assert customers["spend"].to_list() == [1.01, -1.01, 3.0]


def test_large_amounts_are_the_nearest_floats() -> None:
    frame = transactions((1, days_after(0), 123_456_789_012.34), (1, days_after(1), 0.01))
    customers = ziln.rfm(frame, **COLUMNS, cutoff=days_after(2))
    assert customers["spend"].item() == 123_456_789_012.35


def test_absurd_amounts_are_an_error_and_no_wrong_sum() -> None:
    sums = transactions(*[(1, days_after(0), 9e29)] * 20), transactions((1, days_after(0), 1e31))
    for frame in sums:
        with pytest.raises(pl.exceptions.ComputeError, match="decimal"):
            ziln.rfm(frame, **COLUMNS, cutoff=days_after(2))


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Float32, pl.Decimal(12, 2)])
def test_amounts_of_any_numeric_type(dtype: pl.DataType) -> None:
    frame = transactions((1, days_after(0), 12.0), (1, days_after(2), 3.0))
    cast = frame.with_columns(pl.col("amount").cast(dtype))
    options: Any = {"cutoff": days_after(1), "horizon": 3}
    assert_frame_equal(ziln.rfm(cast, **COLUMNS, **options), ziln.rfm(frame, **COLUMNS, **options))


# --- days ----------------------------------------------------------------------------------------


def test_the_days_at_the_boundaries() -> None:
    # Customer d buys on day 0 and on day d; each day is worth a power of 2.
    frame = transactions(
        *[(1, days_after(day), 2.0**day) for day in range(12)], (2, days_after(40), 1.0)
    )
    cutoff = days_after(6)
    (row,) = ziln.rfm(frame, **COLUMNS, cutoff=cutoff, horizon=3, windows=[1, 2, 7]).iter_rows(
        named=True
    )
    assert row["spend"] == 2**7 - 1
    assert (row["spend_1d"], row["spend_2d"], row["spend_7d"]) == (2**6, 2**6 + 2**5, 2**7 - 1)
    assert row["ltv"] == 2**7 + 2**8 + 2**9
    assert (row["recency"], row["tenure"], row["frequency"]) == (0, 6, 7)
    assert row["interpurchase_time"] == 1.0


def test_spans_may_be_days_timedeltas_and_durations_of_the_calendar() -> None:
    frame = random_transactions(2_000, seed=6)
    options: Any = {**COLUMNS, "cutoff": CUTOFF}
    by_days = ziln.rfm(frame, **options, horizon=61, windows=[14, 30])
    for horizon, windows in (
        (timedelta(61), [timedelta(14), timedelta(30)]),
        ("61d", ["14d", "30d"]),
    ):
        assert_frame_equal(ziln.rfm(frame, **options, horizon=horizon, windows=windows), by_days)
    # From April 30, a month back is March 30, and two months ahead is June 30.
    by_calendar = ziln.rfm(frame, **options, horizon="2mo", windows=["2w", "1mo"])
    names = {"spend_2w": "spend_14d", "spend_1mo": "spend_30d"}
    assert by_calendar.columns == [
        {new: old for old, new in names.items()}.get(name, name) for name in by_days.columns
    ]
    assert (
        by_calendar.rename({"spend_1mo": "spend_31d"})
        .drop("spend_2w")
        .equals(ziln.rfm(frame, **options, horizon=61, windows=[31]))
    )


@pytest.mark.parametrize(
    "cutoff", [CUTOFF, "2024-04-30", datetime(2024, 4, 30), pl.Series([CUTOFF]).item()]
)
def test_cutoffs_of_each_type(cutoff: Any) -> None:
    frame = random_transactions(500, seed=7)
    expected = ziln.rfm(frame, **COLUMNS, cutoff=CUTOFF)
    assert_frame_equal(ziln.rfm(frame, **COLUMNS, cutoff=cutoff), expected)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_count_as_their_day(unit: Any) -> None:
    frame = random_transactions(2_000, seed=8)
    hours = pl.int_range(pl.len()) % 24
    times = frame.with_columns(
        (pl.col("day").cast(pl.Datetime(unit)) + pl.duration(hours=hours)).alias("day")
    )
    options: Any = {**COLUMNS, "cutoff": CUTOFF, "horizon": 60}
    expected = ziln.rfm(frame, **options)
    assert_frame_equal(ziln.rfm(times, **options), expected)
    zoned = times.with_columns(
        pl.col("day").dt.replace_time_zone("America/New_York", non_existent="null")
    )
    lost = zoned["day"].null_count() > times["day"].null_count()
    assert_frame_equal(
        ziln.rfm(zoned, **options),
        ziln.rfm(frame.filter(zoned["day"].is_not_null()), **options) if lost else expected,
    )


# --- what is left out, keys, shapes --------------------------------------------------------------


def test_rows_that_lack_something_are_left_out() -> None:
    good = transactions((1, days_after(0), 5.0), (2, days_after(1), 6.0), (1, days_after(9), 2.0))
    bad = transactions(
        (None, days_after(0), 5.0), (1, None, 5.0), (1, days_after(2), None),
        (2, days_after(3), math.nan), (2, days_after(99), math.inf), (3, days_after(3), -math.inf),
    )  # fmt: skip
    options: Any = {**COLUMNS, "cutoff": days_after(5), "horizon": 4}
    assert_frame_equal(ziln.rfm(pl.concat([bad, good]), **options), ziln.rfm(good, **options))


def test_customers_of_the_future_are_left_out() -> None:
    frame = transactions((1, days_after(0), 5.0), (2, days_after(7), 6.0), (3, days_after(1), -6.0))
    assert ziln.rfm(frame, **COLUMNS, cutoff=days_after(5), horizon=9)["id"].to_list() == [1]


def test_several_columns_may_make_a_customer() -> None:
    frame = random_transactions(2_000, seed=9).with_columns(
        campaign=pl.when(pl.col("amount") > 20).then(pl.lit("b")).otherwise(pl.lit("a"))
    )
    options: Any = {"date": "day", "amount": "amount", "cutoff": timedelta(9), "horizon": 20}
    both = ziln.rfm(frame, customer=["campaign", "id"], **options, observed_until="2024-07-18")
    for campaign in ("a", "b"):
        one = ziln.rfm(
            frame.filter(campaign=campaign), customer="id", **options, observed_until="2024-07-18"
        )
        assert_frame_equal(both.filter(campaign=campaign).drop("campaign"), one)
    assert both.select("campaign", "id").equals(
        both.select("campaign", "id").sort("campaign", "id")
    )


def test_without_a_horizon_there_is_no_label() -> None:
    frame = random_transactions(500, seed=10)
    with_label = ziln.rfm(frame, **COLUMNS, cutoff=CUTOFF, horizon=30)
    without = ziln.rfm(frame, **COLUMNS, cutoff=CUTOFF)
    assert_frame_equal(without.drop("censored"), with_label.drop("ltv", "censored"))
    assert not without["censored"].any()
    assert ziln.rfm(frame, **COLUMNS, cutoff="2030-01-01")["censored"].all()


def test_an_empty_frame_gives_no_customers() -> None:
    customers = ziln.rfm(transactions(), **COLUMNS, cutoff=CUTOFF, horizon=9)
    assert customers.height == 0
    assert (
        customers.schema
        == ziln.rfm(random_transactions(100, seed=1), **COLUMNS, cutoff=CUTOFF, horizon=9).schema
    )


def test_a_rate_of_ten_percent_halves_nothing_but_divides_by_its_power() -> None:
    frame = transactions((1, FIRST, 5.0), (1, days_after(365), 110.0), (1, days_after(730), 121.0))
    customers = ziln.rfm(frame, **COLUMNS, cutoff=FIRST, horizon=730, discount_rate=0.1)
    assert customers["ltv"].item() == 200.0


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"customer": "nope"}, ValueError, r"`customer`: .* no column 'nope'; they have id, day, amount"),
        ({"customer": []}, TypeError, r"`customer`: expected a column's name or a list of them"),
        ({"customer": 3}, TypeError, r"`customer`: expected a column's name"),
        ({"customer": ["id", "id"]}, ValueError, r"`customer`: 'id' is named twice"),
        ({"date": "amount"}, TypeError, r"`date`: expected a column of dates .*'amount' is Float64"),
        ({"date": 1}, TypeError, r"`date`: expected a column's name, got int"),
        ({"amount": "day"}, TypeError, r"`amount`: expected a column of numbers, but 'day' is Date"),
        ({"cutoff": "soon"}, ValueError, r"`cutoff`: expected a date such as '2025-12-31', got 'soon'"),
        ({"cutoff": 19_000}, TypeError, r"`cutoff`: expected a date, a datetime or a text, got int"),
        ({"cutoff": datetime(2024, 1, 1, 12)}, ValueError, r"`cutoff`: expected a whole day"),
        ({"cutoff": timedelta(-1)}, ValueError, r"`cutoff`: expected whole days, 0 or more"),
        ({"cutoff": timedelta(hours=36)}, ValueError, r"`cutoff`: expected whole days, 0 or more"),
        ({"horizon": 0}, ValueError, r"`horizon`: expected one day or more.*got 0"),
        ({"horizon": -5}, ValueError, r"`horizon`: expected one day or more"),
        ({"horizon": "12h"}, ValueError, r"`horizon`: expected one day or more.*got '12h'"),
        ({"horizon": timedelta(hours=36)}, ValueError, r"`horizon`: expected one day or more"),
        ({"horizon": "99999999999mo"}, ValueError, r"`horizon`: expected one day or more, at most 3660000.*mo'"),
        ({"horizon": 3_660_001}, ValueError, r"`horizon`: expected one day or more, at most 3660000"),
        ({"windows": [timedelta(10**9 - 1)]}, ValueError, r"`windows`: expected one day or more, at most"),
        ({"horizon": 1.5}, TypeError, r"`horizon`: expected days, a timedelta or a text .*got float"),
        ({"horizon": True}, TypeError, r"`horizon`: expected days"),
        ({"windows": [30, "30d"]}, ValueError, r"`windows`: expected each window once, got 30d, 30d"),
        ({"windows": [None]}, TypeError, r"`windows`: expected days"),
        ({"discount_rate": -0.1}, ValueError, r"`discount_rate`: expected a number from 0 up, got -0.1"),
        ({"discount_rate": math.nan}, ValueError, r"`discount_rate`: expected a number from 0 up"),
        ({"decimals": 9}, ValueError, r"`decimals`: expected an integer from 0 to 8, got 9"),
        ({"observed_until": 5}, TypeError, r"`observed_until`: expected a date"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(
    changed: Mapping[str, Any], error: type[Exception], message: str
) -> None:
    arguments: Any = {**COLUMNS, "cutoff": CUTOFF, "horizon": 30, **changed}
    with pytest.raises(error, match=rf"^ziln\.rfm: argument {message}"):
        ziln.rfm(random_transactions(50, seed=1), **arguments)


def test_a_horizon_may_be_long() -> None:
    frame = random_transactions(50, seed=1)
    arguments: Any = {**COLUMNS, "cutoff": CUTOFF}
    longest = ziln.rfm(frame, **arguments, horizon="10000y", windows=[3_660_000])
    assert longest["ltv"].to_list() == ziln.rfm(frame, **arguments, horizon=300)["ltv"].to_list()


def test_a_customer_column_named_as_a_result_is_refused() -> None:
    frame = random_transactions(50, seed=1).rename({"id": "frequency"})
    with pytest.raises(ValueError, match="'frequency' is also the name of a result; rename it"):
        ziln.rfm(frame, customer="frequency", date="day", amount="amount", cutoff=CUTOFF)


# --- the SQL script ------------------------------------------------------------------------------

SCRIPT = statements((ROOT / "sql" / "rfm.sql").read_text())
(CUSTOMERS,) = [text for text in SCRIPT if text.startswith("CREATE OR REPLACE TABLE customers")]
(PARAMETERS,) = [text for text in SCRIPT if "TABLE rfm_parameters" in text]


def parameters(options: Mapping[str, Any]) -> str:
    """The second statement of the script with other values."""

    def day(value: object) -> str:
        return f"DATE '{value}'" if isinstance(value, date) else "CAST(NULL AS DATE)"

    cutoff = options["cutoff"]
    age = cutoff.days if isinstance(cutoff, timedelta) else 0
    return f"""
        CREATE OR REPLACE TABLE rfm_parameters AS
        SELECT {day(cutoff)} AS cutoff, {age} AS days_after_first, {options["horizon"]} AS horizon,
               CAST({options.get("discount_rate", 0.0)} AS DOUBLE) AS discount_rate,
               {day(options.get("observed_until"))} AS observed_until
    """


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("options", CASES)
def test_the_script_gives_the_same_rows(options: Mapping[str, Any], partitions: int) -> None:
    frame = random_transactions(3_000, seed=11)
    config = datafusion.SessionConfig().with_target_partitions(partitions).with_batch_size(512)
    ctx = datafusion.SessionContext(config)
    ctx.from_arrow(frame.rename({"id": "customer", "day": "date"}).to_arrow(), "transactions")
    for statement in (parameters(options), CUSTOMERS):
        ctx.sql(statement).collect()
    got = query(ctx, "SELECT * FROM customers ORDER BY customer").rename({"customer": "id"})
    assert_frame_equal(got, ziln.rfm(frame, **COLUMNS, **options), check_exact=True)


@pytest.mark.parametrize("options", CASES)
def test_duckdb_runs_the_statement_as_it_is(options: Mapping[str, Any]) -> None:
    frame = random_transactions(3_000, seed=12).rename({"id": "customer", "day": "date"})
    connection = duckdb.connect()
    connection.register("transactions", frame)
    connection.sql(PARAMETERS)
    for statement in (parameters(options), CUSTOMERS):
        connection.sql(statement)
    expected = ziln.rfm(frame, customer="customer", date="date", amount="amount", **options)
    assert_frame_equal(connection.table("customers").pl(), expected, check_exact=True)


def test_the_whole_script_runs_on_cdnow(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    purchases = ziln.datasets.cdnow()
    purchases.write_parquet(tmp_path / "data" / "cdnow.parquet")
    run_script("rfm.sql", tmp_path)
    written = pl.read_parquet(tmp_path / "output" / "rfm.parquet").rename({"customer": "id"})
    expected = ziln.rfm(
        purchases, customer="id", date="date", amount="amount", cutoff="1997-09-30", horizon=273
    )
    assert_frame_equal(written, expected, check_exact=True)


def test_the_script_takes_times(ctx: datafusion.SessionContext) -> None:
    frame = random_transactions(500, seed=13)
    times = frame.with_columns(pl.col("day").cast(pl.Datetime("us")) + pl.duration(hours=23))
    ctx.from_arrow(times.rename({"id": "customer", "day": "date"}).to_arrow(), "transactions")
    for statement in (parameters(CASES[0]), CUSTOMERS):
        ctx.sql(statement).collect()
    got = query(ctx, "SELECT * FROM customers ORDER BY customer").rename({"customer": "id"})
    assert_frame_equal(got, ziln.rfm(frame, **COLUMNS, **CASES[0]), check_exact=True)


# --- CDNOW ---------------------------------------------------------------------------------------


def test_cdnow_has_the_published_summary() -> None:
    """Fader and Hardie's table of one customer in ten, in weeks and in the words of BTYD."""
    folder = "lifetimes/datasets/"
    sample = ziln.datasets._locate("lifetimes", f"{folder}CDNOW_sample.txt").read_text("ascii")
    published = pl.read_csv(
        ziln.datasets._locate("lifetimes", f"{folder}cdnow_customers_summary_with_transactions.csv")
    )
    purchases = pl.DataFrame(
        [line.split()[1:] for line in sample.splitlines()],
        schema=["id", "day", "quantity", "amount"],
        orient="row",
    ).select(
        pl.col("id").cast(pl.Int64),
        pl.col("day").str.to_date("%Y%m%d"),
        pl.col("amount").cast(pl.Float64),
    )
    first = ziln.rfm(purchases, **COLUMNS, cutoff=timedelta(0)).select("id", first="spend")
    ours = ziln.rfm(purchases, **COLUMNS, cutoff="1997-09-30").join(first, on="id").sort("id")
    assert ours["id"].to_list() == published["ID"].to_list()
    assert (ours["frequency"] - 1).to_list() == published["x"].to_list()
    assert ((ours["tenure"] - ours["recency"]) / 7).to_list() == pytest.approx(
        published["t_x"].to_list(), abs=0.0051
    )
    assert (ours["tenure"] / 7).to_list() == pytest.approx(published["T"].to_list(), abs=0.0051)
    repeat = pl.col("frequency") - 1
    mean = pl.when(repeat > 0).then((pl.col("spend") - pl.col("first")) / repeat).otherwise(0.0)
    assert ours.select(mean).to_series().to_list() == pytest.approx(
        published["zbar"].to_list(), abs=0.0051
    )


def test_cdnow_gives_the_model_of_the_demo(cdnow: datafusion.SessionContext) -> None:
    customers = ziln.rfm(
        ziln.datasets.cdnow(),
        customer="id",
        date="date",
        amount="amount",
        cutoff="1997-09-30",
        horizon="9mo",
        windows=["3mo"],
    )
    assert not customers["censored"].any()
    demo = query(cdnow, "SELECT id, training, ltv, features FROM customers ORDER BY id").unnest(
        "features"
    )
    customers = customers.join(demo.select("id", "training"), on="id", maintain_order="left")
    features: list[str | pl.Expr] = [
        "recency",
        pl.col("frequency").log().alias("frequency"),
        (1 + pl.col("monetary")).log().alias("monetary"),
        (1 + pl.col("spend_3mo")).log().alias("recent_spend"),
        "tenure",
    ]
    made = customers.select("id", "training", "ltv", *features)
    assert_frame_equal(made, demo, check_column_order=False, check_exact=True)

    model = customers.filter("training").select(ziln.fit_sgd("ltv", features)).item()
    (text,) = query(cdnow, "SELECT model FROM models WHERE cohort = 'global'")["model"]
    assert model == text
    tested = customers.filter(~pl.col("training")).select(
        "ltv", params=ziln.predict(model, features)
    )
    metrics = tested.select(ziln.evaluate("ltv", "params")).item()
    of_demo = query(cdnow, "SELECT ziln_evaluate(ltv, global_params) AS e FROM scored")["e"][0]
    unsampled = {"rows_seen", "effective_rows"}
    assert [metrics.pop(field) for field in unsampled] == [None, None]
    assert metrics == pytest.approx(
        {k: v for k, v in of_demo.items() if k not in unsampled}, rel=1e-12
    )
