"""The report is one page that needs nothing else, and its numbers are those of the metrics."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import random_customers

import ziln
import ziln.plot
from ziln._bootstrap import standard_errors
from ziln.report import _metrics_of_campaigns, _short

FEATURES = ["visits", "recency", "channel", "is_new"]
VOID = {"meta", "img", "br", "link", "input", "hr", "rect", "circle", "polyline"}


class Page(HTMLParser):
    """The tables, the texts of elements with an id, and all attributes of a page; its elements must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: dict[str, str] = {}
        self.values: dict[str, list[float]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.style = ""
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in found.items()]
        if "id" in found:
            assert found["id"] not in self.ids
            self.ids[found["id"]] = ""
            self.values[found["id"]] = []
            if tag == "table":
                self.tables[found["id"]] = []
        if tag not in VOID:
            self.open.append((tag, found.get("id")))
        if tag == "tr":
            self.table.append([])
        if tag in ("td", "th"):
            self.table[-1].append("")
        if tag == "data":
            for name in self.inside:
                self.values[name].append(float(found["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if "style" in tags:
            self.style += data
        else:
            self.text += data
        for name in self.inside:
            self.ids[name] += data
        if "td" in tags or "th" in tags:
            self.table[-1][-1] += data

    @property
    def inside(self) -> list[str]:
        return [name for _, name in self.open if name]

    @property
    def table(self) -> list[list[str]]:
        return self.tables[next(name for tag, name in self.open if tag == "table" and name)]

    def pictures(self) -> list[str]:
        sources = [value for tag, name, value in self.attributes if (tag, name) == ("img", "src")]
        return [base64.b64decode(source.partition(",")[2]).decode() for source in sources]


@pytest.fixture(scope="module")
def scored() -> pl.DataFrame:
    """Customers of five campaigns, one of them NULL, each scored by the campaign's model."""
    customers = random_customers(3_000, seed=8).with_columns(
        campaign=pl.when(pl.col("campaign") > 0).then(pl.format("<b> & {}", "campaign"))
    )
    models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", FEATURES, epochs=20))
    return customers.join(models, on="campaign", nulls_equal=True).with_columns(
        ziln.predict("model", FEATURES)
    )


@pytest.fixture(scope="module")
def text(scored: pl.DataFrame) -> str:
    return ziln.plot.report(
        scored, "ltv", "params", by="campaign", model="model", unit="$", title="A <title>"
    )


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_numbers_are_those_of_evaluate(scored: pl.DataFrame, page: Page) -> None:
    metrics = scored.select(ziln.evaluate("ltv", "params")).item()
    counts = {"rows", "payers", "non_finite", "rows_seen", "effective_rows"}
    shown = set(page.ids) & set(metrics) - counts
    assert shown == set(metrics) - counts
    for field in shown:
        value, low, high = page.values[field]
        assert value == metrics[field]
        assert low < value < high
    assert page.values["customers"] == [metrics["rows"]]
    assert page.values["payers"] == [metrics["payers"]]
    assert page.values["prediction-ratio"][0] == metrics["prediction_ratio"]
    assert page.values["left-out"] == [scored["ltv"].null_count()]


def test_a_value_is_shown_with_three_digits(page: Page) -> None:
    for name in ("normalized-gini", "spearman"):
        value = page.values[name][0]
        assert f"{value:.3f}" in page.ids[name]
    assert f"${page.values['label_mean'][0]:.2f}" in page.ids["label_mean"]
    assert f"{int(page.values['customers'][0]):,}" in page.ids["customers"]


def test_the_deciles_are_those_of_decile_stats(scored: pl.DataFrame, page: Page) -> None:
    stats = scored.select(
        ziln.decile_stats("ltv", ziln.expected_ltv("params")).explode().struct.unnest()
    )
    expected = stats.select("rows", "label_mean", "prediction_mean").rows()
    assert page.values["deciles"] == [value for row in expected for value in row]
    assert [row[0] for row in page.tables["deciles"][1:]] == [str(n) for n in range(1, 11)]


def test_every_campaign_has_a_row(scored: pl.DataFrame, page: Page) -> None:
    campaigns = scored.group_by("campaign").agg(
        pl.len().alias("customers"), ziln.evaluate("ltv", "params").alias("m")
    )
    header, *rows = page.tables["campaigns"]
    assert len(rows) == 5
    shown = {row[0]: row for row in rows}
    assert [int(row[1].replace(",", "")) for row in rows] == sorted(
        campaigns["customers"], reverse=True
    )
    for name, customers, metrics in campaigns.iter_rows():
        row = dict(zip(header, shown[name or "no campaign"], strict=True))
        assert row["customers"] == str(customers)
        ratio = re.match(r"[\d.]+?(?=\d\.\d+ to)", row["predicted / actual"])
        assert ratio is not None
        assert float(ratio[0]) == pytest.approx(metrics["prediction_ratio"], rel=0.006)
        assert row["loss"] == f"{metrics['loss']:.2f}"
    sparks = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "viewbox")]
    assert len(sparks) == 5


def test_a_campaign_that_is_far_off_is_named(scored: pl.DataFrame) -> None:
    inflated = pl.when(pl.col("campaign") == "<b> & 2").then(3.0).otherwise(0.0)
    changed = scored.with_columns(
        ziln.params(
            ziln.pay_prob("params"),
            pl.col("params").struct.field("mu") + inflated,
            pl.col("params").struct.field("sigma"),
        )
    )
    page = Page(ziln.plot.report(changed, "ltv", "params", by="campaign"))
    verdicts = {row[0]: row[5] for row in page.tables["campaigns"][1:]}
    assert "too high" in verdicts["<b> & 2"]
    assert "too high" in page.ids["prediction-ratio"]
    for name, verdict in verdicts.items():
        assert name == "<b> & 2" or "too high" not in verdict


def test_the_models_say_their_warnings_and_weights(scored: pl.DataFrame, page: Page) -> None:
    assert "warnings" not in page.ids
    weights = scored.select(pl.col("model").unique()).select(
        ziln.weights("model").explode().struct.unnest()
    )
    intercepts = weights.filter(pl.col("feature").is_null(), pl.col("head") == "mu")["weight"]
    shown = page.values["weights"][3:6]
    assert shown == [intercepts.median(), intercepts.min(), intercepts.max()]
    rows = {(row[0], row[1]) for row in page.tables["weights"][1:]}
    assert {("intercept", ""), ("visits", ""), ("channel", "mail"), ("channel", "missing")} <= rows


def test_one_model_may_come_as_text(scored: pl.DataFrame) -> None:
    residues = scored.with_columns(
        ltv=pl.when(pl.int_range(pl.len()) == 7).then(1e-15).otherwise("ltv")
    )
    model = residues.select(ziln.fit_sgd("ltv", FEATURES, epochs=5)).item()
    page = Page(ziln.plot.report(residues, "ltv", "params", model=model))
    info = pl.select(ziln.model_info(model)).item()
    assert info["warnings"][0] in page.ids["warnings"]
    weights = pl.DataFrame({"model": [model]}).select(
        ziln.weights("model").explode().struct.unnest()
    )
    visits = weights.filter(pl.col("feature") == "visits")["weight"].to_list()
    place = [row[0] for row in page.tables["weights"]].index("visits") - 1
    assert page.values["weights"][3 * place : 3 * place + 3] == visits
    assert "campaigns" not in page.ids


def test_what_the_data_holds_is_text_and_no_markup(text: str, page: Page) -> None:
    assert "<title>A &lt;title&gt;</title>" in text
    assert "<b> &amp;" not in text
    assert "<b> & 1" in [row[0] for row in page.tables["campaigns"]]


def test_the_page_needs_nothing_else(page: Page) -> None:
    tags = {tag for tag, _, _ in page.attributes}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base"}
    for tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "action", "xlink:href"):
            assert (tag, name) == ("img", "src")
            assert value.startswith("data:image/svg+xml;base64,")
        assert not name.startswith("on")
        assert "url(" not in value
    assert "@import" not in page.style
    assert "url(" not in page.style
    pictures = page.pictures()
    assert len(pictures) == 4
    for picture in pictures:
        for element in ET.fromstring(picture).iter():
            assert element.tag.rpartition("}")[2] not in ("script", "image", "use", "a")
            for name, value in element.attrib.items():
                assert not name.endswith("href")
                assert "url(" not in value or value.startswith("url(#")


