"""The pictures show the numbers of the metrics, and are written without a browser or the network."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ziln
import ziln.plot

scipy_stats = pytest.importorskip("scipy.stats")
FRAME = pl.DataFrame(
    {"ltv": [0.0, 5.0, 0.0, 40.0, 7.0, 300.0], "prediction": [1.0, 2.0, 2.0, 30.0, 2.0, 90.0]}
)


@pytest.fixture(scope="module")
def scored() -> pl.DataFrame:
    """Customers drawn from the very distributions that are predicted for them."""
    random = np.random.default_rng(1)
    rows = 5_000
    logit, mu = random.normal(size=rows), random.normal(3.0, 0.5, rows)
    pays = random.random(rows) < 1 / (1 + np.exp(-logit))
    amount = np.exp(random.normal(mu, 0.8))
    frame = pl.DataFrame({"ltv": np.where(pays, amount, 0.0), "logit": logit, "mu": mu})
    return frame.with_columns(
        ziln.params(1 / (1 + (-pl.col("logit")).exp()), "mu", 0.8)
    ).with_columns(ziln.expected_ltv("params"))


def data_of(chart: ziln.plot.Chart, column: str) -> pl.DataFrame:
    """The data of the layer that has the column and the most rows."""
    datasets = [pl.DataFrame(rows) for rows in chart.to_dict()["datasets"].values()]
    return max((frame for frame in datasets if column in frame.columns), key=len)


def heading_of(chart: ziln.plot.Chart) -> dict[str, Any]:
    title = chart.to_dict()["title"]
    assert isinstance(title, dict)
    return title


def test_deciles_shows_decile_stats(scored: pl.DataFrame) -> None:
    shown = data_of(ziln.plot.deciles(scored, "ltv", "expected_ltv"), "series").pivot(
        "series", index="bucket", values="mean"
    )
    stats = scored.select(ziln.decile_stats("ltv", "expected_ltv").explode().struct.unnest())
    assert shown["bucket"].to_list() == list(range(1, 11))
    assert shown["actual"].to_list() == stats["label_mean"].to_list()
    assert shown["predicted"].to_list() == stats["prediction_mean"].to_list()


def test_deciles_draws_the_mean_of_all_customers(scored: pl.DataFrame) -> None:
    data = ziln.plot.deciles(scored, "ltv", "expected_ltv").to_dict()["datasets"].values()
    (mean,) = [rows[0]["mean"] for rows in data if len(rows) == 1]
    assert mean == pytest.approx(scored.select(pl.col("ltv").mean()).item(), rel=1e-12)


def curves_in(chart: ziln.plot.Chart) -> pl.DataFrame:
    """The curves of predictions, without the two they are compared with."""
    rows = itertools.chain.from_iterable(chart.to_dict()["datasets"].values())
    return pl.DataFrame(list(rows)).filter(pl.col("series").str.contains("Gini"))


def area_under(curve: pl.DataFrame) -> float:
    return float(np.trapezoid(curve["spend"], curve["customers"]))


def curve_of(frame: pl.DataFrame, *predictions: str | pl.Expr) -> pl.DataFrame:
    return curves_in(ziln.plot.gain_curve(frame, "ltv", *predictions))


def test_the_area_under_the_gain_curve_is_the_gini() -> None:
    # `gini` is ranked by the expected value, so the prediction becomes the amount of a sure payer.
    frame = FRAME.with_columns(ziln.params(1.0, pl.col("prediction").log(), 0.001))
    gini = frame.select(ziln.evaluate("ltv", "params")).item()["gini"]
    assert 2 * area_under(curve_of(frame, ziln.expected_ltv("params"))) - 1 == pytest.approx(
        gini, rel=1e-12
    )


def test_the_gain_curve_does_not_depend_on_the_order_of_rows() -> None:
    assert curve_of(FRAME, "prediction").equals(curve_of(FRAME.reverse(), "prediction"))


def test_a_constant_prediction_is_a_random_order() -> None:
    curve = curve_of(FRAME.with_columns(prediction=1.0), "prediction")
    assert curve.select("customers", "spend").rows() == [(0.0, 0.0), (1.0, 1.0)]


def test_the_gain_curve_of_many_rows_is_thinned_and_keeps_its_area(scored: pl.DataFrame) -> None:
    curve = curve_of(scored, "expected_ltv")
    gini = scored.select(ziln.evaluate("ltv", "params")).item()["gini"]
    assert len(curve) <= 201
    assert 2 * area_under(curve) - 1 == pytest.approx(gini, abs=1e-3)


def test_the_gain_curves_of_several_predictions_have_their_names_and_ginis() -> None:
    chart = ziln.plot.gain_curve(
        FRAME, "ltv", "prediction", (-pl.col("prediction")).alias("reversed")
    )
    gini = FRAME.select(ziln.gini("ltv", "prediction")).item()
    assert set(curves_in(chart)["series"]) == {
        f"prediction (Gini {gini:.3f})",
        f"reversed (Gini {-gini:.3f})",
    }


def test_calibration_shows_shares_of_payers_with_wilson_intervals(scored: pl.DataFrame) -> None:
    points = data_of(ziln.plot.calibration(scored, "ltv", "params"), "low")
    assert points["rows"].sum() == scored.height
    payers = (points["observed"] * points["rows"]).sum()
    assert payers == pytest.approx(scored.filter(pl.col("ltv") > 0).height, rel=1e-12)
    for row in points.iter_rows(named=True):
        test = scipy_stats.binomtest(round(row["observed"] * row["rows"]), row["rows"])
        interval = test.proportion_ci(0.95, method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_calibration_leaves_out_labels_that_are_not_finite() -> None:
    frame = pl.DataFrame({"ltv": [0.0, 5.0, float("nan"), float("inf"), None, 2.0], "logit": 0.5})
    points = data_of(ziln.plot.calibration(frame, "ltv", "logit", 1.0, 1.0, buckets=1), "low")
    assert points.select("rows", "observed").rows() == [(3, pytest.approx(2 / 3))]


@pytest.mark.parametrize(("mu", "sigma"), [(3.0, 0.8), (3.0, 1e-4), (-20.0, 2.0), (0.0, 5.0)])
def test_distribution_shares_out_the_whole_probability(mu: float, sigma: float) -> None:
    customer = pl.select(ziln.params(0.3, mu, sigma))
    ranges = data_of(ziln.plot.distribution(customer, "params"), "probability")
    assert ranges["range"][0] == "nothing"
    assert ranges["probability"][0] == pytest.approx(0.7, rel=1e-12)
    assert ranges["probability"].sum() == pytest.approx(1.0, rel=1e-12)
    assert ranges["probability"].min() >= 0  # type: ignore[operator]


def test_distribution_says_mean_and_quantiles_with_their_unit() -> None:
    customer = pl.select(ziln.params(1.0, 3.0, 0.5))
    title = heading_of(ziln.plot.distribution(customer, "params", unit="$", title="Number 7"))
    assert title["text"] == "Number 7"
    assert (
        title["subtitle"]
        == "mean $22.76, median $20.09; 9 in 10 such customers spend at most $38.12"
    )
    title = heading_of(ziln.plot.distribution(customer, "params", unit="points"))
    assert title["subtitle"].startswith("mean 22.76 points,")


def test_the_ranges_are_round_amounts() -> None:
    customer = pl.select(ziln.params(0.5, 5.0, 0.8))
    ranges = data_of(ziln.plot.distribution(customer, "params"), "probability")
    assert ranges["range"].to_list() == [
        "nothing",
        "under 50",
        "50 to 100",
        "100 to 200",
        "200 to 500",
        "over 500",
    ]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: ziln.plot.deciles(FRAME.clear(), "ltv", "prediction"), "no row of the frame"),
        (lambda: ziln.plot.calibration(FRAME.clear(), "ltv", 0, 0, 0), "no row of the frame"),
        (
            lambda: ziln.plot.gain_curve(FRAME, "ltv"),
            "argument `predictions`: expected at least one",
        ),
        (lambda: ziln.plot.gain_curve(FRAME, 0.0, "prediction"), "has a positive label"),
        (lambda: ziln.plot.distribution(FRAME, 0, 0, 0), "expected one row, the customer, got 6"),
        (lambda: ziln.plot.distribution(FRAME.head(1), 0, 0), "argument `params`"),
        (lambda: ziln.plot.deciles(FRAME, True, "prediction"), "argument `label`"),
        (
            lambda: ziln.plot.distribution(FRAME.head(1), float("nan"), 0, 0),
            "expected finite parameters",
        ),
        (
            lambda: ziln.plot.distribution(FRAME.head(1), pl.lit(None), 0, 0),
            "expected finite parameters",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(draw: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        draw()


def test_what_is_no_frame_is_said() -> None:
    with pytest.raises(TypeError, match=r"plot.deciles.*`frame`: expected a frame .*got list"):
        ziln.plot.deciles([1.0], "ltv", "prediction")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"plot.gain_curve.*`frame`.*got dict"):
        ziln.plot.gain_curve({"ltv": [1.0]}, "ltv", "ltv")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"plot.distribution.*`frame`.*got dict"):
        ziln.plot.distribution({"mu": [1.0]}, "mu", "mu", "mu")  # type: ignore[arg-type]


def test_columns_may_have_any_name() -> None:
    renamed = FRAME.rename({"ltv": "label", "prediction": "spend"})
    chart = ziln.plot.gain_curve(
        renamed.with_columns(customers="spend"), "label", "spend", "customers"
    )
    assert data_of(chart, "spend").height > 2
    ziln.plot.gain_curve(renamed.rename({"label": "y", "spend": "label"}), "y", "label")


def test_save_writes_pictures_and_pages_that_need_no_network(tmp_path: Path) -> None:
    chart = ziln.plot.deciles(FRAME, "ltv", "prediction", buckets=2)
    assert ziln.plot.save(chart, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert ziln.plot.save(chart, str(tmp_path / "a.SVG")).read_text().startswith("<svg")
    page = ziln.plot.save(chart, tmp_path / "a.html").read_text()
    assert "vegaEmbed" in page
    assert '<script src="http' not in page


def test_save_refuses_other_endings(tmp_path: Path) -> None:
    chart = ziln.plot.deciles(FRAME, "ltv", "prediction", buckets=2)
    with pytest.raises(ValueError, match=r"ends in \.html, \.png or \.svg, got 'a\.gif'"):
        ziln.plot.save(chart, tmp_path / "a.gif")


def test_save_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ImportError, match=r"pip install 'ziln\[plot\]'"):
        ziln.plot.save(ziln.plot.deciles(FRAME, "ltv", "prediction"), tmp_path / "a.png")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


def test_without_altair_ziln_works_and_plot_says_what_to_install() -> None:
    done = run(
        "import sys; sys.modules['altair'] = None; import ziln; print('fine'); import ziln.plot"
    )
    assert done.stdout == "fine\n"
    assert "ImportError: ziln.plot draws with Altair" in done.stderr
    assert "pip install 'ziln[plot]'" in done.stderr


def test_ziln_alone_does_not_import_altair() -> None:
    assert run("import sys, ziln; print('altair' in sys.modules)").stdout == "False\n"


# --- campaigns


@pytest.fixture(scope="module")
def prior_and_models() -> tuple[str, pl.DataFrame]:
    """Campaigns of 10 to 1,000 customers whose paying rates differ; nobody of the last pays."""
    random = np.random.default_rng(2)
    sizes = [1000, 500, 300, 200, 100, 60, 50, 40, 30, 30, 20, 20, 20, 10, 10]
    campaign = np.repeat(np.arange(len(sizes)), sizes)
    visits = random.normal(5.0, 2.0, len(campaign))
    logit = random.normal(-0.5, 1.0, len(sizes))[campaign] + 0.2 * (visits - 5.0)
    pays = (random.random(len(campaign)) < 1 / (1 + np.exp(-logit))) & (campaign < len(sizes) - 1)
    ltv = np.where(pays, np.exp(random.normal(2.0 + 0.1 * visits, 0.8)), 0.0)
    frame = pl.DataFrame({"campaign": campaign, "visits": visits, "ltv": ltv})
    prior = frame.select(ziln.fit_prior("ltv", ["visits"], "campaign")).item()
    models = frame.group_by("campaign").agg(
        own=ziln.fit_newton("ltv", ["visits"]),
        drawn=ziln.fit_newton("ltv", ["visits"], init=prior),
    )
    return prior, models


def campaigns_in(chart: ziln.plot.Chart, series: str) -> pl.DataFrame:
    """What is drawn of each campaign, in the order of the axis."""
    datasets = [pl.DataFrame(rows) for rows in chart.to_dict()["datasets"].values()]
    (points,) = [
        frame
        for frame in datasets
        if "series" in frame.columns and set(frame["series"]) == {series}
    ]
    return points


def weights_of(models: pl.DataFrame, column: str) -> pl.DataFrame:
    weights = models.drop_nulls(column).select("campaign", ziln.weights(column)).explode("weights")
    return weights.unnest("weights").with_columns(pl.col("campaign").cast(pl.String))


@pytest.mark.parametrize(("series", "column"), [("own", "own"), ("drawn to the prior", "drawn")])
@pytest.mark.parametrize("head", ["logit", "mu", "raw_sigma"])
def test_campaigns_shows_weights_and_their_intervals(
    prior_and_models: tuple[str, pl.DataFrame], series: str, column: str, head: Any
) -> None:
    prior, models = prior_and_models
    chart = ziln.plot.campaigns(
        models, "campaign", "drawn", prior, own="own", head=head, feature="visits"
    )
    shown = campaigns_in(chart, series).sort("campaign")
    expected = weights_of(models, column).filter(head=head, feature="visits").sort("campaign")
    assert shown["campaign"].to_list() == expected["campaign"].to_list()
    assert shown["weight"].to_list() == expected["raw_weight"].to_list()
    half = 1.959964 * expected["raw_standard_error"]
    assert (shown["high"] - shown["weight"]).to_list() == pytest.approx(half.to_list(), rel=1e-6)
    assert (shown["weight"] - shown["low"]).to_list() == pytest.approx(half.to_list(), rel=1e-6)


def test_intercepts_are_compared_at_the_same_customer(
    prior_and_models: tuple[str, pl.DataFrame],
) -> None:
    prior, models = prior_and_models
    chart = ziln.plot.campaigns(models, "campaign", "drawn", prior, own="own")
    (mean,) = [f["encoding"]["numeric"]["mean"] for f in json.loads(prior)["features"]]
    for series, column in (("own", "own"), ("drawn to the prior", "drawn")):
        shown = campaigns_in(chart, series).sort("campaign")
        at_mean = models.drop_nulls(column).sort(pl.col("campaign").cast(pl.String))
        heads = at_mean.select(ziln.predict(column, [pl.lit(mean).alias("visits")]).struct.unnest())
        assert shown["weight"].to_list() == pytest.approx(heads["logit"].to_list(), rel=1e-9)


def test_the_grey_band_is_that_of_the_variance_between_campaigns(
    prior_and_models: tuple[str, pl.DataFrame],
) -> None:
    prior, models = prior_and_models
    data = ziln.plot.campaigns(models, "campaign", "drawn", prior).to_dict()["datasets"].values()
    (band,) = [rows[0] for rows in data if len(rows) == 1 and "low" in rows[0]]
    weights = pl.select(ziln.weights(prior).explode().struct.unnest())
    intercept = weights.filter(pl.col("feature").is_null(), head="logit").row(0, named=True)
    assert intercept["between"] > 0.1
    half = 1.959964 * intercept["between"] ** 0.5
    assert band["low"] == pytest.approx(intercept["weight"] - half, rel=1e-6)
    assert band["high"] == pytest.approx(intercept["weight"] + half, rel=1e-6)


def test_campaigns_stand_by_size_and_those_without_an_own_model_have_one_point(
    prior_and_models: tuple[str, pl.DataFrame],
) -> None:
    prior, models = prior_and_models
    chart = ziln.plot.campaigns(models.reverse(), "campaign", "drawn", prior, own="own")
    drawn, own = campaigns_in(chart, "drawn to the prior"), campaigns_in(chart, "own")
    assert drawn["rows"].is_sorted(descending=True)
    assert chart.to_dict()["layer"][-1]["encoding"]["y"]["sort"] == drawn["campaign"].to_list()
    assert set(drawn["campaign"]) - set(own["campaign"]) == {"14"}
    alone = ziln.plot.campaigns(models.to_arrow(), "campaign", "drawn", prior)
    assert campaigns_in(alone, "drawn to the prior").equals(drawn)


def test_hundreds_of_campaigns_are_drawn_without_names(
    prior_and_models: tuple[str, pl.DataFrame], tmp_path: Path
) -> None:
    prior, models = prior_and_models
    many = pl.concat([models] * 20).with_columns(campaign=pl.int_range(pl.len()))
    drawings = [ziln.plot.campaigns(frame, "campaign", "drawn", prior) for frame in (models, many)]
    axes = [chart.to_dict()["layer"][-1]["encoding"]["y"] for chart in drawings]
    assert [axis["axis"]["labels"] for axis in axes] == [True, False]
    assert axes[1]["title"].startswith("300 campaigns")
    assert all(chart.to_dict()["height"] < 1000 for chart in drawings)
    ziln.plot.save(drawings[1], tmp_path / "many.svg")


def test_what_is_no_prior_or_weight_is_said(prior_and_models: tuple[str, pl.DataFrame]) -> None:
    prior, models = prior_and_models

    def draw(prior: str = prior, frame: pl.DataFrame = models, **options: Any) -> object:
        return ziln.plot.campaigns(frame, "campaign", "drawn", prior, **options)

    with pytest.raises(
        TypeError, match=r"plot.campaigns.*`prior`: expected a model's text, got 'x'"
    ):
        draw("x")
    with pytest.raises(ValueError, match=r"`prior`: expected a model of ziln.fit_prior"):
        draw(models["drawn"][0])
    with pytest.raises(ValueError, match=r"`head`: expected one of logit, mu, raw_sigma, got 'p'"):
        draw(head="p")
    with pytest.raises(ValueError, match=r"`feature`: expected a number .*visits.*got 'age'"):
        draw(feature="age")
    with pytest.raises(ValueError, match="no campaign of the frame has a model"):
        draw(frame=models.clear())
