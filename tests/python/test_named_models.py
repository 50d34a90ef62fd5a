"""Models as functions of their own in SQL."""

from __future__ import annotations

import datafusion
import pytest
from conftest import random_customers

import ziln

CUSTOMERS = random_customers(3000, seed=5)
MODEL = CUSTOMERS.select(ziln.fit_sgd("ltv", ["visits", "recency", "channel"], epochs=5)).item()
FEATURES = "{visits: visits, recency: recency, channel: channel}"


def test_a_named_model_is_the_model(ctx: datafusion.SessionContext) -> None:
    ctx.from_arrow(CUSTOMERS.to_arrow(), "named")
    ziln.register_model(ctx, "spend_next_year", MODEL)
    query = f"SELECT spend_next_year({FEATURES}) AS ltv FROM named"
    by_text = f"SELECT ziln_expected_ltv(ziln_predict('{MODEL}', {FEATURES})) AS ltv FROM named"
    assert ctx.sql(query).to_pydict() == ctx.sql(by_text).to_pydict()
    one = "SELECT spend_next_year({visits: 1, recency: 2, channel: 'mail'}) > 0 AS spends"
    assert ctx.sql(one).to_pydict() == {"spends": [True]}


def test_a_name_may_be_given_again(ctx: datafusion.SessionContext) -> None:
    other = CUSTOMERS.select(ziln.fit_sgd("ltv", ["visits"], epochs=5)).item()
    ziln.register_model(ctx, "again", MODEL)
    ziln.register_model(ctx, "again", other)
    assert ctx.sql("SELECT again({visits: 1}) > 0 AS spends").to_pydict() == {"spends": [True]}


def test_a_name_is_read_as_sql_reads_it(ctx: datafusion.SessionContext) -> None:
    ziln.register_model(ctx, "Spend_Of_ÄB", MODEL)
    features = "{visits: 1, recency: 2, channel: 'mail'}"
    for name in ("Spend_Of_ÄB", "spend_of_Äb", '"spend_of_Äb"'):
        query = f"SELECT {name}({features}) > 0 AS spends"
        assert ctx.sql(query).to_pydict() == {"spends": [True]}


def test_what_is_wrong_is_said(ctx: datafusion.SessionContext) -> None:
    expected = r"^ziln\.register_model: argument `model`: expected a model's text, got "
    with pytest.raises(ValueError, match=expected + r"'\{\"format.{32}\.\.\.' \(EOF .*\)$"):
        ziln.register_model(ctx, "torn", MODEL[:-1])
    with pytest.raises(TypeError, match=expected + "NoneType"):
        ziln.register_model(ctx, "none", None)  # type: ignore[arg-type]
    expected = r"^ziln\.register_model: argument `name`: expected a function's name, got "
    with pytest.raises(ValueError, match=expected + "an empty text"):
        ziln.register_model(ctx, "", MODEL)
    with pytest.raises(TypeError, match=expected + "int"):
        ziln.register_model(ctx, 1, MODEL)  # type: ignore[arg-type]
    ziln.register_model(ctx, "wrong", MODEL)
    with pytest.raises(
        Exception, match="wrong: argument `features`: the model needs a feature `visits`"
    ):
        ctx.sql("SELECT wrong({recency: 1})").collect()
    with pytest.raises(Exception, match=r"wrong: expected wrong\(features\), got 2 arguments"):
        ctx.sql("SELECT wrong(1, 2)").collect()
