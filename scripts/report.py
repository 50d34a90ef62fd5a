"""Write docs/report-cdnow.md and docs/report-rand-hie.md: ZILN beside least squares on real data.

Both methods are linear in the same features, both untuned; only what they fit differs. Each report
repeats random splits of the people into training and test and shows means and spread.

    python scripts/report.py                    both reports, ten splits each
    python scripts/report.py --splits 3 cdnow   one of them, quicker
"""

import argparse
import datetime
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

import ziln
import ziln.datasets

TRAINING_SHARE = 0.7
DECILES = 10


@dataclass(frozen=True)
class Metric:
    """A column of the result: how it is called and which way is better."""

    name: str
    title: str
    higher_is_better: bool
    digits: int = 3


METRICS = (
    Metric("gini", "normalised Gini", True),
    Metric("spearman", "Spearman", True),
    Metric("decile_mape", "decile MAPE", False),
    Metric("crps", "mean CRPS", False),
    Metric("total_error", "error of the total", False),
    Metric("ratio", "predicted / actual total", True),
)
COMPARED = METRICS[:-1]


@dataclass(frozen=True)
class Study:
    """A data set made ready: one row an example, with a label for each question asked of it."""

    name: str
    title: str
    about: str
    frame: pl.DataFrame
    person: str
    labels: dict[str, str]
    features: list[str]


def cdnow() -> Study:
    """Prepare CDNOW as sql/cdnow.sql does: 39 weeks of features, 39 weeks of label."""
    last_day = datetime.date(1997, 9, 30)
    recently = datetime.date(1997, 6, 30)
    cents = 2  # sums are rounded, because floating-point addition depends on the order of the rows
    visits = ziln.datasets.cdnow().group_by("id", "date").agg(pl.col("amount").sum().round(cents))
    past = (
        visits.filter(pl.col("date") <= last_day)
        .group_by("id")
        .agg(
            recency=(last_day - pl.col("date").max()).dt.total_days(),
            frequency=pl.len().log(),
            monetary=(pl.col("amount").sum().round(cents) / pl.len()).log1p(),
            recent_spend=pl.col("amount")
            .filter(pl.col("date") > recently)
            .sum()
            .round(cents)
            .log1p(),
            tenure=(last_day - pl.col("date").min()).dt.total_days(),
        )
    )
    future = (
        visits.filter(pl.col("date") > last_day)
        .group_by("id")
        .agg(ltv=pl.col("amount").sum().round(cents))
    )
    frame = past.join(future, on="id", how="left").with_columns(pl.col("ltv").fill_null(0.0))
    return Study(
        name="cdnow",
        title="CDNOW: what customers spend in the next 39 weeks",
        about=(
            "23,570 customers of an online music shop who bought for the first time in early 1997. "
            "The features come from their first 39 weeks (to 1997-09-30), the label is what they "
            "spent in the 39 weeks after, in US dollars."
        ),
        frame=frame.sort("id"),
        person="id",
        labels={"spend": "ltv"},
        features=["recency", "frequency", "monetary", "recent_spend", "tenure"],
    )


def rand_hie() -> Study:
    """Prepare the RAND HIE person-years as sql/rand_hie.sql does."""
    frame = ziln.datasets.rand_hie().select(
        "zper",
        "drugdol",
        "suppdol",
        "meddol",
        "year",
        "female",
        "child",
        age="xage",
        age_squared=(pl.col("xage") - 25) ** 2,
        woman=pl.col("female") * (1 - pl.col("child")),
        income=pl.col("income").log1p(),
        education="educdec",
        family_size="num",
        mental_health="mhi",
        chronic_diseases="disea",
        physical_limit="physlm",
        health_index="ghindx",
        plan=pl.col("plan").cast(pl.String),
        site=pl.col("site").cast(pl.String),
    )
    labels = {"drugs": "drugdol", "supplies": "suppdol", "medical care": "meddol"}
    return Study(
        name="rand-hie",
        title="RAND HIE: what people spend in a year on their health",
        about=(
            "20,190 person-years of the RAND Health Insurance Experiment, in which people were "
            "given insurance plans by lot. The features describe the person and the plan, never "
            "the year's visits; the labels are the year's spend on drugs, on supplies and on "
            "medical care altogether, in US dollars. All years of a person are on the same side "
            "of a split."
        ),
        frame=frame,
        person="zper",
        labels=labels,
        features=[c for c in frame.columns if c not in ("zper", *labels.values())],
    )


STUDIES: dict[str, Callable[[], Study]] = {"cdnow": cdnow, "rand-hie": rand_hie}