def test_a_picture_has_words_beside_it(page: Page) -> None:
    words = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert len(words) == 4
    assert all(len(text) > 40 for text in words)


def test_it_can_be_read_on_a_phone_and_printed(text: str) -> None:
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media print" in text
    assert re.match(r"<!doctype html>\n<html lang=\"en\">", text)


def test_the_same_rows_give_the_same_page(scored: pl.DataFrame, text: str) -> None:
    arguments: dict[str, Any] = {"by": "campaign", "unit": "$", "title": "A <title>"}
    again = ziln.plot.report(scored, "ltv", "params", model="model", **arguments)
    assert again == text
    other = Page(ziln.plot.report(scored, "ltv", "params", seed=1, **arguments))
    same = Page(text)
    assert other.values["loss"][0] == same.values["loss"][0]
    assert other.values["loss"][1:] != same.values["loss"][1:]


def test_rows_without_a_finite_prediction_are_counted(scored: pl.DataFrame) -> None:
    logit = pl.when(pl.int_range(pl.len()) < 10).then(float("nan")).otherwise(0.0)
    three = scored.drop_nulls("ltv").with_columns(logit=logit)
    page = Page(ziln.plot.report(three, "ltv", ["logit", 2.0, 0.5], by="campaign"))
    clean = Page(ziln.plot.report(three[10:], "ltv", ["logit", 2.0, 0.5]))
    assert page.values["left-out"] == [10]
    assert page.values["loss"][0] == clean.values["loss"][0]
    assert page.values["deciles"] == clean.values["deciles"]


