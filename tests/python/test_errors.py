"""Wrong calls end in an exception that says what is wrong; nothing panics and nothing ends the process."""

from __future__ import annotations

import datetime
import json
import random
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from importlib.metadata import PackageNotFoundError
from typing import Any

import datafusion
import numpy as np
import polars as pl
import pytest
from conftest import random_customers

import ziln
import ziln.sql

FRAME = pl.DataFrame(
    {
        "y": [0.0, 3.0, 5.0],
        "z": [0.1, 0.2, 0.3],
        "mu": [1.0, 2.0, 3.0],
        "s": [0.5, 0.5, 0.5],
        "name": ["a", "b", "c"],
        "day": [datetime.date(2026, 1, day) for day in (1, 2, 3)],
        "text": ["no model", "{}", '{"format_version":1}'],
        "object": [[1.0], [1.0, 2.0], None],
    }
)


def model() -> str:
    text = FRAME.select(ziln.fit_sgd("y", ["z", "name"], epochs=1)).item()
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            lambda: ziln.loss("name", "z", "mu", "s"),
            "ziln_loss: argument `label`: expected a number, got str",
        ),
        (
            lambda: ziln.cdf("y", "z", "mu", "day"),
            "ziln_cdf: argument `raw_sigma`: expected a number, got date",
        ),
        (
            lambda: ziln.expected_ltv(pl.struct("z", "mu")),
            "ziln_expected_ltv: argument `params`: expected a struct with fields logit, mu and sigma, "
            "a list of 3 numbers (logit, mu, raw_sigma), or three numbers logit, mu, raw_sigma, "
            "got a struct with fields z, mu",
        ),
        (
            lambda: ziln.expected_ltv(pl.struct(logit="z", mu="mu", sigma="name")),
            "argument `params.sigma`: expected a number, got str",
        ),
        (
            lambda: ziln.expected_ltv(pl.concat_list("z", "mu")),
            "expected a list of 3 numbers (logit, mu, raw_sigma), got a list of length 2",
        ),
        (
            lambda: ziln.expected_ltv(pl.concat_list("z", "mu").list.to_array(2)),
            "expected a list of 3 numbers (logit, mu, raw_sigma), got a list of length 2",
        ),
        (lambda: ziln.expected_ltv("object"), "got a list of length 1"),
        (lambda: ziln.expected_ltv("name"), "got str"),
        (
            lambda: ziln.params("z", "mu", "name"),
            "ziln_params: argument `sigma`: expected a number, got str",
        ),
        (
            lambda: ziln.predict("text", ["z"]),
            "ziln_predict: argument `model`: expected the text of a model made by one of the ziln_fit functions, "
            "got 'no model' in row 1 of the batch, counted from 1 (expected ident at line 1 column 2)\n",
        ),
        (
            lambda: ziln.predict("z", ["z"]),
            "ziln_predict: argument `model`: expected the text of a model made by one of the ziln_fit functions, "
            "got f64",
        ),
        (
            lambda: ziln.predict(model(), ["z"]),
            "ziln_predict: argument `features`: the model needs a feature `name`, and the features given are: z",
        ),
        (
            lambda: ziln.predict(model(), ["name", pl.col("name").alias("z")]),
            "feature `z` is a number in the model, and text came",
        ),
        (
            lambda: ziln.predict(model(), ["z", pl.col("z").alias("name")]),
            "feature `name` is a category in the model, and numbers came",
        ),
        (
            lambda: ziln.predict(model(), pl.concat_list("name")),
            "ziln_predict: argument `features`: expected a struct",
        ),
        (
            lambda: ziln.predict(model(), "name"),
            "the model needs a feature `z`, and the features given are: name",
        ),
        (lambda: ziln.model_info("name"), "ziln_model_info: argument `model`"),
        (lambda: ziln.weights("name"), "ziln_weights: argument `model`"),
        (
            lambda: ziln.explain(model(), pl.concat_list("name")),
            "ziln_explain: argument `features`: expected a struct",
        ),
        (
            lambda: ziln.params_error(model(), ["z", "name"]),
            "ziln_params_error: argument `model`: expected the text of a model",
        ),
        (
            lambda: ziln.fit_newton("y", ["z"], max_iterations=-1),
            "ziln_fit_newton: option `max_iterations`: expected an integer from 0 to 10000",
        ),
        (
            lambda: ziln.fit_prior("name", ["z"], "z"),
            "ziln_fit_prior: argument `label`: expected a number, got str",
        ),
        (
            lambda: ziln.weights(pl.when(pl.col("y") > 3).then("text").otherwise(pl.lit(model()))),
            "got '{\"format_version\":1}' in row 3 of the batch, counted from 1 (missing field",
        ),
        (lambda: ziln.is_model("z"), "ziln_is_model: argument `text`: expected text, got f64"),
        (
            lambda: ziln.predict(pl.concat_str(pl.lit("a\0" * 1000), "text"), ["z"]),
            "got '" + "a\\u{0}" * 20 + "...' in row 1 of the batch",
        ),
        (
            lambda: ziln.predict(
                pl.when(pl.col("y") < 5)
                .then(pl.lit(model()))
                .otherwise(pl.lit(model().replace('"z"', '"' + "q" * 100 + '"'))),
                ["z", "name"],
            ),
            "needs a feature `" + "q" * 40 + "...`, and the features given are: z, name; "
            "the model is that of row 3 of the batch, counted from 1",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], init=pl.lit(pl.Series([None, "a", "a"]))),
            "ziln_fit_sgd: argument `init`: expected the same model in all rows of a group, "
            "got 2 in a group of 3 rows: NULL and 'a'",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], init=pl.lit("no model").repeat_by(1).explode()),
            "argument `init`: expected the text of a model made by one of the ziln_fit functions, "
            "got 'no model' in a group of 3 rows (expected ident",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], weight=pl.lit(pl.Series([1.0, None, float("nan")]))),
            "argument `weight`: expected a finite number, 0 or more, got NaN in row 3 of the batch",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z", pl.lit(datetime.time(9)).alias("day")]),
            "ziln_fit_sgd: argument `features.day`: expected a number, a boolean, a date or a string "
            "(cast another type to one of them), got time",
        ),
        (lambda: ziln.fit_sgd("name", ["z"]), "argument `label`: expected a number, got str"),
        (
            lambda: ziln.fit_sgd("y", "object"),
            "expected lists of one length in all rows of a group, got lists of 1 and of 2 numbers",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], weight=pl.lit(-1.0)),
            "argument `weight`: expected a finite number, 0 or more, got -1",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], epochs=-1),
            "ziln_fit_sgd: option `epochs`: expected an integer from 0 to 1000000, got -1",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], epochs=2.5),  # type: ignore[arg-type]
            "option `epochs`: expected an integer",
        ),
        *(
            (lambda epochs=epochs: ziln.fit_sgd("y", ["z"], epochs=epochs), message)
            for epochs in (10**30, 2**63, -(2**70), 2**1024, -(2**4000), float("nan"), float("inf"))
            for message in (
                "ziln_fit_sgd: option `epochs`: expected an integer from 0 to 1000000, got ",
            )
        ),
        (lambda: ziln.fit_sgd("y", ["z"], epochs=2**1024), "from 0 to 1000000, got inf"),
        (lambda: ziln.fit_sgd("y", ["z"], epochs=np.int64(-1)), "0 to 1000000, got -1"),  # type: ignore[arg-type]
        (lambda: ziln.fit_sgd("y", ["z"], epochs=np.float32(0.5)), "0 to 1000000, got 0.5"),  # type: ignore[arg-type]
        (
            lambda: ziln.fit_sgd("y", ["z"], optimizer="adma"),  # type: ignore[arg-type]
            "option `optimizer`: expected one of adam, adamw, sgd, momentum, nesterov, adagrad, got ",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], init="{}"),
            "ziln_fit_sgd: option `init`: expected the text of a model, got '{}' (missing field",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], init="name"),
            "ziln_fit_sgd: argument `init`: expected the",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], seed=2**64),
            "option `seed`: expected an integer from 0 to 9223372036854775807, got 18446744073709552000",
        ),
        (
            lambda: ziln.fit_sgd("y", ["z"], optimizer="a\0b"),  # type: ignore[arg-type]
            "adagrad, got text 'a\\u{0}b'",
        ),
        (
            lambda: ziln.evaluate("y", "z", "mu", "s", weight=pl.lit(float("nan"))),
            "ziln_evaluate: argument `weight`: expected a finite number, 0 or more, got NaN",
        ),
        *(
            (
                lambda call=call: call(weight=pl.struct("y")),
                f"{name}: argument `weight`: {expected}",
            )
            for expected in ("expected a number, got struct[1]",)
            for name, call in (
                ("ziln_evaluate", partial(ziln.evaluate, "y", "z", "mu", "s")),
                (
                    "ziln_evaluate",
                    partial(ziln.evaluate, "y", pl.struct(logit="z", mu="mu", sigma="s")),
                ),
                ("ziln_gini", partial(ziln.gini, "y", "z")),
                ("ziln_fit_sgd", partial(ziln.fit_sgd, "y", ["z"])),
                ("ziln_newton_start", partial(ziln.newton_start, "y", ["z"])),
            )
        ),
        (lambda: ziln.fit_sgd("y", ["z"], learning_rate=5e-324), "at most 1000, got 5e-324\n"),
        (lambda: ziln.fit_newton("y", ["z"], l2=1e308), "from 0 to 1000000, got 1e308\n"),
        (
            lambda: ziln.gini("y", "name"),
            "ziln_gini: argument `prediction`: expected a number, got str",
        ),
        (
            lambda: ziln.spearman("day", "y"),
            "ziln_spearman: argument `label`: expected a number, got date",
        ),
        (
            lambda: ziln.decile_stats("y", "mu", buckets=0),
            "ziln_decile_stats: argument `buckets`: expected a whole number from 1 to 1000000, got 0",
        ),
        *(
            (lambda buckets=buckets: ziln.decile_stats("y", "mu", buckets=buckets), message)
            for buckets in (2**63, 2**1024, 2.5, float("nan"))
            for message in ("argument `buckets`: expected a whole number from 1 to 1000000, got ",)
        ),
    ],
)
def test_messages_of_polars(expression: Callable[[], pl.Expr], message: str) -> None:
    with pytest.raises(pl.exceptions.ComputeError, match=re.escape(message)):
        FRAME.select(expression())


