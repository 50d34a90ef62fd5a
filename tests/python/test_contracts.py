"""Nulls, types, lengths and layouts of the inputs, in Polars."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from conftest import Engine, random_customers
from polars.testing import assert_frame_equal, assert_series_equal

import ziln
from ziln._arguments import Features

RAW = ("logit", "mu", "raw_sigma")
PARAMS = pl.Struct({"logit": pl.Float64, "mu": pl.Float64, "sigma": pl.Float64})


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "label": [0.0, 1.5, 20.0, -3.0],
            "logit": [0.5, -1.0, 2.0, 0.0],
            "mu": [0.5, 1.0, 2.0, 3.0],
            "raw_sigma": [0.25, -0.5, 1.0, 0.0],
        }
    )


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    return random_customers(400, seed=5)


# --- nulls and NaN ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["label", *RAW])
def test_a_null_in_any_input_gives_null(frame: pl.DataFrame, column: str) -> None:
    holed = frame.with_row_index().with_columns(
        pl.when(pl.col("index") == 1).then(None).otherwise(column).alias(column)
    )
    for form in (
        [pl.col(name) for name in RAW],
        [pl.concat_list(RAW)],
        [pl.concat_list(RAW).list.to_array(3)],
        [pl.struct("logit", "mu", sigma=pl.col("raw_sigma").exp())],
    ):
        loss = holed.select(ziln.loss("label", *form)).to_series()
        assert loss.is_null().to_list() == [False, True, False, False]
    params = holed.select(ziln.from_logits(*RAW)).to_series()
    assert params.is_null().to_list() == [False, column != "label", False, False]


def test_null_lists_and_structs_give_null(frame: pl.DataFrame) -> None:
    is_second = pl.int_range(pl.len()) == 1
    for form in (pl.concat_list(RAW), pl.concat_list(RAW).list.to_array(3), ziln.from_logits(*RAW)):
        result = frame.select(ziln.expected_ltv(pl.when(~is_second).then(form))).to_series()
        whole = frame.select(ziln.expected_ltv(form)).to_series()
        assert result.is_null().to_list() == [False, True, False, False]
        assert_series_equal(result.drop_nulls(), whole.gather([0, 2, 3]), check_exact=True)


def test_an_untyped_null_gives_null(frame: pl.DataFrame) -> None:
    assert frame.select(ziln.loss(pl.lit(None), *RAW)).to_series().null_count() == 4
    assert frame.select(ziln.loss("label", pl.lit(None))).to_series().null_count() == 4
    assert frame.select(ziln.predict(pl.lit(None), ["mu"])).to_series().null_count() == 4


@pytest.mark.parametrize("column", ["label", *RAW])
def test_nan_gives_nan(frame: pl.DataFrame, column: str) -> None:
    loss = frame.with_columns(pl.lit(float("nan")).alias(column)).select(ziln.loss("label", *RAW))
    assert loss.to_series().is_nan().all()


def test_overflow_is_infinite() -> None:
    assert pl.select(ziln.expected_ltv(0.0, 800.0, 1.0)).item() == float("inf")


# --- types ------------------------------------------------------------------------------------------------------------

NUMERIC = [
    pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64,
    pl.Float32, pl.Float64, pl.Decimal(10, 2),
]  # fmt: skip


@pytest.mark.parametrize("dtype", NUMERIC, ids=str)
def test_every_numeric_type_is_read(dtype: pl.DataType) -> None:
    whole = pl.DataFrame({"y": [0, 3, 7], "z": [1, 0, 2], "mu": [2, 1, 0], "s": [1, 2, 3]})
    expected = whole.select(
        ziln.loss("y", "z", "mu", "s"), ltv=ziln.expected_ltv(pl.concat_list("z", "mu", "s"))
    )
    typed = whole.select(pl.all().cast(dtype))
    lists = pl.concat_list("z", "mu", "s")
    for form in (lists, lists.list.to_array(3)):
        actual = typed.select(ziln.loss("y", "z", "mu", "s"), ltv=ziln.expected_ltv(form))
        assert actual.dtypes == [pl.Float64, pl.Float64]
        assert_frame_equal(actual, expected, check_exact=True)


def test_results_have_their_documented_types(frame: pl.DataFrame, customers: pl.DataFrame) -> None:
    features = ["visits", "channel"]
    model = ziln.fit_sgd("ltv", features, epochs=1)
    lazy = frame.lazy().select(
        ziln.loss("label", *RAW), ziln.from_logits(*RAW), ziln.gini("label", "mu")
    )
    assert lazy.collect_schema() == {"loss": pl.Float64, "from_logits": PARAMS, "gini": pl.Float64}
    lazy = (
        customers.lazy()
        .select(model)
        .select(
            "model",
            ziln.predict("model", pl.struct(visits=1, channel=pl.lit("mail"))),
            ziln.model_info("model"),
            ziln.weights("model"),
        )
    )
    assert lazy.collect_schema() == lazy.collect().schema
    for aggregate in (ziln.evaluate("label", *RAW), ziln.decile_stats("label", "mu")):
        lazy = frame.lazy().select(aggregate)
        assert lazy.collect_schema() == lazy.collect().schema


# --- lengths and layouts ----------------------------------------------------------------------------------------------


def test_literals_stand_for_every_row(frame: pl.DataFrame) -> None:
    constant = frame.with_columns(mu=1.5, label=pl.lit(2))
    expected = constant.select(ziln.loss("label", *RAW))
    assert_frame_equal(frame.select(ziln.loss(2, "logit", 1.5, "raw_sigma")), expected)
    assert_frame_equal(
        frame.lazy().select(ziln.loss(2, "logit", 1.5, "raw_sigma")).collect(engine="streaming"),
        expected,
    )
    one = frame.select(ziln.loss("label", 0.1, 0.2, 0.3))
    for form in (pl.lit(pl.Series([[0.1, 0.2, 0.3]])), ziln.from_logits(0.1, 0.2, 0.3)):
        assert_frame_equal(frame.select(ziln.loss("label", form)), one, check_exact=True)
    grouped = frame.group_by("label", maintain_order=True).agg(x=ziln.loss("label", 0.1, 0.2, 0.3))
    assert_series_equal(grouped["x"].explode(), one["loss"], check_names=False, check_exact=True)
    assert frame.with_columns(ltv=ziln.expected_ltv(0.1, 0.2, 0.3))["ltv"].n_unique() == 1


def test_series_stand_for_columns(frame: pl.DataFrame) -> None:
    series = pl.select(ziln.loss(*(frame[name] for name in frame.columns))).to_series()
    assert_series_equal(series, frame.select(ziln.loss(*frame.columns)).to_series())


def test_columns_of_different_lengths_are_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        frame.select(ziln.loss(pl.Series([1.0, 2.0, 3.0]), *RAW))


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_empty_frames(frame: pl.DataFrame, customers: pl.DataFrame, engine: Engine) -> None:
    nobody = frame.clear().lazy()
    scalars = nobody.select(
        ziln.loss("label", *RAW), ziln.loss(1.0, "logit", 2, 3).alias("literals"),
        lists=ziln.expected_ltv(pl.concat_list(RAW)),
        arrays=ziln.expected_ltv(pl.concat_list(RAW).list.to_array(3)),
        params=ziln.from_logits(*RAW),
    ).collect(engine=engine)  # fmt: skip
    assert scalars.height == 0
    aggregates = customers.clear().lazy().select(
        ziln.fit_sgd("ltv", ["visits", "channel"], weight="weight"),
        ziln.gini("ltv", "visits"), ziln.spearman("ltv", "visits"),
        ziln.evaluate("ltv", "visits", "visits", "visits").struct.field("rows"),
        ziln.decile_stats("ltv", "visits").list.len(),
    ).collect(engine=engine)  # fmt: skip
    assert aggregates.row(0) == (None, None, None, 0, None)
    groups = customers.clear().group_by("campaign").agg(ziln.fit_sgd("ltv", ["visits"]))
    assert groups.schema == {"campaign": pl.Int64, "model": pl.String}


def test_groups_of_one_row(customers: pl.DataFrame) -> None:
    frame = customers.with_row_index("row").drop_nulls("ltv")
    models = frame.group_by("row").agg(
        ziln.fit_sgd("ltv", ["visits", "channel"], epochs=1),
        ziln.evaluate("ltv", 0.0, "visits", 1.0).struct.field("rows"),
        pl.col("ltv").first(),
    )
    assert (models["model"].is_null() == (models["ltv"] <= 0)).all()
    assert (models["rows"] == 1).all()


@pytest.mark.parametrize("layout", ["chunked", "sliced", "both"])
def test_layouts_of_series(customers: pl.DataFrame, layout: str) -> None:
    features = ["visits", "recency", "channel", "is_new", "list", "array"]
    frame = customers.with_columns(
        list=pl.concat_list("visits", "visits"),
        params=pl.concat_list(pl.col("visits") / 2, "visits", pl.lit(0.5)),
        kind=pl.col("channel").cast(pl.Categorical),
    )
    frame = frame.with_columns(
        array=pl.col("params").list.to_array(3), struct=ziln.from_logits("params")
    )
    features = ["visits", "recency", "channel", "is_new", "kind"]
    scrap = frame.head(7)
    if layout == "sliced":
        other = pl.concat([scrap, frame, scrap], rechunk=True).slice(7, frame.height)
    else:
        other = pl.concat([frame.head(1), frame.slice(1, 150), frame.slice(151)], rechunk=False)
    if layout == "both":
        other = pl.concat([scrap, other], rechunk=False).slice(7)
    assert_frame_equal(other, frame)

    model = customers.select(ziln.fit_sgd("ltv", features[:4], epochs=5)).item()
    for query in (
        ziln.loss("ltv", "params"),
        ziln.loss("ltv", "array"),
        ziln.loss("ltv", "struct"),
        ziln.predict(model, features[:4]),
        ziln.fit_sgd("ltv", features, weight="weight", epochs=5),
        ziln.fit_sgd("ltv", "list", epochs=5),
        ziln.fit_sgd("ltv", "array", epochs=5),
        ziln.evaluate("ltv", "params", weight="weight"),
        ziln.decile_stats("ltv", "visits"),
    ):
        assert_frame_equal(other.select(query), frame.select(query), check_exact=True)


def test_several_columns_at_once(frame: pl.DataFrame) -> None:
    both = frame.select(ziln.loss(pl.col("label", "mu"), *RAW).name.keep())
    assert both.columns == ["label", "mu"]
    assert_series_equal(
        both["mu"], frame.select(ziln.loss("mu", *RAW)).to_series(), check_names=False
    )


# --- features and models ----------------------------------------------------------------------------------------------


def test_forms_of_features(customers: pl.DataFrame) -> None:
    names = ["visits", "recency"]
    model = customers.select(ziln.fit_sgd("ltv", names, epochs=5)).item()
    forms: list[Features] = [
        pl.struct(names),
        pl.struct(pl.col(names)),
        pl.col(names),
        cs.by_name(names),
        [pl.col("visits"), "recency"],
        ("visits", pl.col("recency").cast(pl.Float64)),
        (name for name in names),
    ]
    for features in forms:
        assert customers.select(ziln.fit_sgd("ltv", features, epochs=5)).item() == model
    numbered = customers.rename({"visits": "x0", "recency": "x1"})
    lists = pl.concat_list(pl.col("x0").cast(pl.Float64), "x1")
    for features in (lists, lists.list.to_array(2)):
        by_list = numbered.select(ziln.fit_sgd("ltv", features, epochs=5)).item()
        assert by_list == numbered.select(ziln.fit_sgd("ltv", ["x0", "x1"], epochs=5)).item()


@pytest.mark.parametrize("name", ["visits", "channel"])
def test_a_single_column_keeps_its_name(customers: pl.DataFrame, name: str) -> None:
    model = customers.select(ziln.fit_sgd("ltv", [name], epochs=5)).item()
    predicted = customers.select(ziln.predict(model, [name]))
    for features in (name, pl.col(name)):
        assert customers.select(ziln.fit_sgd("ltv", features, epochs=5)).item() == model
        assert_frame_equal(customers.select(ziln.predict(model, features)), predicted)
    other = customers.group_by("campaign").agg(ziln.fit_newton("ltv", pl.col(name).alias("other")))
    names = other.select(ziln.weights("model").explode()).unnest("weights")["feature"]
    assert names.drop_nulls().unique().to_list() == ["other"]
    if name == "visits":
        started = customers.select(ziln.newton_start("ltv", name)).item()
        done = customers.select(ziln.newton_step("ltv", name, started)).item()
        assert done == customers.select(ziln.newton_step("ltv", [name], started)).item()
        passes = ziln.fit_passes(customers.lazy(), "ltv", name)
        assert passes.equals(ziln.fit_passes(customers.lazy(), "ltv", [name]))


def test_features_are_matched_by_name(customers: pl.DataFrame) -> None:
    model = customers.select(ziln.fit_sgd("ltv", ["visits", "channel"], epochs=5)).item()
    expected = customers.select(ziln.predict(model, ["visits", "channel"]))
    assert_frame_equal(customers.select(ziln.predict(model, ["channel", "visits"])), expected)
    assert_frame_equal(customers.select(ziln.predict(model, pl.struct(pl.all()))), expected)
    dates = customers.with_columns(when=pl.date(2026, 1, 1))
    assert_frame_equal(dates.select(ziln.predict(model, pl.all())), expected)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["unseen", "mail", "social", "search"])])
def test_encodings_of_strings_do_not_matter(customers: pl.DataFrame, dtype: pl.DataType) -> None:
    encoded = customers.with_columns(pl.col("channel").cast(dtype))
    fit = ziln.fit_sgd("ltv", ["visits", "channel"], epochs=5)
    models = customers.group_by("campaign").agg(fit).sort("campaign")
    assert_frame_equal(encoded.group_by("campaign").agg(fit).sort("campaign"), models)
    predict = ziln.predict(models["model"][0], ["visits", "channel"])
    assert_frame_equal(encoded.select(predict), customers.select(predict), check_exact=True)


def test_long_strings_are_levels_too(customers: pl.DataFrame) -> None:
    long = pl.format("a long name of a channel: {}", "channel")
    model = customers.select(ziln.fit_sgd("ltv", [long.alias("channel")], epochs=5)).item()
    levels = json.loads(model)["features"][0]["encoding"]["categorical"]["levels"]
    assert levels == [
        None,
        *(f"a long name of a channel: {name}" for name in ("mail", "search", "social")),
    ]


def test_missing_and_unknown_features(customers: pl.DataFrame) -> None:
    model = customers.select(ziln.fit_sgd("ltv", ["visits", "channel"], epochs=5)).item()
    mean = json.loads(model)["features"][0]["encoding"]["numeric"]["mean"]
    rows = pl.DataFrame(
        {"visits": [None, float("nan"), float("inf"), mean], "channel": ["mail"] * 4}
    )
    params = rows.select(ziln.predict(model, ["visits", "channel"])).to_series()
    assert params.n_unique() == 1
    unknown = pl.DataFrame({"visits": [mean], "channel": ["pigeon"]})
    logit = unknown.select(ziln.predict(model, ["visits", "channel"])).to_series()[0]["logit"]
    assert logit == json.loads(model)["weights"]["logit"]["intercept"]


def test_forms_of_models(customers: pl.DataFrame) -> None:
    models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", ["visits"], epochs=5))
    text = models["model"][0]
    expected = customers.select(ziln.predict(text, ["visits"]))
    assert_frame_equal(customers.select(ziln.predict(pl.lit(text), ["visits"])), expected)
    assert_frame_equal(
        customers.select(ziln.predict(models["model"].head(1), ["visits"])), expected
    )
    assert_frame_equal(
        customers.with_columns(m=pl.lit(text)).select(ziln.predict("m", ["visits"])), expected
    )
    category = customers.with_columns(m=pl.lit(text).cast(pl.Categorical))
    assert_frame_equal(category.select(ziln.predict("m", ["visits"])), expected)
    streamed = customers.lazy().select(ziln.predict(text, ["visits"])).collect(engine="streaming")
    assert_frame_equal(streamed, expected)
    one_customer = models.select(ziln.predict("model", pl.struct(visits=3)))
    each = [pl.select(ziln.predict(model, pl.struct(visits=3))).item() for model in models["model"]]
    assert one_customer.to_series().to_list() == each


def test_an_untyped_null_is_a_missing_feature(customers: pl.DataFrame) -> None:
    model = customers.select(ziln.fit_sgd("ltv", ["visits", "channel"], epochs=5)).item()
    of_strings = customers.with_columns(channel=pl.lit(None, dtype=pl.String))
    of_nothing = customers.with_columns(channel=pl.lit(None))
    assert of_nothing["channel"].dtype == pl.Null
    for text in (model, pl.when(pl.col("visits") > 1).then(pl.lit(model))):
        predict = ziln.predict(text, ["visits", "channel"])
        expected = of_strings.select(predict)
        assert_frame_equal(of_nothing.select(predict), expected, check_exact=True)
        literal = ziln.predict(text, ["visits", pl.lit(None).alias("channel")])
        assert_frame_equal(customers.select(literal), expected, check_exact=True)
    numbers = customers.with_columns(visits=pl.lit(None, dtype=pl.Float64))
    nothing = customers.with_columns(visits=pl.lit(None))
    predict = ziln.predict(model, ["visits", "channel"])
    assert_frame_equal(nothing.select(predict), numbers.select(predict), check_exact=True)


def test_an_untyped_null_weight_is_none(customers: pl.DataFrame) -> None:
    model = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=5)).item()
    untyped = ziln.fit_sgd("ltv", ["visits"], weight=pl.lit(None), epochs=5)
    assert customers.select(untyped).item() == model
    typed = ziln.fit_sgd("ltv", ["visits"], weight=pl.lit(None, dtype=pl.Float64), epochs=5)
    assert customers.select(typed).item() is None


def test_two_features_of_one_name_are_an_error(customers: pl.DataFrame) -> None:
    twice: list[str | pl.Expr] = ["visits", "channel", pl.col("weight").alias("visits")]
    for call in (ziln.fit_sgd("ltv", twice), ziln.predict("text", twice)):
        with pytest.raises(pl.exceptions.DuplicateError, match="visits"):
            customers.with_columns(text=pl.lit("")).select(call)


def test_a_null_model_predicts_null(customers: pl.DataFrame) -> None:
    models = customers.group_by("campaign").agg(
        ziln.fit_sgd("ltv", ["visits", "channel"], epochs=5)
    )
    models = models.with_columns(model=pl.when(pl.col("campaign") != 2).then("model"))
    frame = customers.join(models, on="campaign", maintain_order="left")
    params = frame.select(ziln.predict("model", ["visits", "channel"])).to_series()
    assert (params.is_null() == (frame["campaign"] == 2)).all()
    assert models.select(ziln.model_info("model")).to_series().null_count() == 1
    assert models.select(ziln.weights("model")).to_series().null_count() == 1


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_query_goes_on_without_broken_models(customers: pl.DataFrame, engine: Engine) -> None:
    features = ["visits", "channel"]
    models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", features, epochs=2))
    text = pl.col("model")
    models = models.with_columns(
        model=pl.when(pl.col("campaign") == 2)
        .then(text.str.head(50))
        .when(pl.col("campaign") == 1)
        .then(None)
        .otherwise(text)
    )
    frame = customers.join(models, on="campaign", maintain_order="left")
    sound = pl.when(ziln.is_model("model")).then("model")
    query = frame.lazy().select("campaign", ziln.is_model("model"), ziln.predict(sound, features))
    assert query.collect_schema()["is_model"] == pl.Boolean
    scored = query.collect(engine=engine)
    campaign = scored["campaign"]
    assert (scored["is_model"].is_null() == (campaign == 1)).all()
    assert (scored["is_model"].fill_null(value=False) == ~campaign.is_in([1, 2])).all()
    assert (scored["params"].is_null() == campaign.is_in([1, 2])).all()
    whole = frame.filter(~pl.col("campaign").is_in([1, 2])).select(ziln.predict("model", features))
    assert_series_equal(scored["params"].drop_nulls(), whole["params"], check_exact=True)


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["", "{}", "\0é"])])
def test_no_text_is_an_error_of_is_model(dtype: pl.DataType) -> None:
    texts = pl.Series("t", ["", None, "{}", "\0é"], dtype=pl.String).cast(dtype)
    result = texts.to_frame().select(ziln.is_model("t")).to_series()
    assert result.to_list() == [False, None, False, False]
    assert pl.select(ziln.is_model('{"a":')).item() is False
    assert pl.select(ziln.is_model(pl.lit(None))).item() is None
    assert texts.clear().to_frame().select(ziln.is_model("t")).to_series().dtype == pl.Boolean


def test_an_evaluation_survives_rows_without_a_finite_prediction(frame: pl.DataFrame) -> None:
    bad = pl.DataFrame({"label": [1.0, 0.0, 2.0, 5.0]}).with_columns(
        logit=pl.Series([float("nan"), 0.0, 0.0, 0.0]),
        mu=pl.Series([0.0, float("inf"), 0.0, 900.0]),
        raw_sigma=pl.Series([0.0, 0.0, float("nan"), 0.0]),
    )
    clean = frame.select(ziln.evaluate("label", *RAW)).item()
    both = pl.concat([bad, frame]).select(ziln.evaluate("label", *RAW)).item()
    assert both == {**clean, "non_finite": 4}
    assert clean["non_finite"] == 0


# --- labels, weights, groups ------------------------------------------------------------------------------------------


def test_rows_that_do_not_count(customers: pl.DataFrame) -> None:
    usable = customers.drop_nulls(["ltv", "weight"]).filter(pl.col("weight") > 0)
    fit = ziln.fit_sgd("ltv", ["visits"], weight="weight", epochs=5)
    assert customers.select(fit).item() == usable.select(fit).item()
    evaluate = ziln.evaluate("ltv", 0.0, "visits", 1.0, weight="weight")
    assert customers.select(evaluate).item() == usable.select(evaluate).item()


def test_a_group_that_cannot_be_fitted_gives_null(customers: pl.DataFrame) -> None:
    frame = customers.with_columns(ltv=pl.when(pl.col("campaign") != 1).then("ltv").otherwise(0.0))
    models = (
        frame.group_by("campaign").agg(ziln.fit_sgd("ltv", ["visits"], epochs=5)).sort("campaign")
    )
    assert models["model"].is_null().to_list() == [False, True, False, False, False]


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_contexts_of_training(customers: pl.DataFrame, engine: Engine) -> None:
    fit = ziln.fit_sgd("ltv", ["visits", "channel"], weight="weight", epochs=5)
    alone = {
        campaign: customers.filter(campaign=campaign).select(fit).item() for campaign in range(5)
    }
    grouped = customers.lazy().group_by("campaign").agg(fit).collect(engine=engine)
    assert dict(grouped.iter_rows()) == alone
    over = customers.lazy().with_columns(fit.over("campaign")).collect(engine=engine)
    assert dict(over.select("campaign", "model").unique().iter_rows()) == alone
    selected = customers.lazy().select(fit).collect(engine=engine)
    assert selected.height == 1
    filtered = customers.lazy().select(
        ziln.fit_sgd(
            pl.col("ltv").filter(campaign=3),
            pl.struct(pl.col("visits", "channel").filter(campaign=3)),
            weight=pl.col("weight").filter(campaign=3),
            epochs=5,
        )
    )
    assert filtered.collect(engine=engine).item() == alone[3]


def test_every_option_reaches_the_model(customers: pl.DataFrame) -> None:
    given: dict[str, object] = {
        "epochs": 7, "batch_size": 64, "learning_rate": 0.01, "optimizer": "momentum", "schedule": "linear",
        "clip_norm": 0.5, "seed": 3, "validation_fraction": 0.25, "patience": 9, "max_sigma": 2.5, "min_count": 4,
    }  # fmt: skip
    model = customers.select(ziln.fit_sgd("ltv", ["visits"], **given)).item()  # type: ignore[arg-type]
    options = json.loads(model)["options"] | {"max_sigma": json.loads(model)["max_sigma"]}
    assert {name: options[name] for name in given} == given
    numpy = {"epochs": np.int64(7), "batch_size": np.int32(64), "learning_rate": np.float64(0.01)}
    assert customers.select(ziln.fit_sgd("ltv", ["visits"], **{**given, **numpy})).item() == model  # type: ignore[arg-type]


def test_training_continues_from_a_model(customers: pl.DataFrame) -> None:
    first = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=3, keep_state=True)).item()
    second = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=3, init=first)).item()
    info = pl.select(ziln.model_info(second)).item()
    assert second != first
    assert info["epochs_run"] >= 3


def test_decimals_are_numbers() -> None:
    frame = pl.DataFrame({"ltv": [Decimal("0.00"), Decimal("12.50")], "visits": [1, 2]})
    as_float = frame.with_columns(pl.col("ltv").cast(pl.Float64))
    fit = ziln.fit_sgd("ltv", ["visits"], epochs=2)
    assert frame.select(fit).item() == as_float.select(fit).item()


# --- streaming --------------------------------------------------------------------------------------------------------


def test_elementwise_functions_stream(frame: pl.DataFrame) -> None:
    model = (
        pl.DataFrame({"ltv": [0.0, 3.0], "mu": [0, 1]}).select(ziln.fit_sgd("ltv", ["mu"])).item()
    )
    for expression in (
        ziln.loss("label", *RAW),
        ziln.expected_ltv(ziln.predict(model, ["mu"])),
        ziln.quantile(0.9, *RAW),
    ):
        plan = (
            frame.lazy()
            .select(expression)
            .show_graph(raw_output=True, engine="streaming", plan_stage="physical")
        )
        assert plan is not None
        assert "in-memory-map" not in plan
        assert "columnar-function" not in plan


def test_the_loss_fuses_into_a_streaming_group_by(frame: pl.DataFrame) -> None:
    lazy = frame.lazy().group_by("label").agg(ziln.loss("label", *RAW).mean())
    plan = lazy.show_graph(raw_output=True, engine="streaming", plan_stage="physical")
    assert plan is not None
    assert "in-memory-map" not in plan
    trained = frame.lazy().group_by("label").agg(ziln.fit_sgd("label", ["mu"]))
    plan = trained.show_graph(raw_output=True, engine="streaming", plan_stage="physical")
    assert plan is not None
    assert "in-memory-map" in plan  # so the absence above proves something


@pytest.mark.parametrize("metric", [ziln.gini, ziln.evaluate])
def test_an_untyped_null_weight_of_a_metric_is_none(
    metric: Callable[..., pl.Expr], frame: pl.DataFrame
) -> None:
    arguments = ["label", "mu"] if metric is ziln.gini else ["label", *RAW]
    plain = frame.select(metric(*arguments)).item()
    assert frame.select(metric(*arguments, weight=pl.lit(None))).item() == plain


def test_metrics_without_a_row() -> None:
    nothing = pl.DataFrame({"y": [None], "x": [1.0]}, schema={"y": pl.Float64, "x": pl.Float64})
    assert nothing.select(ziln.decile_stats("y", "x")).item() is None
    assert nothing.select(ziln.gini("y", "x")).item() is None
    assert nothing.select(ziln.evaluate("y", "x", "x", "x").struct.field("rows")).item() == 0


def test_errors_and_plans_do_not_print_the_model(customers: pl.DataFrame) -> None:
    model = customers.select(ziln.fit_sgd("ltv", ["visits"], epochs=1)).item()
    query = customers.lazy().select(ziln.predict(model, ["ltv"]))
    assert "weights" not in query.explain()
    with pytest.raises(pl.exceptions.ComputeError, match="needs a feature `visits`") as error:
        query.collect()
    assert "weights" not in str(error.value)
    for about in (ziln.model_info(model), ziln.weights(model), ziln.predict(model, ["visits"])):
        assert customers.with_columns(about).height == customers.height