def test_a_campaign_without_payers_is_shown(scored: pl.DataFrame) -> None:
    poor = scored.with_columns(
        ltv=pl.when(pl.col("campaign") == "<b> & 2").then(0.0).otherwise("ltv")
    )
    page = Page(ziln.plot.report(poor, "ltv", "params", by="campaign"))
    (row,) = [row for row in page.tables["campaigns"] if row[0] == "<b> & 2"]
    assert row[2].startswith("0")
    assert row[5:7] == ["–", "–"]  # noqa: RUF001


@pytest.mark.parametrize("label", [[3.0], [3.0] * 20])
def test_equal_labels_have_no_ranking(label: list[float]) -> None:
    page = Page(ziln.plot.report(pl.DataFrame({"ltv": label}), "ltv", [0.0, 1.0, 0.5]))
    assert page.values["normalized_gini"] == []
    assert len(page.pictures()) == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "\N{EN DASH}"), (0.0, "0.00"), (5, "5"), (1_234_567, "1,234,567"), (1234.5, "1,234"),
        (999.4, "999"), (12.345, "12.3"), (-0.012345, "-0.0123"), (1e-300, "1.00e-300"), (1e200, "1.00e+200"),
        (float("inf"), "inf"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float | None, shown: str) -> None:
    assert _short(value) == shown


def test_only_the_largest_of_many_campaigns_are_shown() -> None:
    frame = pl.DataFrame(
        {"ltv": [0.0, 9.0] * 700, "campaign": [*range(600), *range(400)] + [0] * 400}
    )
    page = Page(ziln.plot.report(frame, "ltv", [0.0, 2.0, 0.5], by="campaign"))
    assert len(page.tables["campaigns"]) == 501
    assert page.tables["campaigns"][1][:2] == ["0", "402"]
    assert "; 100 smaller campaigns are not shown." in page.text