def splits(study: Study, count: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Random splits of the people, the same in every run."""
    people = study.frame[study.person].unique().sort()
    for seed in range(count):
        draw = np.random.default_rng(seed).random(people.len())
        chosen = people.filter(pl.Series(draw < TRAINING_SHARE)).implode()
        in_training = pl.col(study.person).is_in(chosen)
        yield study.frame.filter(in_training), study.frame.filter(~in_training)


def score_ziln(
    train: pl.DataFrame, test: pl.DataFrame, label: str, features: list[str]
) -> pl.DataFrame:
    """Predictions and CRPS of a ZILN model with default options."""
    model = train.select(ziln.fit_sgd(label, features)).item()
    params = ziln.predict(model, features)
    return test.select(
        label=label,
        prediction=ziln.expected_ltv(params),
        crps=ziln.crps(label, params),
    )


def score_least_squares(
    train: pl.DataFrame, test: pl.DataFrame, label: str, features: list[str]
) -> pl.DataFrame:
    """Predictions and CRPS of ordinary least squares with normal errors."""
    design, design_test = design_matrices(train.select(features), test.select(features))
    y = train[label].to_numpy()
    weights, *_ = np.linalg.lstsq(design, y, rcond=None)
    sigma = float(np.std(y - design @ weights))
    prediction = design_test @ weights
    observed = test[label].to_numpy()
    crps = normal_crps((observed - prediction) / sigma) * sigma
    return pl.DataFrame({"label": observed, "prediction": prediction, "crps": crps})


def design_matrices(train: pl.DataFrame, test: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both frames as ZILN sees them: numbers standardised, missing ones the mean, text one-hot."""
    columns: list[tuple[np.ndarray, np.ndarray]] = [(np.ones(train.height), np.ones(test.height))]
    for name, dtype in train.schema.items():
        if dtype == pl.String:
            columns += [
                ((train[name] == level).to_numpy(), (test[name] == level).to_numpy())
                for level in train[name].unique().sort()
            ]
        else:
            mean, deviation = train[name].mean(), train[name].std()
            scaled = ((pl.col(name) - mean) / deviation).fill_null(0.0)
            pair = (train.select(scaled).to_series(), test.select(scaled).to_series())
            columns.append((pair[0].to_numpy(), pair[1].to_numpy()))
    both = zip(*columns, strict=True)
    design, design_test = (np.column_stack(side).astype(float) for side in both)
    return design, design_test


def normal_crps(z: np.ndarray) -> np.ndarray:
    """CRPS of a standard normal forecast: z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)."""
    twice_cdf_minus_one = np.array([math.erf(value / math.sqrt(2)) for value in z])
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(z * twice_cdf_minus_one + 2 * density - 1 / math.sqrt(math.pi))


def measure(scored: pl.DataFrame) -> dict[str, float]:
    """Every metric of scored test rows."""
    deciles = decile_table(scored)
    ratio = pl.col("prediction").sum() / pl.col("label").sum()
    return scored.select(
        gini=ziln.gini("label", "prediction"),
        spearman=ziln.spearman("label", "prediction"),
        decile_mape=pl.lit(deciles["absolute_percentage_error"].mean()),
        crps=pl.col("crps").mean(),
        total_error=(ratio - 1).abs(),
        ratio=ratio,
    ).row(0, named=True)


def decile_table(scored: pl.DataFrame) -> pl.DataFrame:
    """Label and prediction in ten groups by prediction, one row a group."""
    stats = ziln.decile_stats("label", "prediction", buckets=DECILES)
    return scored.select(stats.explode().struct.unnest())


@dataclass(frozen=True)
class Results:
    """What the two methods scored on one label, a row a split, and deciles of the first split."""

    ziln: pl.DataFrame
    least_squares: pl.DataFrame
    ziln_deciles: pl.DataFrame
    least_squares_deciles: pl.DataFrame


def compare(study: Study, label: str, count: int) -> Results:
    """Fit both methods on every split."""
    scored = [
        (
            score_ziln(train, test, label, study.features),
            score_least_squares(train, test, label, study.features),
        )
        for train, test in splits(study, count)
    ]
    return Results(
        ziln=pl.DataFrame([measure(ours) for ours, _ in scored]),
        least_squares=pl.DataFrame([measure(theirs) for _, theirs in scored]),
        ziln_deciles=decile_table(scored[0][0]),
        least_squares_deciles=decile_table(scored[0][1]),
    )


def wins(results: Results, metric: Metric) -> int:
    """In how many splits ZILN is better than least squares."""
    ours, theirs = results.ziln[metric.name], results.least_squares[metric.name]
    return int(((ours > theirs) if metric.higher_is_better else (ours < theirs)).sum())


def mean_and_spread(values: pl.Series, digits: int) -> str:
    """Mean and standard deviation over the splits, as text."""
    mean, spread = float(np.mean(values.to_numpy())), float(np.std(values.to_numpy(), ddof=1))
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"


def metric_table(results: Results, count: int) -> list[str]:
    """Every metric of both methods as lines of a Markdown table."""
    lines = [
        "| metric | better | ZILN | least squares | ZILN is better in |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for metric in METRICS:
        ours = mean_and_spread(results.ziln[metric.name], metric.digits)
        theirs = mean_and_spread(results.least_squares[metric.name], metric.digits)
        better = ("higher" if metric.higher_is_better else "lower") if metric in COMPARED else "1"
        won = f"{wins(results, metric)} of {count} splits" if metric in COMPARED else ""
        lines.append(f"| {metric.title} | {better} | {ours} | {theirs} | {won} |")
    return lines


def deciles_as_markdown(results: Results) -> list[str]:
    """The deciles of both methods in the first split as lines of a Markdown table."""
    lines = [
        "| decile | ZILN: actual | predicted | least squares: actual | predicted |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    columns = ("label_mean", "prediction_mean")
    ours = results.ziln_deciles.select("bucket", *columns).rows()
    theirs = results.least_squares_deciles.select(columns).rows()
    for (bucket, *our_means), their_means in zip(reversed(ours), reversed(theirs), strict=True):
        means = " | ".join(f"{mean:.2f}" for mean in (*our_means, *their_means))
        lines.append(f"| {bucket} | {means} |")
    return lines


def sure_wins(count: int) -> int:
    """How many splits a method must win to count as better."""
    return math.ceil(0.9 * count)


def reading(all_results: dict[str, Results], count: int) -> list[str]:
    """Where one method is better in nearly every split, in words."""
    sure = sure_wins(count)
    helps: list[str] = []
    harms: list[str] = []
    even: list[str] = []
    for label, results in all_results.items():
        for metric in COMPARED:
            won = wins(results, metric)
            where = helps if won >= sure else harms if won <= count - sure else even
            where.append(f"{metric.title} ({label})")
    sentences = (
        ("ZILN is better", helps),
        ("Least squares is better", harms),
        ("Neither is clearly better", even),
    )
    return [f"- {claim}: {', '.join(what)}." for claim, what in sentences if what]


def write_report(study: Study, count: int, folder: Path) -> Path:
    """Run a study and write its report."""
    all_results = {name: compare(study, label, count) for name, label in study.labels.items()}
    lines = [
        f"# {study.title}",
        "",
        study.about,
        "",
        f"Made by `python scripts/report.py {study.name}`; do not edit.",
        "",
        "## In short",
        "",
        f"A method counts as better where it wins in at least {sure_wins(count)} of the {count} "
        "splits.",
        "",
        *reading(all_results, count),
        "",
        "## Method",
        "",
        f"Features: {', '.join(f'`{name}`' for name in study.features)}. Both methods are linear "
        "in them, with numbers standardised and text one-hot encoded, and neither is tuned:",
        "",
        "- ZILN: `ziln.fit_sgd(label, features)` with default options; the prediction is the "
        "expected value.",
        "- Least squares: `numpy.linalg.lstsq` on the label itself; its CRPS is that of a normal "
        "distribution with the standard deviation of the training residuals.",
        "",
        f"{TRAINING_SHARE:.0%} of the people are for training, the others for test; {count} random "
        "splits. Figures are test means ± the standard deviation over the splits. CRPS scores the "
        "whole predicted distribution, in dollars. Decile MAPE compares mean label and mean "
        "prediction in ten groups by prediction; it is unforgiving where a group spends almost "
        "nothing. The error of the total is |predicted / actual - 1|: least squares matches the "
        "total of the training rows by construction, ZILN does not, and its expected value is too "
        "high where the right tail of spend is thinner than a log-normal's.",
    ]
    for name, results in all_results.items():
        zeros = float((study.frame[study.labels[name]] <= 0).to_numpy().mean())
        lines += [
            "",
            f"## Results: {name}",
            "",
            f"{zeros:.1%} of the labels are 0.",
            "",
            *metric_table(results, count),
            "",
            "The first split by decile, each method by its own ranking (10 = highest prediction):",
            "",
            *deciles_as_markdown(results),
        ]
    path = folder / f"report-{study.name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Parse the arguments and write the reports."""
    parser = argparse.ArgumentParser(description="Write the reports on real data.")
    parser.add_argument("studies", nargs="*", metavar="study", help=f"of {', '.join(STUDIES)}")
    parser.add_argument("--splits", type=int, default=10, help="random splits (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="where (%(default)s)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.studies if name not in STUDIES]
    if unknown or arguments.splits < 2:
        parser.error(f"studies are {', '.join(STUDIES)}, splits at least 2")

    for name in arguments.studies or STUDIES:
        print(write_report(STUDIES[name](), arguments.splits, arguments.folder))


if __name__ == "__main__":
    main()