def test_the_row_is_counted_over_all_chunks() -> None:
    chunks = pl.concat([FRAME.head(1), FRAME.head(1), FRAME.tail(1)], rechunk=False)
    texts = chunks.with_columns(text=pl.when(pl.col("y") < 5).then(pl.lit(model())))
    texts = texts.with_columns(pl.col("text").fill_null("torn"), w=3 - pl.col("y"))
    with pytest.raises(pl.exceptions.ComputeError, match="'torn' in row 3 of the batch"):
        texts.select(ziln.predict("text", ["z", "name"]))
    for call in (ziln.evaluate("y", "z", "mu", "s", weight="w"), ziln.gini("y", "z", weight="w")):
        with pytest.raises(pl.exceptions.ComputeError, match="got -2 in row 3 of the batch"):
            texts.select(call)


def test_no_message_says_a_thing_twice() -> None:
    for column in ("text", pl.col("text").head(1), pl.lit("torn")):
        for call in (
            ziln.predict(column, ["z"]),
            ziln.model_info(column),
            ziln.fit_sgd("y", ["z"], init=pl.col("text").sort().first()),
        ):
            with pytest.raises(pl.exceptions.ComputeError) as error:
                FRAME.select(call)
            message = str(error.value).split("\n")[0]
            assert message.count("argument `") == 1, message
            assert message.count("the text of a model made by") == 1, message


