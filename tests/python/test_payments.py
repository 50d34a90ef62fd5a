"""What counts as a payment, and what a model says of that and of the ranges it holds numbers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import datafusion
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import ziln

FITS: dict[str, Callable[..., pl.Expr]] = {
    "sgd": ziln.fit_sgd,
    "newton": ziln.fit_newton,
    "start": ziln.newton_start,
}
OPTIONS: dict[str, dict[str, float]] = {
    "auto": {},
    "0": {"min_payment": 0},
    "15": {"min_payment": 15},
}
RESIDUE = 3.552713678800501e-15


@pytest.fixture(scope="module")
def visitors() -> pl.DataFrame:
    """50 of 150 with 0 to 9 visits pay, nobody with 10 to 19; four residues, and a crawler that pays nothing."""
    visits = [row % 20 for row in range(300)]
    paid = [10.0 + x if x < 10 and row % 3 == 0 else 0.0 for row, x in enumerate(visits)]
    return pl.DataFrame(
        {
            "visits": [*visits, 0, 1, 2, 3, 3, 5000],
            "ltv": [*paid, *[RESIDUE] * 4, -2.0, 0.0],
        }
    )


def fitted(frame: pl.DataFrame, name: str, **options: Any) -> str:
    model: str = frame.select(FITS[name]("ltv", ["visits"], **options)).item()
    return model


def info(model: str) -> dict[str, Any]:
    found: dict[str, Any] = pl.select(ziln.model_info(model).struct.unnest()).row(0, named=True)
    return found


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("options", OPTIONS)
def test_what_is_less_than_the_least_payment_is_counted(
    visitors: pl.DataFrame, name: str, options: str
) -> None:
    found = info(fitted(visitors, name, **OPTIONS[options]))
    positive = visitors["ltv"].filter(visitors["ltv"] > 0)
    # The greater of the two in the middle.
    median = positive.sort()[len(positive) // 2]
    least = OPTIONS[options].get("min_payment", 1e-6 * median)
    payments = positive.filter(positive >= least)
    assert found["min_payment"] == pytest.approx(least, rel=1e-12)
    assert found["rows"] == visitors.height
    assert found["payers"] == len(payments)
    assert found["tiny_labels"] == len(positive) - len(payments)
    assert found["negative_labels"] == 1
    assert (found["label_min"], found["label_max"]) == (payments.min(), payments.max())
    warned = [text for text in found["warnings"] if "below min_payment" in text]
    tiny = found["tiny_labels"]
    assert [text.partition(" positive labels")[0] for text in warned] == [str(tiny)] * (tiny > 0)


@pytest.mark.parametrize("name", FITS)
def test_without_a_payment_there_is_no_model(visitors: pl.DataFrame, name: str) -> None:
    models = visitors.select(
        some=FITS[name]("ltv", ["visits"], min_payment=19),
        none=FITS[name]("ltv", ["visits"], min_payment=19.5),
    )
    assert models.select(pl.all().is_null()).row(0) == (False, True)


@pytest.mark.parametrize("name", ["sgd", "newton"])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_prediction_ratio_is_that_of_the_payments(
    visitors: pl.DataFrame, name: str, options: str
) -> None:
    model = fitted(visitors, name, **OPTIONS[options])
    found = info(model)
    predicted = visitors.select(ziln.expected_ltv(ziln.predict(model, ["visits"])).sum()).item()
    payments = visitors["ltv"].filter(visitors["ltv"] >= max(found["min_payment"], 1e-300))
    # Features are in single precision where the ratio is taken.
    assert found["prediction_ratio"] == pytest.approx(predicted / payments.sum(), rel=1e-6)
    # Residues are so far from the payments that no log-normal has both.
    assert (0.95 < found["prediction_ratio"] < 1.05) == (options != "0")


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize(("options", "least"), [("auto", 0.0), ("15", 5.0)])
def test_heads_hold_a_number_within_the_range_of_weights(
    visitors: pl.DataFrame, name: str, options: str, least: float
) -> None:
    model = fitted(visitors, name, **OPTIONS[options])
    weights = pl.select(ziln.weights(model).explode().struct.unnest())
    intercepts = weights.filter(pl.col("feature").is_null())
    assert intercepts.height == 3
    assert intercepts["least"].null_count() == intercepts["most"].null_count() == 3
    held = weights.filter(feature="visits").select("head", "least", "most")
    # The amount's heads have the range of the payers. The logit has all but the crawler's, widened by its length, but
    # where it would rise beyond the payers theirs.
    expected = [("logit", least, 38.0), ("mu", least, 9.0), ("raw_sigma", least, 9.0)]
    assert held.sort("head").rows() == expected
    at = {x: heads(model, x) for x in (-100, least, 9, 38, 39, 5000)}
    assert at[-100] == at[least]
    assert at[38] == at[39] == at[5000]
    assert at[9]["logit"] > at[38]["logit"]
    assert at[9]["mu"] == at[38]["mu"] > at[least]["mu"]
    assert at[9]["sigma"] == at[38]["sigma"]


def heads(model: str, visits: float) -> dict[str, float]:
    frame = pl.DataFrame({"visits": [float(visits)]})
    found: dict[str, float] = frame.select(ziln.predict(model, ["visits"])).item()
    return found


@pytest.mark.parametrize("options", OPTIONS)
def test_a_network_counts_payments_like_its_linear_heads(
    visitors: pl.DataFrame, options: str
) -> None:
    linear = info(fitted(visitors, "sgd", **OPTIONS[options]))
    # Half is held out, so that payers are on both sides.
    network = info(fitted(visitors, "sgd", hidden=[4], validation_fraction=0.5, **OPTIONS[options]))
    assert network["hidden"] == [4.0]
    for name in ("rows", "payers", "tiny_labels", "label_min", "label_max", "min_payment"):
        assert network[name] == linear[name], name


def test_sql_says_the_same(visitors: pl.DataFrame, ctx: datafusion.SessionContext) -> None:
    ctx.from_arrow(visitors.to_arrow(), "visitors")
    for name, options in (("sgd", "{min_payment: 15}"), ("newton", "{min_payment: 15}")):
        model = fitted(visitors, name, min_payment=15)
        query = f"SELECT ziln_fit_{name}(ltv, {{visits: visits}}, {options}) AS m FROM visitors"
        assert ctx.sql(query).to_polars().item() == model
        for function, expression in (("model_info", ziln.model_info), ("weights", ziln.weights)):
            sql = ctx.sql(f"SELECT ziln_{function}('{model}') AS said").to_polars()
            assert_frame_equal(sql, pl.select(said=expression(model)), check_exact=True)
