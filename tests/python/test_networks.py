"""Networks as matrices, and what models with hidden layers say in both engines."""

from __future__ import annotations

import itertools
import json
from typing import Any

import datafusion
import numpy as np
import polars as pl
import pytest
from conftest import Engine, random_customers
from polars.testing import assert_frame_equal, assert_series_equal

import ziln
from ziln.networks import Categorical, Encoding, Layer, Network, Numeric

FEATURES = ["visits", "recency", "channel", "is_new"]
SQL_FEATURES = "{visits: visits, recency: recency, channel: channel, is_new: is_new}"
STORES = [None, "north", "south"]


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    return customers_of_a_product(4000)


def customers_of_a_product(rows: int) -> pl.DataFrame:
    """Customers whose heads depend on a product."""
    random = np.random.default_rng(5)
    frame = random_customers(rows, seed=3)
    a, b = random.normal(size=(2, frame.height))
    pays = random.random(frame.height) < 1 / (1 + np.exp(-2 * a * b))
    ltv = np.where(pays, np.exp(2 + np.abs(a) + 0.5 * random.normal(size=frame.height)), 0.0)
    return frame.with_columns(visits=a, recency=b, ltv=ltv)


@pytest.fixture(scope="module")
def model(customers: pl.DataFrame) -> str:
    text: str = customers.select(ziln.fit_sgd("ltv", FEATURES, hidden=[12, 6])).item()
    return text


def random_layers(random: np.random.Generator, *widths: int) -> list[Layer]:
    return [
        Layer(
            random.normal(scale=inputs**-0.5, size=(units, inputs)).astype(np.float32),
            random.normal(scale=0.3, size=units).astype(np.float32),
        )
        for inputs, units in itertools.pairwise(widths)
    ]


def random_rows(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "recency": random.normal(30.0, 12.0, rows),
            "store": [[*STORES, "unknown"][code] for code in random.integers(0, 4, rows)],
            "visits": random.exponential(3.0, rows),
        }
    )


def standardized(
    encoding: Numeric, column: pl.Series, ends: tuple[float, float] | None
) -> np.ndarray:
    """A number as it goes in; a missing one is the mean."""
    x = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    x = np.where(np.isfinite(x), x, encoding.mean)
    held = x if ends is None else np.clip(x, *ends)
    standard: np.ndarray = (held - encoding.mean) / encoding.scale
    return standard


def inputs_of(parts: Network, frame: pl.DataFrame, *, of_amount: bool) -> np.ndarray:
    """What goes into the first layer, as the logit sees it, or as mu and raw sigma do."""
    numbers, vectors = [], []
    for name, encoding in parts.features.items():
        column = frame[name]
        if isinstance(encoding, Numeric):
            ends = encoding.range
            if of_amount and encoding.payer_range is not None:
                ends = encoding.payer_range
            numbers.append(standardized(encoding, column, ends))
        else:
            known = np.asarray(encoding.vectors)
            by_level = dict(zip(encoding.levels, known, strict=True))
            zeros = np.zeros(known.shape[1])
            vectors.append(np.array([by_level.get(level, zeros) for level in column]))
    return np.column_stack([*numbers, *vectors])


def forward(parts: Network, frame: pl.DataFrame) -> np.ndarray:
    """The heads by NumPy in double precision, the linear ones left out."""
    logit, amount = (through(parts, inputs_of(parts, frame, of_amount=of)) for of in (False, True))
    return np.column_stack([logit[:, :1], amount[:, 1:]])


def through(parts: Network, x: np.ndarray) -> np.ndarray:
    """What inputs come to in the last layer."""
    for weights, biases in parts.layers[:-1]:
        x = np.maximum(x @ np.asarray(weights, dtype=float).T + np.asarray(biases), 0.0)
    weights, biases = parts.layers[-1]
    heads: np.ndarray = x @ np.asarray(weights, dtype=float).T + np.asarray(biases)
    return heads


def wide_heads(parts: Network, frame: pl.DataFrame) -> np.ndarray:
    """The linear heads."""
    weights, intercepts = np.asarray(parts.wide.weights), np.asarray(parts.wide.biases)
    heads = np.tile(intercepts, (frame.height, 1))
    place = 0
    for name, encoding in parts.features.items():
        if isinstance(encoding, Numeric):
            for head in range(3):
                ends = encoding.range if head == 0 else encoding.payer_range
                heads[:, head] += weights[head, place] * standardized(encoding, frame[name], ends)
            place += 1
        else:
            for level in encoding.levels:
                heads += np.outer(frame[name].eq_missing(level).to_numpy(), weights[:, place])
                place += 1
    return heads