def test_a_model_must_fit_a_frame_without_rows() -> None:
    nobody = FRAME.clear()
    with pytest.raises(pl.exceptions.ComputeError, match="needs a feature `name`"):
        nobody.select(ziln.predict(model(), ["z"]))
    with pytest.raises(pl.exceptions.ComputeError, match="`name` is a category in the model"):
        nobody.select(ziln.predict(model(), pl.struct("z", name="y")))
    assert nobody.select(ziln.predict(model(), ["z", "name"])).height == 0
    assert nobody.select(ziln.predict(pl.lit(None, pl.String), ["z"])).height == 0


def test_integers_of_any_size_are_numbers() -> None:
    for huge in (2**64, 2**127, 2**1024):
        assert FRAME.select(ziln.cdf(huge, "z", "mu", "s").alias("p"))["p"].to_list() == [1.0] * 3
        assert FRAME.select(ziln.cdf(-huge, "z", "mu", "s").alias("p"))["p"].to_list() == [0.0] * 3
    assert FRAME.select(ziln.decile_stats("y", "mu", buckets=np.float32(2))).item().len() == 2  # type: ignore[arg-type]


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    """A model's text with something else in it."""
    document = json.loads(model())
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            lambda: changed(lambda document: document["training"].update(stop_reason="\0")),
            "unknown variant `\\u{0}`",
        ),
        (
            lambda: changed(lambda document: document["features"][0].update(name="a\0b")),
            "the model needs a feature `a\\u{0}b`, and the features given are: z, name",
        ),
        (
            lambda: changed(lambda document: document["features"][0].update(name="x" * 10**7)),
            "the model needs a feature `" + "x" * 40 + "...`, and",
        ),
        (
            lambda: changed(lambda document: document["training"].update(stop_reason="x" * 10**7)),
            "expected one of `epochs`, `patience`, `converged`",
        ),
        (
            lambda: json.dumps(list(json.loads(model()).values())),
            "invalid type: a list, expected an object",
        ),
        (
            lambda: changed(lambda document: document["weights"].update(mu=[0.0, [0.0]])),
            "invalid type: a list, expected an object",
        ),
    ],
)
def test_texts_that_are_no_models(
    ctx: datafusion.SessionContext, text: Callable[[], str], message: str
) -> None:
    frame = FRAME.with_columns(model=pl.lit(text()))
    with pytest.raises(pl.exceptions.ComputeError, match=re.escape(message)) as polars:
        frame.select(ziln.predict("model", ["z", "name"]))
    ctx.from_arrow(frame.to_arrow(), "t")
    with pytest.raises(Exception, match=re.escape(message)) as sql:
        ctx.sql("SELECT ziln_predict(model, {z: z, name: name}) FROM t").collect()
    assert max(len(str(error.value)) for error in (polars, sql)) < 1000


