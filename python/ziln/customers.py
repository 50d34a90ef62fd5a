"""From transactions to customers: what each did up to a day, and what each is worth after it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date as Date  # noqa: N812 (`date` is an argument)
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import polars as pl

from ziln import _frames
from ziln._frames import FrameT

__all__ = ["rfm"]

Day: TypeAlias = Date | str
"""A day: a date, a datetime at midnight, or a text such as ``"2025-12-31"``."""

Span: TypeAlias = int | timedelta | str
"""A number of days, or a duration of Polars in days, weeks, months, quarters or years: ``"90d"``, ``"1y"``."""

# Amounts are added up as decimals: exactly, so in any order.
_EXACT: Final = pl.Decimal(38, 8)
_DAYS_A_YEAR: Final = 365
_SPAN: Final = re.compile(r"([0-9]*[1-9][0-9]*(d|w|mo|q|y))+", re.ASCII)
# Days of a unit of a span at most, and of a span: the calendar ends.
_LONGEST: Final = {"d": 1, "w": 7, "mo": 31, "q": 92, "y": 366}
_MOST_DAYS: Final = 3_660_000
_FEATURES: Final = (
    "first_day",
    "recency",
    "frequency",
    "monetary",
    "tenure",
    "interpurchase_time",
    "spend",
)
_DAY: Final = "ziln day"
_NET: Final = "ziln net amount"
_BOUGHT: Final = "ziln day with a purchase"
_CUTOFF: Final = "ziln cutoff"
_LAST: Final = "ziln last day"
_SEEN: Final = "ziln last day seen"


def rfm(
    transactions: FrameT,
    *,
    customer: str | Sequence[str],
    date: str,
    amount: str,
    cutoff: Day | timedelta,
    horizon: Span | None = None,
    windows: Iterable[Span] = (30, 90),
    discount_rate: float = 0.0,
    decimals: int = 2,
    observed_until: Day | None = None,
) -> FrameT:
    """
    Describe each customer by the transactions up to a day, and label it with those after: one row a customer.

    The unit of time is the whole day. Transactions of a customer on a day count as one: a purchase and its refund
    on the same day leave nothing. A *purchase day* is one whose net amount is above 0, or 0 without a refund.
    Refunds have negative amounts; on other days they lower what was spent and are no purchase.

    Parameters
    ----------
    transactions
        One row a transaction: a frame of Polars, pandas, PyArrow, DuckDB, DataFusion or another library with Arrow's
        C stream, in any order. Rows without customer, date or amount, or with a NaN or infinite amount, are left out.
    customer
        The column that identifies the customer, or several: ``["campaign", "id"]``.
    date
        The column of the date: ``Date``, or ``Datetime``, of which the day in its own time zone counts.
    amount
        The column of the amount, a number; refunds are negative.
    cutoff
        The last day of the past: a date, a datetime at midnight or a text ``"2025-12-31"``. A ``timedelta`` gives each
        customer a cutoff of its own, that long after its first purchase day: ``timedelta(0)`` is that day itself.
    horizon
        How long after the cutoff the label looks: days, a ``timedelta``, or a duration of Polars in days, weeks,
        months, quarters or years (``"1y"``). Without it there is no label: for customers to be scored.
    windows
        The recent windows whose spend is a feature, each like ``horizon``.
    discount_rate
        The yearly interest rate by which the label discounts later amounts: 0.1 is 10%.
    decimals
        Digits of the currency's unit, 0 to 8: sums are rounded to so many, halves away from zero.
    observed_until
        The last day that the transactions cover, by default that of the last of them; what is later is left out.

    Returns
    -------
    same as ``transactions``
        One row for each customer with a purchase day up to the cutoff, by rising ``customer``, in the kind of frame
        that came: a ``LazyFrame`` is not run, pandas has ``first_day`` as a time, and a kind that cannot be made
        (a stream) gives a Polars ``DataFrame``.
        Nothing is null but ``interpurchase_time`` of a single purchase:

        ======================  ========  =================================================================
        column                  type      what it holds
        ======================  ========  =================================================================
        ``customer`` as named             the customer
        ``first_day``           Date      first purchase day
        ``recency``             Int64     days from the last purchase day to the cutoff
        ``frequency``           Int64     number of purchase days
        ``monetary``            Float64   mean spend a purchase day: ``spend / frequency``
        ``tenure``              Int64     days from the first purchase day to the cutoff
        ``interpurchase_time``  Float64   mean days between purchase days; null if there is one only
        ``spend``               Float64   net amount up to the cutoff
        ``spend_30d``, ...      Float64   net amount in each window, the last days up to the cutoff
        ``ltv``                 Float64   the label: net amount in the horizon (only with ``horizon``)
        ``censored``            Boolean   whether the data end before the horizon (without it: the cutoff)
                                          does, so that ``ltv`` may lack something
        ======================  ========  =================================================================

        Net amounts are negative where more was refunded than bought.

    Raises
    ------
    TypeError
        If an argument or a column has another type.
    ValueError
        If a column is missing, has the name of a result, or an argument is out of range.
    polars.exceptions.ComputeError
        When the query runs: if an amount is 1e30 or more.

    Notes
    -----
    These are the recency, frequency and monetary value of marketing, in which all purchases count. "Buy till you
    die" models (BTYD; the packages lifetimes and pymc-marketing) use the same words for repeat purchases:

    ==========================  =================================================
    BTYD                        here
    ==========================  =================================================
    ``frequency``               ``frequency - 1``
    ``recency``                 ``tenure - recency``
    ``T``                       ``tenure``
    ``monetary_value``          mean spend of the purchase days but the first
    ==========================  =================================================

    The discounted label is ``sum(amount / (1 + discount_rate) ** (days after the cutoff / 365))``. Sums are exact to
    8 decimals and do not depend on the order of the rows. ``docs/labels.md`` says how to choose a label.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> transactions = pl.DataFrame(
    ...     {
    ...         "id": [1, 1, 1, 2, 2, 2],
    ...         "date": ["2025-01-05", "2025-03-01", "2025-04-02", "2025-02-01", "2025-02-01", "2025-02-03"],
    ...         "amount": [20.0, 10.0, 35.5, 12.3, -12.3, 8.0],
    ...     }
    ... ).with_columns(pl.col("date").str.to_date())
    >>> customers = ziln.rfm(
    ...     transactions, customer="id", date="date", amount="amount", cutoff="2025-03-31", horizon=2
    ... )
    >>> customers.select("id", "recency", "frequency", "monetary", "spend_30d", "ltv", "censored").rows()
    [(1, 30, 2, 15.0, 0.0, 35.5, False), (2, 56, 1, 8.0, 0.0, 0.0, False)]
    """
    keys = _key_columns(customer)
    spans = [_span("windows", window) for window in windows]
    ahead = None if horizon is None else _span("horizon", horizon)
    past_end = _age(cutoff) if isinstance(cutoff, timedelta) else _day("cutoff", cutoff)
    end = None if observed_until is None else _day("observed_until", observed_until)
    _check_names(keys, date, amount, spans)
    rate = _discount_rate(discount_rate)
    digits = _decimals(decimals)

    def query(frame: pl.LazyFrame) -> pl.LazyFrame:
        _check_schema(frame.collect_schema(), keys, date, amount)
        days = _net_days(frame, keys, date, amount, end)
        dated = _with_cutoff(days, keys, past_end)
        return _describe(dated, keys, spans, ahead, rate, digits, end)

    columns = [*keys, date, amount]
    return _frames.through_polars("rfm", "transactions", transactions, columns, query)


def _net_days(
    frame: pl.LazyFrame, keys: list[str], date: str, amount: str, end: Date | None
) -> pl.LazyFrame:
    """One row a customer and day: the net amount, and whether it is a purchase day."""
    value = pl.col(amount).cast(pl.Float64)
    usable = frame.filter(
        pl.all_horizontal(pl.col(*keys, date).is_not_null()), value.is_finite()
    ).select(*keys, pl.col(date).dt.date().alias(_DAY), value.cast(_EXACT).alias(_NET))
    if end is not None:
        usable = usable.filter(pl.col(_DAY) <= end)
    net = pl.col(_NET).sum()
    return usable.group_by(*keys, _DAY).agg(
        net, ((net > 0) | (pl.col(_NET).min() >= 0)).alias(_BOUGHT)
    )


def _with_cutoff(days: pl.LazyFrame, keys: list[str], cutoff: Date | timedelta) -> pl.LazyFrame:
    """The last day of each customer's past, beside each of the customer's days."""
    if not isinstance(cutoff, timedelta):
        return days.with_columns(pl.lit(cutoff, pl.Date).alias(_CUTOFF))
    starts = days.filter(_BOUGHT).group_by(keys).agg((pl.col(_DAY).min() + cutoff).alias(_CUTOFF))
    return days.join(starts, on=keys)


def _describe(
    days: pl.LazyFrame,
    keys: list[str],
    windows: list[str],
    horizon: str | None,
    rate: float,
    decimals: int,
    end: Date | None,
) -> pl.LazyFrame:
    """One row a customer, of those who bought up to the cutoff."""
    day, cutoff, net = pl.col(_DAY), pl.col(_CUTOFF), pl.col(_NET)
    is_past = day <= cutoff
    bought = pl.when(is_past & pl.col(_BOUGHT)).then(day)
    horizon_end = cutoff if horizon is None else cutoff.dt.offset_by(horizon)
    sums = {"spend": pl.when(is_past).then(net)} | {
        f"spend_{window}": pl.when(is_past & (day > cutoff.dt.offset_by(f"-{window}"))).then(net)
        for window in windows
    }
    if horizon is not None:
        worth = _discounted(net, (day - cutoff).dt.total_days(), rate)
        sums["ltv"] = pl.when(~is_past & (day <= horizon_end)).then(worth)

    described = days.group_by(*keys, _CUTOFF).agg(
        bought.min().alias("first_day"),
        bought.max().alias(_LAST),
        bought.count().cast(pl.Int64).alias("frequency"),
        day.max().alias(_SEEN),
        *(total.sum().alias(name) for name, total in sums.items()),
    )
    covered = pl.col(_SEEN).max() if end is None else pl.lit(end, pl.Date)
    first, last, frequency = pl.col("first_day"), pl.col(_LAST), pl.col("frequency")
    amounts = {name: _rounded(pl.col(name), decimals) for name in sums}
    return (
        described.with_columns(censored=horizon_end > covered, **amounts)
        .filter(frequency > 0)
        .sort(keys)
        .select(
            *keys,
            first,
            recency=(cutoff - last).dt.total_days(),
            frequency=frequency,
            monetary=pl.col("spend") / frequency,
            tenure=(cutoff - first).dt.total_days(),
            interpurchase_time=pl.when(frequency > 1).then(
                (last - first).dt.total_days() / (frequency - 1)
            ),
            **{name: pl.col(name) for name in sums},
            censored=pl.col("censored"),
        )
    )


def _discounted(net: pl.Expr, days: pl.Expr, rate: float) -> pl.Expr:
    """What an amount is worth at the cutoff, so many days before it."""
    if rate == 0.0:
        return net
    factor = pl.lit(1 + rate).pow(-days / _DAYS_A_YEAR)
    return (net.cast(pl.Float64) * factor).cast(_EXACT)


def _rounded(total: pl.Expr, decimals: int) -> pl.Expr:
    """A sum as the float nearest to so many of its decimals."""
    return total.round(decimals, mode="half_away_from_zero").cast(pl.Float64)


def _key_columns(customer: str | Sequence[str]) -> list[str]:
    keys = [customer] if isinstance(customer, str) else customer
    if isinstance(keys, Sequence) and keys and all(isinstance(key, str) for key in keys):
        return list(keys)
    msg = f"ziln.rfm: argument `customer`: expected a column's name or a list of them, got {customer!r}"
    raise TypeError(msg)


def _check_names(keys: list[str], date: str, amount: str, windows: list[str]) -> None:
    """Refuse columns that are named twice, or as the results are."""
    for argument, name in (("date", date), ("amount", amount)):
        if not isinstance(name, str):
            msg = f"ziln.rfm: argument `{argument}`: expected a column's name, got {type(name).__name__}"
            raise TypeError(msg)
    if len(set(windows)) < len(windows):
        msg = f"ziln.rfm: argument `windows`: expected each window once, got {', '.join(windows)}"
        raise ValueError(msg)
    results = {*_FEATURES, *(f"spend_{window}" for window in windows), "ltv", "censored"}
    for index, key in enumerate(keys):
        if key in results or key in keys[:index]:
            reason = "also the name of a result; rename it" if key in results else "named twice"
            msg = f"ziln.rfm: argument `customer`: {key!r} is {reason}"
            raise ValueError(msg)


def _check_schema(schema: pl.Schema, keys: list[str], date: str, amount: str) -> None:
    """Refuse frames that lack a column, or whose date or amount is none."""
    named = [("customer", key) for key in keys] + [("date", date), ("amount", amount)]
    for argument, name in named:
        if name not in schema:
            msg = (
                f"ziln.rfm: argument `{argument}`: the transactions have no column {name!r}; "
                f"they have {', '.join(schema)}"
            )
            raise ValueError(msg)
    if schema[date] != pl.Date and not isinstance(schema[date], pl.Datetime):
        msg = (
            f"ziln.rfm: argument `date`: expected a column of dates (Date or Datetime), but {date!r} is "
            f"{schema[date]}; cast it first"
        )
        raise TypeError(msg)
    if not schema[amount].is_numeric():
        msg = f"ziln.rfm: argument `amount`: expected a column of numbers, but {amount!r} is {schema[amount]}"
        raise TypeError(msg)


def _day(argument: str, value: object) -> Date:
    """A date, from what may stand for one."""
    day: object = value
    if isinstance(value, str):
        try:
            day = Date.fromisoformat(value)
        except ValueError:
            msg = f"ziln.rfm: argument `{argument}`: expected a date such as '2025-12-31', got {value!r}"
            raise ValueError(msg) from None
    elif isinstance(value, datetime):
        day = value.date()
        if value.time() != datetime.min.time():
            msg = (
                f"ziln.rfm: argument `{argument}`: expected a whole day, got the time {value}; "
                "the day itself is included"
            )
            raise ValueError(msg)
    if isinstance(day, Date):
        return day
    msg = f"ziln.rfm: argument `{argument}`: expected a date, a datetime or a text, got {type(value).__name__}"
    raise TypeError(msg)


def _age(value: timedelta) -> timedelta:
    """The age of a customer at the cutoff, in whole days."""
    if value >= timedelta(0) and not value % timedelta(days=1):
        return value
    msg = f"ziln.rfm: argument `cutoff`: expected whole days, 0 or more, after the first purchase, got {value}"
    raise ValueError(msg)


def _span(argument: str, value: object) -> str:
    """A time ahead or back, as Polars writes durations."""
    if isinstance(value, int) and not isinstance(value, bool):
        text = f"{value}d"
    elif isinstance(value, timedelta):
        text = f"{value.days}d" if not value % timedelta(days=1) else str(value)
    elif isinstance(value, str):
        text = value
    else:
        msg = (
            f"ziln.rfm: argument `{argument}`: expected days, a timedelta or a text such as '90d', "
            f"got {type(value).__name__}"
        )
        raise TypeError(msg)
    if _SPAN.fullmatch(text) and _most_days(text) <= _MOST_DAYS:
        return text
    msg = (
        f"ziln.rfm: argument `{argument}`: expected one day or more, at most {_MOST_DAYS}: a number of days, a "
        f"timedelta, or a text in d, w, mo, q or y such as '90d', got {value!r}"
    )
    raise ValueError(msg)


def _most_days(span: str) -> float:
    """The days of a span, if its months are long."""
    parts = re.findall(r"([0-9]+)(d|w|mo|q|y)", span)
    return sum(_LONGEST[unit] * float(count) for count, unit in parts)


def _discount_rate(value: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    msg = f"ziln.rfm: argument `discount_rate`: expected a number from 0 up, got {value!r}"
    raise ValueError(msg)


def _decimals(value: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _EXACT.scale:
        return value
    msg = f"ziln.rfm: argument `decimals`: expected an integer from 0 to {_EXACT.scale}, got {value!r}"
    raise ValueError(msg)