def predicted(model: str, frame: pl.DataFrame, features: list[str]) -> pl.DataFrame:
    return frame.select(ziln.predict(model, features)).unnest("params")


def assert_heads(found: pl.DataFrame, expected: np.ndarray, tolerance: float = 1e-5) -> None:
    logit, mu, raw = expected.T
    np.testing.assert_allclose(found["logit"], logit, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found["mu"], mu, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found["sigma"], np.logaddexp(0, raw), rtol=tolerance, atol=tolerance)


def made(seed: int, *hidden: int, **options: Any) -> tuple[str, dict[str, Encoding], list[Layer]]:
    random = np.random.default_rng(seed)
    features: dict[str, Encoding] = {
        "recency": Numeric(mean=30.0, scale=12.0, range=(0.0, 55.0)),
        "store": Categorical(STORES, random.normal(size=(3, 4)).astype(np.float32)),
        "visits": Numeric(mean=3.0, scale=3.0),
    }
    layers = random_layers(random, 6, *hidden, 3)
    return ziln.network_model(features, layers, **options), features, layers


@pytest.mark.parametrize("hidden", [(16,), (64, 32), (5, 4, 3, 2, 3, 4, 5, 6)])
def test_a_network_of_matrices_predicts_what_they_say(hidden: tuple[int, ...]) -> None:
    model, features, layers = made(1, *hidden)
    frame = random_rows(500, seed=2)
    parts = ziln.layers(model)
    assert list(parts.features) == list(features)
    for given, back in zip(layers, parts.layers, strict=True):
        np.testing.assert_array_equal(given.weights, back.weights, strict=True)
        np.testing.assert_array_equal(given.biases, back.biases, strict=True)
    assert parts.features["recency"] == features["recency"]
    assert (parts.mu_range, parts.max_sigma) == (None, 30.0)
    assert_heads(predicted(model, frame, list(features)), forward(parts, frame))
    assert ziln.network_model(parts.features, parts.layers, wide=parts.wide) == model


def test_a_linear_part_and_bounds_are_added() -> None:
    random = np.random.default_rng(3)
    wide = Layer(random.normal(size=(3, 5)), random.normal(size=3))
    model, features, _ = made(4, 8, wide=wide, mu_range=(-0.5, 0.75), max_sigma=0.75)
    frame = random_rows(300, seed=5)
    parts = ziln.layers(model)
    heads = forward(parts, frame) + wide_heads(parts, frame)
    found = predicted(model, frame, list(features))
    np.testing.assert_allclose(found["mu"], np.clip(heads[:, 1], -0.5, 0.75), atol=1e-5)
    sigma = np.minimum(np.logaddexp(0, heads[:, 2]), 0.75)
    np.testing.assert_allclose(found["sigma"], sigma, rtol=1e-5)
    assert found["mu"].max() == 0.75
    assert found["sigma"].max() == 0.75