def test_a_model_from_which_training_leads_nowhere() -> None:
    far = changed(lambda document: document["weights"]["mu"].update(intercept=1e300))
    message = "option `init`: expected a model from which training comes to finite numbers"
    with pytest.raises(pl.exceptions.ComputeError, match=re.escape(message)):
        FRAME.select(ziln.fit_sgd("y", ["z", "name"], init=far))


def test_arrays_of_any_width() -> None:
    nothing = FRAME.with_columns(a=pl.Series([[], [], []], dtype=pl.Array(pl.Float64, 0)))
    for expression in (
        ziln.fit_sgd("y", "a"),
        ziln.fit_sgd("y", ["a"]),
        ziln.predict(model(), "a"),
        ziln.expected_ltv("a"),
        ziln.loss("a", "z", "mu", "s"),
        ziln.gini("y", "a"),
    ):
        with pytest.raises(pl.exceptions.ComputeError, match="got an Array of width 0"):
            nothing.select(expression)
    for label, features, weight in (("y", ["a"], None), ("a", ["z"], None), ("y", ["z"], "a")):
        for frame in (nothing, nothing.lazy()):
            with pytest.raises(pl.exceptions.ComputeError, match="got an Array of width 0"):
                ziln.fit_passes(frame, label, features, weight=weight)
    endless = pl.DataFrame(schema={"y": pl.Float64, "a": pl.Array(pl.Float64, 2**31 - 1)})
    for expression in (ziln.fit_sgd("y", "a"), ziln.predict(model(), "a")):
        with pytest.raises(pl.exceptions.ComputeError, match="expected at most 100000 features"):
            endless.select(expression)
    with pytest.raises(pl.exceptions.ComputeError, match="at most 100000 values in an array"):
        endless.select(ziln.fit_prior("y", "y", campaign="a"))