def test_any_frame_of_arrow_will_do(scored: pl.DataFrame) -> None:
    flat = scored.select("ltv", "visits").with_columns(logit=0.5)
    expected = ziln.plot.report(flat, "ltv", ["logit", 2.0, 0.5], by="visits")
    for frame in (flat.to_arrow(), flat.to_pandas()):
        got = ziln.plot.report(frame, "ltv", ["logit", 2.0, 0.5], by="visits")
        assert got == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((pl.DataFrame({"y": [0.0]}), "y", [0, 0, 0]), "expected rows with a label above 0"),
        ((pl.DataFrame({"y": [1.0]}), "y", [0, 0]), r"plot.report: argument `params`.*2 arguments"),
        ((pl.DataFrame({"y": [1.0]}).lazy(), "y", [0, 0, 0]), r"got LazyFrame; collect\(\) it"),
        (({"y": [1.0]}, "y", [0, 0, 0]), "argument `frame`.*got dict"),
        ((pl.DataFrame({"y": [1.0]}), True, [0, 0, 0]), "plot.report: argument `label`"),
        (
            (pl.DataFrame({"y": ["much"]}), "y", [0, 0, 0]),
            "^ziln.plot.report: argument `label`: expected a column of numbers, got String$",
        ),
    ],
)
def test_what_cannot_be_reported_is_said(arguments: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ziln.plot.report(*arguments)


def test_a_campaign_is_no_list() -> None:
    frame = pl.DataFrame({"y": [1.0], "by": [[1]]})
    message = (
        r"^ziln\.plot\.report: argument `by`: expected a column of texts, .* got List\(Int64\)$"
    )
    with pytest.raises(TypeError, match=message):
        ziln.plot.report(frame, "y", [0, 0, 0], by="by")


def errors(
    frame: pl.DataFrame, metric: pl.Expr, most_rows: int, replicates: int = 50
) -> pl.DataFrame:
    return standard_errors(
        frame,
        "by",
        [metric],
        most_rows=most_rows,
        replicates=replicates,
        seed=0,
    ).sort("by")


@pytest.mark.parametrize("most_rows", [20_000, 1_000])
def test_standard_errors_are_those_of_the_means(most_rows: int) -> None:
    """Of means they are known; a bag of fewer rows than there are must say the same."""
    random = np.random.default_rng(3)
    rows = 16_000
    paid = random.random(rows) < 0.3
    frame = pl.DataFrame(
        {
            "by": np.repeat(["a", "b"], [rows // 4, rows - rows // 4]),
            "ltv": np.where(paid, random.lognormal(1.0, 0.5, rows), 0.0),
            "logit": random.normal(-0.8, 0.5, rows),
        }
    ).with_columns(ziln.params(1 / (1 + (-pl.col("logit")).exp()), 1.0, 0.5))
    expected = frame.group_by("by").agg(
        label_mean=pl.col("ltv").std() / pl.len().sqrt(),
        loss=ziln.loss("ltv", "params").std() / pl.len().sqrt(),
    ).sort("by")  # fmt: skip
    got = errors(frame, ziln.evaluate("ltv", "params", weight="weight"), most_rows)
    for metric in expected.columns[1:]:
        np.testing.assert_allclose(got[metric], expected[metric], rtol=0.2)


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 500 campaigns whose predictions are right, 95% have 1 in the interval of predicted / actual."""
    random = np.random.default_rng(5)
    campaigns, each = 500, 400
    rows = campaigns * each
    paid = random.random(rows) < 0.4
    frame = pl.DataFrame(
        {
            "campaign": np.repeat(np.arange(campaigns), each),
            "ltv": np.where(paid, random.lognormal(2.0, 0.7, rows), 0.0),
        }
    )
    frame = frame.with_columns(ziln.params(0.4, 2.0, 0.7))
    page = Page(ziln.plot.report(frame, "ltv", "params", by="campaign"))
    verdicts = [row[5] for row in page.tables["campaigns"][1:]]
    missed = sum("too" in verdict for verdict in verdicts) / campaigns
    assert 0.02 <= missed <= 0.09


@pytest.mark.parametrize("params", [["logit", 2.0, 0.5], ["logit", -9.0, 0.5]])
def test_the_metrics_of_campaigns_are_those_of_evaluate(params: list[Any]) -> None:
    frame = random_customers(500, seed=2).drop_nulls(["ltv", "weight"]).with_columns(logit="visits")
    frame = frame.with_columns(
        pl.col("ltv").alias("label"), ziln.expected_ltv(*params).alias("prediction")
    )
    metrics = frame.select(ziln.evaluate("ltv", *params, weight="weight")).item()
    log_ratio, gini = frame.select(_metrics_of_campaigns()).row(0)
    assert np.exp(log_ratio) == pytest.approx(metrics["prediction_ratio"], rel=1e-12)
    assert gini == metrics["normalized_gini"]
    without_payers = frame.with_columns(label=-1.0).select(_metrics_of_campaigns())
    assert without_payers.row(0) == (None, None)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "ziln", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def test_the_command_writes_the_same_page(scored: pl.DataFrame, text: str, tmp_path: Path) -> None:
    scored.write_parquet(tmp_path / "scored.parquet")
    output = tmp_path / "page.html"
    columns = ["--label", "ltv", "--params", "params", "--by", "campaign", "--model", "model"]
    done = run(
        "report", tmp_path / "scored.parquet", *columns, "--unit=$", "--title=A <title>", "-o", output
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{output}\n", "")
    assert output.read_text("utf-8") == text


def test_the_command_reads_tables_of_three_numbers_and_a_model(
    scored: pl.DataFrame, tmp_path: Path
) -> None:
    table = scored.select("ltv", logit=0.1, mu=1.5, raw_sigma=0.4)
    table.write_csv(tmp_path / "scored.csv")
    (tmp_path / "model.json").write_text(scored["model"][0])
    done = run(
        "report", tmp_path / "scored.csv", "--label=ltv", "--params=logit,mu,raw_sigma",
        "--model-file", tmp_path / "model.json", "-o", tmp_path / "page.html",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = ziln.plot.report(
        table, "ltv", ["logit", "mu", "raw_sigma"], model=scored["model"][0]
    )
    assert (tmp_path / "page.html").read_text("utf-8") == expected


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["report", "{}/none.parquet", "--label=y", "--params=p"], 1, "No such file"),
        (["report", "{}/a.xlsx", "--label=y", "--params=p"], 1, "ends in .parquet, .csv, .arrow"),
        (["report", "{}/a.csv", "--label=x", "--params=p"], 1, 'unable to find column "x"'),
        (["report", "{}/a.csv", "--label=y", "--params=y"], 1, "ziln_expected_ltv: argument `par"),
        (["report", "{}/a.csv", "--label=y"], 2, "required: --params"),
        ([], 2, "required: COMMAND"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], status: int, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("y\n1.0\n")
    done = run(*(argument.format(tmp_path) for argument in arguments))
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if status == 1:
        assert done.stderr.startswith("ziln report: ")
        assert done.stderr.count("\n") == 1