def test_a_trained_model_is_its_matrices(model: str, customers: pl.DataFrame) -> None:
    parts = ziln.layers(model)
    assert [np.shape(layer.weights)[0] for layer in parts.layers] == [12, 6, 3]
    heads = forward(parts, customers) + wide_heads(parts, customers)
    assert parts.mu_range is not None
    heads[:, 1] = np.clip(heads[:, 1], *parts.mu_range)
    found = predicted(model, customers, FEATURES)
    np.testing.assert_allclose(found["logit"], heads[:, 0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["mu"], heads[:, 1], rtol=1e-4, atol=1e-4)
    again = ziln.network_model(
        parts.features,
        parts.layers,
        wide=parts.wide,
        mu_range=parts.mu_range,
        max_sigma=parts.max_sigma,
    )
    assert_frame_equal(predicted(again, customers, FEATURES), found, check_exact=True)


def test_a_linear_model_has_no_layers(customers: pl.DataFrame) -> None:
    text = customers.select(ziln.fit_sgd("ltv", FEATURES)).item()
    parts = ziln.layers(text)
    assert parts.layers == []
    heads = wide_heads(parts, customers)
    np.testing.assert_allclose(predicted(text, customers, FEATURES)["logit"], heads[:, 0])


def test_a_network_is_scored_in_sql(ctx: datafusion.SessionContext) -> None:
    model, features, _ = made(6, 16, 8)
    frame = random_rows(200, seed=7)
    ctx.from_arrow(frame.to_arrow(), "prospects")
    query = f"SELECT ziln_predict('{model}', {{recency: recency, store: store, visits: visits}}) AS p FROM prospects"
    sql = ctx.sql(query).to_polars().unnest("p")
    assert_frame_equal(sql, predicted(model, frame, list(features)), check_exact=True)
    info = ctx.sql(f"SELECT ziln_model_info('{model}') AS info").to_polars().unnest("info")
    assert info["hidden"].to_list() == [[16.0, 8.0]]
    assert info["rows"].item() == 0


def test_networks_of_pytorch_go_in_and_out() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    stores = torch.nn.Embedding(3, 2)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 3),
    )
    features: dict[str, Encoding] = {
        "recency": Numeric(mean=30.0, scale=12.0),
        "visits": Numeric(mean=3.0, scale=3.0),
        "store": Categorical(STORES, stores.weight.detach()),
    }
    linear = [module for module in network if isinstance(module, torch.nn.Linear)]
    model = ziln.network_model(
        features, [Layer(m.weight.detach(), m.bias.detach()) for m in linear]
    )
    frame = random_rows(400, seed=8).filter(pl.col("store").ne_missing("unknown"))
    x = torch.tensor(
        np.column_stack([(frame["recency"] - 30) / 12, (frame["visits"] - 3) / 3]),
        dtype=torch.float32,
    )
    codes = torch.tensor([STORES.index(store) for store in frame["store"]])
    with torch.no_grad():
        inputs = torch.cat([x, stores(codes)], dim=1)
        expected = network(inputs).numpy()
    assert_heads(predicted(model, frame, list(features)), expected.astype(float))
    modules: list[Any] = []
    for weights, biases in ziln.layers(model).layers:
        back = torch.nn.Linear(*np.shape(weights)[::-1])
        back.weight.data, back.bias.data = torch.tensor(weights), torch.tensor(biases)
        modules += [back, torch.nn.ReLU()]
    with torch.no_grad():
        np.testing.assert_array_equal(torch.nn.Sequential(*modules[:-1])(inputs).numpy(), expected)


def test_networks_of_keras_go_in_and_out() -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    network = keras.Sequential([keras.Input((2,)), dense(64, "relu"), dense(32, "relu"), dense(3)])
    features: dict[str, Encoding] = {
        "recency": Numeric(mean=30.0, scale=12.0),
        "visits": Numeric(mean=3.0, scale=3.0),
    }
    weights = [layer.get_weights() for layer in network.layers]
    layers = [Layer(kernel.T, biases) for kernel, biases in weights]
    model = ziln.network_model(features, layers)
    frame = random_rows(400, seed=8)
    x = np.column_stack([(frame["recency"] - 30) / 12, (frame["visits"] - 3) / 3])
    expected = network.predict(x.astype(np.float32), verbose=0)
    assert_heads(predicted(model, frame, list(features)), expected.astype(float))
    keras.utils.set_random_seed(2)
    other = keras.models.clone_model(network)
    parts = ziln.layers(model)
    for layer, (units, biases) in zip(other.layers, parts.layers, strict=True):
        layer.set_weights([np.asarray(units).T, biases])
    np.testing.assert_array_equal(other.predict(x.astype(np.float32), verbose=0), expected)


NUMBER: dict[str, Encoding] = {"x": Numeric()}
HIDDEN = Layer(np.ones((4, 1)), np.zeros(4))
LAST = Layer(np.ones((3, 4)), np.zeros(3))