def test_a_name_with_a_nul() -> None:
    """Polars panics where it would hand such a name to a plugin."""
    frame = FRAME.rename({"z": "z\0", "text": "text\0"}).with_columns(
        pl.lit(model()).alias("text\0")
    )
    plain = FRAME.with_columns(text=pl.lit(model()))
    for expression in (
        lambda z, _: ziln.loss("y", z, "mu", "s"),
        lambda z, _: ziln.loss(pl.col(z), pl.col(z) + 1, "mu", "s"),
        lambda z, _: ziln.expected_ltv(pl.concat_list(z, "mu", "s")),
        lambda z, _: ziln.gini(z, "y", weight=z),
        lambda z, _: ziln.fit_sgd(z, ["mu"], weight=z, epochs=1),
        lambda z, text: ziln.predict(text, [pl.col(z).alias("z"), "name"]),
        lambda _, text: ziln.model_info(text),
    ):
        expected = plain.select(expression("z", "text")).to_series()
        assert frame.select(expression("z\0", "text\0")).to_series().equals(expected)
    assert frame.select(ziln.loss(frame["z\0"], "y", "mu", "s")).height == 3
    message = re.escape(
        "argument `features`: expected names without a NUL (rename the column), got 'z\\x00'"
    )
    for features in ("z\0", ["mu", "z\0"], [pl.col("z\0")], [pl.col("mu").alias("z\0")]):
        for call in (
            lambda features: ziln.fit_sgd("y", features),
            lambda features: ziln.predict(model(), features),
            lambda features: ziln.fit_passes(frame, "y", features),
        ):
            with pytest.raises(ValueError, match=message):
                call(features)
    driven = ziln.fit_passes(frame, "z\0", ["mu"], by="z\0")
    assert driven.columns == ["z\0", "model"]


def test_a_call_on_several_columns_is_several_calls() -> None:
    losses = FRAME.select(ziln.loss(pl.col("y", "z"), "mu", "mu", "s").name.keep())
    assert losses.columns == ["y", "z"]


