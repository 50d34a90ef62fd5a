"""Dates and times of dates as features: days since 1970-01-01, the same bits in both engines."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import datafusion
import polars as pl
import pytest

import ziln

DAYS = [date(1969, 12, 30) + timedelta(days=97 * row) for row in range(200)]
CUSTOMERS = pl.DataFrame(
    {
        "ltv": [0.0 if row % 3 else 1.0 + row for row in range(200)],
        "day": DAYS,
        "number": [float((day - date(1970, 1, 1)).days) for day in DAYS],
    }
)
TIMES = [
    pl.Datetime(unit, zone) for unit in ("ms", "us", "ns") for zone in (None, "UTC", "Asia/Tokyo")
]


def fit(column: str, frame: pl.DataFrame = CUSTOMERS) -> str:
    text = frame.select(ziln.fit_sgd("ltv", [pl.col(column).alias("day")], epochs=5)).item()
    assert isinstance(text, str)
    return text


def in_sql(ctx: datafusion.SessionContext, column: str, frame: pl.DataFrame = CUSTOMERS) -> str:
    ctx.from_arrow(frame.to_arrow(), f"t_{column}")
    query = f"SELECT ziln_fit_sgd(ltv, {{day: {column}}}, {{epochs: 5}}) AS model FROM t_{column}"
    (text,) = ctx.sql(query).to_pydict()["model"]
    assert isinstance(text, str)
    return text


def test_a_date_is_a_number_of_days_that_says_so(ctx: datafusion.SessionContext) -> None:
    text = fit("day")
    assert in_sql(ctx, "day") == text
    model, of_numbers = json.loads(text), json.loads(fit("number"))
    (feature,) = model["features"]
    assert feature.pop("unit") == "days since 1970-01-01"
    assert model == of_numbers


@pytest.mark.parametrize("dtype", TIMES, ids=str)
def test_midnight_of_a_day_is_the_day(ctx: datafusion.SessionContext, dtype: pl.Datetime) -> None:
    instant = pl.col("day").cast(pl.Datetime(dtype.time_unit))
    if dtype.time_zone:
        instant = instant.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    frame = CUSTOMERS.with_columns(instant.alias("moment"))
    assert frame["moment"].dtype == dtype
    text = fit("moment", frame)
    assert text == fit("day")
    assert in_sql(ctx, "moment", frame) == text
    predicted = frame.select(ziln.predict(text, [pl.col("moment").alias("day")]))
    assert predicted.equals(frame.select(ziln.predict(text, ["day"])))


def test_a_time_is_a_fraction_of_a_day() -> None:
    model = fit("number")
    noon = datetime(2000, 1, 1, 12, tzinfo=timezone(timedelta(hours=9))).astimezone(UTC)
    days = (noon - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    of_dates = fit("day")
    predict = [
        ziln.predict(text, [pl.lit(value).alias("day")])
        for text, value in [(model, days), (of_dates, noon)]
    ]
    by_number, by_moment = (pl.select(expression).item() for expression in predict)
    assert by_number == by_moment


def test_a_missing_date_is_the_mean() -> None:
    text = fit("day", pl.concat([CUSTOMERS, CUSTOMERS.with_columns(day=pl.lit(None, pl.Date))]))
    (mean,) = (feature["encoding"]["numeric"]["mean"] for feature in json.loads(text)["features"])
    missing, known = (
        pl.select(ziln.predict(text, [value.alias("day")])).item()
        for value in (pl.lit(None, pl.Date), pl.lit(mean))
    )
    assert missing == known


def test_a_model_of_numbers_refuses_dates(ctx: datafusion.SessionContext) -> None:
    model = fit("number")
    message = "argument `features.day`: expected a number, as the model was trained on, got "
    with pytest.raises(pl.exceptions.ComputeError, match=message + "date"):
        CUSTOMERS.select(ziln.predict(model, ["day"]))
    ctx.from_arrow(CUSTOMERS.to_arrow(), "t_refused")
    query = f"SELECT ziln_predict('{model}', {{day: day}}) FROM t_refused"
    with pytest.raises(Exception, match=message + "Date32"):
        ctx.sql(query).collect()