@pytest.mark.parametrize(
    ("features", "layers", "options", "message"),
    [
        (NUMBER, [HIDDEN], {}, "the last layer has 4 units and 4 weights, and needs 3 units"),
        (NUMBER, [], {}, "the last layer has 0 units"),
        (NUMBER, [LAST], {}, "layer|layers"),
        (
            NUMBER,
            [Layer(np.ones((4, 2)), np.zeros(4)), LAST],
            {},
            "layer 0 of the network has 8 weights",
        ),
        (
            NUMBER,
            [Layer(np.ones((1, 4)), np.zeros(4)), LAST],
            {},
            r"layer 0: expected .*\(1, 4\) and \(4,\)",
        ),
        (NUMBER, [Layer(np.ones(4), np.zeros(4)), LAST], {}, r"layer 0: expected .*\(4,\)"),
        (NUMBER, [HIDDEN, Layer(np.full((3, 4), np.nan), np.zeros(3))], {}, "not finite"),
        (NUMBER, [HIDDEN, Layer(np.full((3, 4), 1e39), np.zeros(3))], {}, "not finite"),
        (
            NUMBER,
            [HIDDEN, *[Layer(np.ones((4, 4)), np.zeros(4))] * 8, LAST],
            {},
            "9 layers, not 1 to 8",
        ),
        ({}, [HIDDEN, LAST], {}, "layer 0 of the network has 4 weights"),
        ({"x": Numeric(scale=0.0)}, [HIDDEN, LAST], {}, "scale"),
        ({"x": Numeric(range=(2.0, 1.0))}, [HIDDEN, LAST], {}, "range"),
        (
            {"x": Categorical(["a", "b"], np.ones((3, 1)))},
            [HIDDEN, LAST],
            {},
            r"'x': expected .*\(3, 1\)",
        ),
        ({"x": Categorical(["a", "a"], np.ones((2, 1)))}, [HIDDEN, LAST], {}, "twice"),
        (NUMBER, [HIDDEN, LAST], {"max_sigma": 0.0}, "max_sigma"),
        (NUMBER, [HIDDEN, LAST], {"mu_range": (1.0, 0.0)}, "mu_range"),
        (
            NUMBER,
            [HIDDEN, LAST],
            {"wide": (np.ones((3, 2)), np.ones(3))},
            "head `logit` has 2 weights",
        ),
        (NUMBER, [HIDDEN, LAST], {"wide": (np.ones((2, 1)), np.ones(2))}, "three heads"),
    ],
)
def test_what_does_not_fit_is_refused(
    features: dict[str, Encoding], layers: list[Layer], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"^ziln\.network_model: .*{message}"):
        ziln.network_model(features, layers, **options)


def test_other_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"ziln\.network_model: feature 'x': expected .*got float"):
        ziln.network_model({"x": 1.0}, [HIDDEN, LAST])  # type: ignore[dict-item]
    for features, got in (([NUMBER], "list"), (None, "NoneType"), ({1: Numeric()}, r"\{1: ")):
        expected = "argument `features`: expected a mapping of names to encodings, got "
        with pytest.raises(TypeError, match=rf"^ziln\.network_model: {expected}{got}"):
            ziln.network_model(features, [HIDDEN, LAST])  # type: ignore[arg-type]
    for layers, got in ((None, "NoneType"), ("abc", "str"), (3, "int")):
        expected = "argument `layers`: expected a list of pairs of weights and biases, got "
        with pytest.raises(TypeError, match=rf"^ziln\.network_model: {expected}{got}"):
            ziln.network_model(NUMBER, layers)  # type: ignore[arg-type]
    for layer, got in ((1, "int"), ("ab", "str"), ((HIDDEN,), "tuple")):
        expected = "layer 1: expected a pair of weights and biases, which are numbers, got "
        with pytest.raises(TypeError, match=rf"^ziln\.network_model: {expected}{got}"):
            ziln.network_model(NUMBER, [HIDDEN, layer])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"^ziln\.network_model: .* not str, .*'max_sigma'$"):
        ziln.network_model(NUMBER, [HIDDEN, LAST], max_sigma="2")  # type: ignore[arg-type]
    expected = "argument `model`: expected a model's text, got "
    for text, got in (("", r"'' \(EOF"), ("{" * 41, "'" + r"\{" * 40 + r"\.\.\.' \(")):
        with pytest.raises(ValueError, match=rf"^ziln\.layers: {expected}{got}"):
            ziln.layers(text)
    with pytest.raises(TypeError, match=rf"^ziln\.layers: {expected}NoneType"):
        ziln.layers(None)  # type: ignore[arg-type]