def test_more_than_two_gib_of_views(ctx: datafusion.SessionContext) -> None:
    """A join repeats a string by repeating its view."""
    string = "SELECT 1 AS one, arrow_cast(repeat('x', 270000), 'Utf8View') AS s"
    customers = f"(SELECT value % 3 AS y FROM range(0, 8192)) CROSS JOIN ({string})"
    fit = f"SELECT ziln_fit_sgd(y, {{s: s}}, {{epochs: 1}}) AS model FROM {customers} GROUP BY one"
    predict = "SELECT count(ziln_predict(model, {s: s})) AS n, max(length(model)) AS length"
    result = ctx.sql(f"{predict} FROM {customers} CROSS JOIN ({fit})").to_pydict()
    assert result["n"] == [8192]
    assert result["length"][0] > 270_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ziln.loss("y", "z", "mu"), "ziln.loss: argument `params`: expected one column"),
        (lambda: ziln.expected_ltv(), "got 0 arguments"),
        (lambda: ziln.evaluate("y"), "ziln.evaluate: argument `params`"),
        (lambda: ziln.loss(None, "z"), "ziln.loss: argument `label`: expected a column's name"),  # type: ignore[arg-type]
        (lambda: ziln.loss(True, "z"), "got bool"),
        (lambda: ziln.expected_ltv(["z", "mu", "s"]), "got list"),  # type: ignore[arg-type]
        (
            lambda: ziln.fit_sgd("y", []),
            "ziln.fit_sgd: argument `features`: expected a list of columns",
        ),
        (lambda: ziln.fit_sgd("y", 3), "ziln.fit_sgd: argument `features`"),  # type: ignore[arg-type]
        (lambda: ziln.fit_sgd("y", ["z"], epochs="many"), "option `epochs`"),  # type: ignore[arg-type]
        (
            lambda: ziln.fit_sgd("y", ["z"], epochs=[3]),  # type: ignore[arg-type]
            "option `epochs`: expected an integer from 0 to 1000000, got [3]",
        ),
        *(
            (lambda epochs=epochs: ziln.fit_sgd("y", ["z"], epochs=epochs), f", got {got}")
            for epochs, got in (
                (Decimal(3), "Decimal"),
                (np.array([1, 2]), "[1, 2]"),
                (pl.Series([1, 2]), "Series"),
                (1j, "complex"),
                ("\ud800", "text that is not Unicode"),
            )
        ),
        (lambda: ziln.fit_sgd("y", ["z"], epoch=3), "unexpected keyword argument 'epoch'"),  # type: ignore[call-arg]
        (lambda: ziln.predict(3, ["z"]), "ziln.predict: argument `model`: expected a model's text"),  # type: ignore[arg-type]
    ],
)
def test_calls_that_python_refuses(call: Callable[[], pl.Expr], message: str) -> None:
    with pytest.raises((TypeError, pl.exceptions.ComputeError), match=re.escape(message)):
        FRAME.select(call())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "SELECT ziln_loss(name, z, mu, s) FROM t",
            "ziln_loss: argument `label`: expected a number",
        ),
        ("SELECT ziln_loss(y, z, mu) FROM t", "ziln_loss: expected"),
        ("SELECT ziln_expected_ltv({z: z}) FROM t", "got a struct with fields z"),
        (
            "SELECT ziln_predict(name, {z: z}) FROM t WHERE y > 0",
            "expected the text of a model made by one of the ziln_fit functions, got 'b' in row 1 of the batch",
        ),
        (
            "SELECT ziln_is_model(y) FROM t",
            "ziln_is_model: argument `text`: expected text, got Float64",
        ),
        ("SELECT ziln_gini(y, mu, 2 - y) FROM t", "got -1 in row 2 of the batch, counted from 1"),
        ("SELECT ziln_fit_sgd(y, {day: INTERVAL '1' DAY}) FROM t", "cast another type"),
        ("SELECT ziln_fit_sgd(y, {z: z}, {epoch: 3}) FROM t", "did you mean `epochs`?"),
        ("SELECT ziln_fit_sgd(y, {z: z}, -1) FROM t", "argument `weight`"),
        ("SELECT ziln_fit_sgd(DISTINCT y, {z: z}) FROM t", "DISTINCT"),
        ("SELECT ziln_gini(y, name) FROM t", "argument `prediction`: expected a number"),
        ("SELECT ziln_decile_stats(y, mu, 0) FROM t", "argument `buckets`"),
    ],
)
def test_messages_of_datafusion(ctx: datafusion.SessionContext, query: str, message: str) -> None:
    ctx.from_arrow(FRAME.to_arrow(), "t")
    with pytest.raises(Exception, match=re.escape(message)):
        ctx.sql(query).collect()


def test_a_filter_does_not_shift_the_row(ctx: datafusion.SessionContext) -> None:
    ctx.from_arrow(FRAME.with_columns(g=pl.int_range(3), w=1 - pl.col("y")).to_arrow(), "t")
    for call in ("ziln_gini(y, mu, w)", "ziln_fit_sgd(y, {z: z, name: name}, w)"):
        query = f"SELECT name, {call} FILTER (WHERE g = 2) FROM t GROUP BY name"
        with pytest.raises(Exception, match="got -4 in row 3 of the batch, counted from 1"):
            ctx.sql(query).collect()
        # What the filter leaves out is not looked at.
        assert len(ctx.sql(query.replace("g = 2", "g = 0")).collect()) > 0


@pytest.mark.parametrize("version", ["54.1.0", "56.0.0", "5.5", "550.0"])
def test_another_version_of_datafusion(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(ziln.sql, "version", lambda _: version)
    message = f"needs datafusion>=55,<56, and datafusion {version} is installed"
    with pytest.raises(ImportError, match=re.escape(message)):
        ziln.register_all(datafusion.SessionContext())


def test_no_datafusion(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(ziln.sql, "version", absent)
    with pytest.raises(ImportError, match=re.escape("pip install 'ziln[datafusion]'")):
        ziln.register_all(datafusion.SessionContext())


# --- anything at all --------------------------------------------------------------------------------------------------


class Fuzz:
    """Random columns, models and options, most of them wrong."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rows = self.random.choice([0, 1, 2, 3, 17])
        self.models = [
            random_customers(60, seed=3).select(ziln.fit_sgd("ltv", features, epochs=1)).item()
            for features in (["visits"], ["visits", "channel"], ["recency", "is_new"])
        ]

    def value(self, depth: int = 0) -> Any:
        kinds: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self.random.choice(
                [0.0, -1.0, 1.5, float("nan"), float("inf"), -1e308, 5e-324]
            ),
            lambda: self.random.randint(-(2**62), 2**62),
            lambda: self.random.random() < 0.5,
            lambda: self.random.choice(["", "a", "{}", "null", "\x00", "x" * 50, *self.models]),
            lambda: datetime.date(2026, 1, 1),
            lambda: datetime.timedelta(days=1),
            lambda: b"\xff\x00",
        ]
        if depth < 2:
            kinds.append(lambda: [self.value(depth + 1)] * self.random.randint(0, 4))
            kinds.append(lambda: {name: self.value(depth + 1) for name in self.names()})
        return self.random.choice(kinds)()

    def names(self) -> list[str]:
        pool = ["logit", "mu", "sigma", "raw_sigma", "visits", "channel", "x0", "", "é"]
        return self.random.sample(pool, self.random.randint(1, 4))

    def column(self) -> pl.Expr:
        size = self.random.choice([self.rows, self.rows, self.rows, 1, self.rows + 1])
        template = self.value()
        values = [template if self.random.random() < 0.8 else None for _ in range(size)]
        return pl.lit(pl.Series("", values, strict=False))

    def model(self) -> pl.Expr:
        texts = []
        for _ in range(max(1, self.rows)):
            text = self.random.choice(self.models)
            for _ in range(self.random.choice([0, 0, 1, 5])):
                place = self.random.randrange(len(text))
                piece = self.random.choice(
                    ["", "{", "]", "9e999", "null", "-", '"', "[" * 200, "1e400"]
                )
                text = text[:place] + piece + text[place + self.random.randint(0, 9) :]
            texts.append(text)
        return pl.lit(pl.Series("", texts))

    def options(self) -> dict[str, Any]:
        names = [name for name, *_ in ziln._ziln.training_options()]
        values = [
            -1,
            0,
            1,
            3,
            0.5,
            float("nan"),
            float("inf"),
            2**70,
            "adam",
            "",
            True,
            *self.models,
        ]
        chosen = self.random.sample(names, self.random.randint(0, 3))
        options = {name: self.random.choice(values) for name in chosen}
        return {"epochs": 1, **options}

    def expression(self) -> pl.Expr:
        calls: list[Callable[[], pl.Expr]] = [
            lambda: ziln.loss(self.column(), *self.params()),
            lambda: ziln.expected_ltv(*self.params()),
            lambda: ziln.quantile(self.column(), *self.params()),
            lambda: ziln.crps(self.column(), *self.params()),
            lambda: ziln.params(self.column(), self.column(), self.column()),
            lambda: ziln.from_logits(*self.params()),
            lambda: ziln.predict(self.column(), self.column()),
            lambda: ziln.predict(self.model(), self.features()),
            lambda: ziln.model_info(self.model()),
            lambda: ziln.weights(self.model()),
            lambda: ziln.is_model(self.column()),
            lambda: ziln.explain(self.model(), self.features()),
            lambda: ziln.params_error(self.model(), self.features()),
            lambda: ziln.fit_newton(self.column(), self.features(), weight=self.column()),
            lambda: ziln.fit_prior(self.column(), self.features(), self.column()),
            lambda: ziln.fit_sgd(self.column(), self.features(), **self.options()),
            lambda: ziln.fit_sgd(self.column(), self.column(), weight=self.column(), epochs=1),
            lambda: ziln.evaluate(self.column(), *self.params(), weight=self.column()),
            lambda: ziln.gini(self.column(), self.column()),
            lambda: ziln.spearman(self.column(), self.column()),
            lambda: ziln.decile_stats(
                self.column(), self.column(), buckets=self.random.choice([-1, 0, 3, 10**9, 2**63])
            ),
        ]
        return self.random.choice(calls)()

    def params(self) -> list[pl.Expr]:
        return [self.column() for _ in range(self.random.choice([1, 3]))]

    def features(self) -> pl.Expr:
        return pl.struct(self.column().alias(name) for name in self.names())


@pytest.mark.parametrize("block", range(10))
def test_anything_gives_a_result_or_an_exception(block: int) -> None:
    """A panic would be named in the message; a crash would end this process."""
    messages = []
    for seed in range(100):
        fuzz = Fuzz(1000 * block + seed)
        frame = pl.DataFrame({"row": range(fuzz.rows)})
        try:
            expression = fuzz.expression()
            frame.select("row", result=expression)
        except (pl.exceptions.PolarsError, TypeError) as error:
            messages.append(str(error))
    assert not [message for message in messages if "panic" in message.lower()]
    assert 20 < len(messages) < 100


SQL_VALUES = [
    "NULL", "0", "-1.5", "1e308", "arrow_cast('nan', 'Float64')", "TRUE", "'a'", "''", "'{}'", "x'ff00'",
    "DATE '2026-01-01'", "INTERVAL '1' DAY", "make_array(1, 2)", "make_array(0.1, 0.2, 0.3)", "make_array()",
    "make_array(NULL, 1, 2)", "{logit: 1, mu: 2, sigma: 3}", "{logit: 'a', mu: 2, sigma: 3}", "{a: {b: 1}}",
    "y", "name", "day", "text", "object", "{z: z, name: name}", "{z: z, day: day}", "{epochs: -1}",
    "{epochs: 1}", "{init: text}", "{init: 'x'}", "{epochs: 'many'}", "arrow_cast(1.5, 'Decimal128(10, 2)')",
    "arrow_cast('a', 'Dictionary(Int32, Utf8)')", "arrow_cast(1, 'Float16')", "CAST(NULL AS DOUBLE)",
]  # fmt: skip


@pytest.mark.parametrize("block", range(10))
def test_anything_in_datafusion(ctx: datafusion.SessionContext, block: int) -> None:
    """Calls over the FFI border with any arguments; a panic there would end this process."""
    ctx.from_arrow(FRAME.to_arrow(), "t")
    scalars = [function.name for function in ziln._ziln.scalar_functions()]
    aggregates = [function.name for function in ziln._ziln.aggregate_functions()]
    source = random.Random(block)
    messages = []
    for _ in range(100):
        name = source.choice([*scalars, *aggregates])
        arguments = source.choices(SQL_VALUES, k=source.randint(0, 5))
        if name == "ziln_predict" and source.random() < 0.5:
            arguments = [f"'{model()}'", source.choice(SQL_VALUES)]
        try:
            ctx.sql(f"SELECT {name}({', '.join(arguments)}) AS result FROM t").collect()
        except Exception as error:
            messages.append(str(error))
    assert not [message for message in messages if "panic" in message.lower()]
    assert 20 < len(messages) <= 100


# A query in which each step of an aggregate comes up.
PANICS = {
    "plan": "SELECT ziln_panicking(y) FROM t",
    "update": "SELECT ziln_panicking(y) FROM t",
    "state": "SELECT ziln_panicking(y) FROM t",
    "merge": "SELECT ziln_panicking(y) FROM t",
    "finish": "SELECT name, ziln_panicking(y) FROM t GROUP BY name",
    "size": "SELECT name, ziln_panicking(y) FROM t GROUP BY name",
}


PANICKING = getattr(ziln._ziln, "panicking_aggregate", None)


@pytest.mark.skipif(PANICKING is None, reason="a release build has no such function")
@pytest.mark.parametrize("step", PANICS)
def test_a_panic_in_an_aggregate_is_an_exception(step: str) -> None:
    config = datafusion.SessionConfig().with_target_partitions(2)
    ctx = datafusion.SessionContext(config)
    rows = FRAME.to_arrow().to_batches()
    ctx.register_record_batches("t", [rows, rows])
    assert PANICKING is not None
    ctx.register_udaf(datafusion.udaf(PANICKING(step)))
    with pytest.raises(Exception, match=f"ziln_panicking: internal error: met a panic in {step}"):
        ctx.sql(PANICS[step]).collect()
    # The process lives on, and so does the session.
    ctx.register_udaf(datafusion.udaf(PANICKING("nothing")))
    assert ctx.sql(PANICS[step]).collect()