def test_both_engines_say_the_same_of_a_network(
    model: str, customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    frame = customers.head(300)
    ctx.from_arrow(customers.to_arrow(), "customers")
    ctx.from_arrow(frame.with_row_index("row").to_arrow(), "some")
    fit = f"SELECT ziln_fit_sgd(ltv, {SQL_FEATURES}, {{hidden: [12, 6]}}) AS model FROM customers"
    assert ctx.sql(fit).to_polars().item() == model
    query = f"SELECT ziln_explain('{model}', {SQL_FEATURES}) AS explain FROM some ORDER BY row"
    sql = ctx.sql(query).to_polars().to_series()
    assert_series_equal(
        sql, frame.select(ziln.explain(model, FEATURES)).to_series(), check_exact=True
    )
    sql = ctx.sql(f"SELECT ziln_weights('{model}') AS weights").to_polars().to_series()
    weights = pl.select(ziln.weights(model)).to_series()
    assert_series_equal(sql, weights, check_exact=True)
    rows = weights.explode().struct.unnest()
    assert rows.filter(pl.col("layer") == 3).select("head", "unit").n_unique() == 3
    assert rows.filter(pl.col("layer").is_null())["head"].null_count() == 0
    first = rows.filter(pl.col("layer") == 1, pl.col("unit") == 0)
    assert first["feature"][0] is None
    assert first["feature"][1:4].to_list() == ["visits", "recency", "is_new"]


@pytest.mark.parametrize("engine", ["polars", "sql"])
def test_what_features_add_sums_to_the_prediction(
    model: str, customers: pl.DataFrame, ctx: datafusion.SessionContext, engine: str
) -> None:
    if engine == "sql":
        ctx.from_arrow(customers.head(300).with_row_index("row").to_arrow(), "some")
        query = f"SELECT ziln_explain('{model}', {SQL_FEATURES}) AS explain FROM some ORDER BY row"
        explained = ctx.sql(query).to_polars()
    else:
        explained = customers.head(300).select(ziln.explain(model, FEATURES))
    rows = explained.with_row_index("row").explode("explain").unnest("explain")
    sums = rows.group_by("row", maintain_order=True).agg(pl.col("logit").sum())
    found = predicted(model, customers.head(300), FEATURES)
    # The heads of the average customer are the same in every row.
    average = (found["logit"] - sums["logit"]).to_numpy()
    np.testing.assert_allclose(average, average[0], rtol=0, atol=1e-4)


def test_a_network_is_continued_in_both_engines(
    customers: pl.DataFrame, ctx: datafusion.SessionContext
) -> None:
    options: dict[str, Any] = {
        "hidden": [6],
        "schedule": "constant",
        "validation_fraction": 0,
        "keep_state": True,
    }
    two = customers.select(ziln.fit_sgd("ltv", FEATURES, epochs=2, **options)).item()
    more = customers.select(ziln.fit_sgd("ltv", FEATURES, epochs=2, init=two, **options)).item()
    four = customers.select(ziln.fit_sgd("ltv", FEATURES, epochs=4, **options)).item()
    more_parts, four_parts = (json.loads(text) for text in (more, four))
    for part in ("layers", "heads", "embeddings", "state"):
        assert more_parts["network"][part] == four_parts["network"][part], part
    assert more_parts["weights"] == four_parts["weights"]
    ctx.from_arrow(customers.to_arrow(), "customers")
    in_sql = f"hidden: [6], schedule: 'constant', validation_fraction: 0, keep_state: true, epochs: 2, init: '{two}'"
    query = f"SELECT ziln_fit_sgd(ltv, {SQL_FEATURES}, {{{in_sql}}}) AS model FROM customers"
    assert ctx.sql(query).to_polars().item() == more
    with pytest.raises(pl.exceptions.ComputeError, match=r"`init`.*hidden layers \[6\]"):
        customers.select(ziln.fit_sgd("ltv", FEATURES, init=two, hidden=[7]))


@pytest.mark.parametrize("hidden", [[0], [1.5], "64", [1] * 9, [64, None], 1025])
def test_other_hidden_layers_are_refused(
    customers: pl.DataFrame, ctx: datafusion.SessionContext, hidden: Any
) -> None:
    expected = "`hidden`: expected a list of at most 8 integers from 1 to 1024, or one"
    with pytest.raises(pl.exceptions.ComputeError, match=expected):
        customers.select(ziln.fit_sgd("ltv", FEATURES, hidden=hidden))
    ctx.from_arrow(customers.to_arrow(), "customers")
    in_sql = repr(hidden).replace("None", "NULL")
    with pytest.raises(Exception, match=expected):
        ctx.sql(
            f"SELECT ziln_fit_sgd(ltv, {SQL_FEATURES}, {{hidden: {in_sql}}}) FROM customers"
        ).collect()


HALF = pl.col("campaign") % 2


@pytest.fixture(scope="module")
def many() -> pl.DataFrame:
    """More than one batch of 8,192."""
    return customers_of_a_product(9000)


@pytest.fixture(scope="module")
def networks(many: pl.DataFrame) -> tuple[str, list[str]]:
    """A network of all rows, and one of each half."""
    fit = ziln.fit_sgd("ltv", FEATURES, hidden=[8, 4])
    halves = many.group_by(half=HALF).agg(model=fit).sort("half")
    return many.select(fit).item(), halves["model"].to_list()


def in_batches(
    frame: pl.DataFrame, name: str, partitions: int, batch_rows: int
) -> datafusion.SessionContext:
    """A session with a table of so many partitions, in batches of at most so many rows, as everything after it has."""
    config = datafusion.SessionConfig().with_target_partitions(partitions)
    ctx = datafusion.SessionContext(config.with_batch_size(batch_rows))
    ziln.register_all(ctx)
    parts = [
        frame.gather_every(partitions, offset=part).to_arrow().to_batches(max_chunksize=batch_rows)
        for part in range(partitions)
    ]
    ctx.register_record_batches(name, parts)
    return ctx


@pytest.mark.parametrize("batch_rows", [1, 100, 8192, 65536])
@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_a_network_has_the_same_bits_however_sql_reads_the_rows(
    many: pl.DataFrame,
    networks: tuple[str, list[str]],
    partitions: int,
    batch_rows: int,
) -> None:
    of_all, of_halves = networks
    assert len({of_all, *of_halves}) == 3
    assert [np.shape(layer.weights)[0] for layer in ziln.layers(of_all).layers] == [8, 4, 3]
    fit = f"ziln_fit_sgd(ltv, {SQL_FEATURES}, {{hidden: [8, 4]}}) AS model"
    for seed in (None, partitions):
        frame = many if seed is None else many.sample(fraction=1.0, shuffle=True, seed=seed)
        ctx = in_batches(frame, "customers", partitions, batch_rows)
        assert ctx.sql(f"SELECT {fit} FROM customers").to_polars().item() == of_all
        by = f"SELECT {fit} FROM customers GROUP BY campaign % 2 ORDER BY campaign % 2"
        assert ctx.sql(by).to_polars()["model"].to_list() == of_halves


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("pieces", [1, 7])
def test_a_network_has_the_same_bits_however_polars_reads_the_rows(
    many: pl.DataFrame,
    networks: tuple[str, list[str]],
    engine: Engine,
    pieces: int,
) -> None:
    of_all, of_halves = networks
    fit = ziln.fit_sgd("ltv", FEATURES, hidden=[8, 4])
    for frame in (many, many.sample(fraction=1.0, shuffle=True, seed=pieces)):
        parts = [frame.gather_every(pieces, offset=part) for part in range(pieces)]
        chunked = pl.concat(parts, rechunk=False)
        assert chunked.n_chunks() >= pieces
        lazy = chunked.lazy()
        assert lazy.select(fit).collect(engine=engine).item() == of_all
        halves = lazy.group_by(half=HALF).agg(model=fit).sort("half").collect(engine=engine)
        assert halves["model"].to_list() == of_halves


@pytest.mark.parametrize("batch_rows", [1, 100, 8192, 65536])
@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_a_network_predicts_the_same_bits_in_both_engines(
    customers: pl.DataFrame,
    networks: tuple[str, list[str]],
    partitions: int,
    batch_rows: int,
) -> None:
    model, _ = networks
    # Others than it was trained on, with missing numbers, a level that it has not seen, and values far outside.
    frame = customers.head(1200).with_row_index("row")
    odd = pl.col("row") % 50
    frame = frame.with_columns(
        visits=pl.when(odd == 0).then(None).when(odd == 1).then(1e9).otherwise("visits"),
        channel=pl.when(odd == 2).then(pl.lit("pigeons")).otherwise("channel"),
    )
    expected = frame.select(params=ziln.predict(model, FEATURES))
    assert expected["params"].n_unique() > 1000
    streamed = frame.lazy().select(params=ziln.predict(model, FEATURES)).collect(engine="streaming")
    assert_frame_equal(streamed, expected, check_exact=True)
    ctx = in_batches(frame, "prospects", partitions, batch_rows)
    query = f"SELECT ziln_predict('{model}', {SQL_FEATURES}) AS params FROM prospects ORDER BY row"
    assert_frame_equal(ctx.sql(query).to_polars(), expected, check_exact=True)
