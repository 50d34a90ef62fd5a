"""Cost per row of the scalar functions, beside the same formulas in other systems.

    python -m benchmarks.scalar                  10 million rows, one thread
    python -m benchmarks.scalar --rows 200000    quicker, to try it out

All systems read the same columns from memory and are asked the same questions: the mean loss, the mean loss of
each of 100 campaigns, the mean expected value, and predictions from 20 features with one model and with the
models of 1,000 campaigns. Their answers are compared before their times are.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from datafusion import SessionConfig, SessionContext

import ziln
from benchmarks import common, formulas, simulate
from benchmarks.common import Case

FEATURES = 20
CAMPAIGNS = 1_000
LARGE_BATCH_ROWS = 64 * 1024
"""Rows of a batch where the cost of a call shall not count."""
NUMPY_BLOCK_ROWS = 64 * 1024
"""Rows that NumPy takes at a time: its temporary arrays then stay in the cache."""
ROWS_TO_TRAIN_A_CAMPAIGN = 50
AGREEMENT = 1e-9
"""Relative difference of two answers that counts as none."""

PolarsEngine: TypeAlias = Literal["streaming", "in-memory"]

OURS = "ziln in DataFusion"
BUILT_IN = "DataFusion, built-in"
FLOOR = "DataFusion, reading only"
OURS_POLARS = "ziln in Polars"
PREDICT_ONLY = "ziln_predict in DataFusion"
BUILT_IN_POLARS = "Polars, built-in"

FLOOR_SQL = "y + z + mu + s"
LOSS = "ziln_loss(y, z, mu, s)"
EXPECTED_LTV = "ziln_expected_ltv(z, mu, s)"


@dataclass(frozen=True)
class Question:
    """One question and how each system answers it."""

    name: str
    heading: str
    cases: Sequence[Case]
    others: Mapping[str, str]
    """Systems whose answer is another on purpose, as that of reading only, and why."""


def session(table: pa.Table, batch_rows: int = common.BATCH_ROWS) -> SessionContext:
    """A DataFusion session of one partition, with the functions and the rows as table `t`."""
    config = SessionConfig().with_target_partitions(1).with_batch_size(batch_rows)
    context = SessionContext(config)
    ziln.register_all(context)
    context.register_record_batches("t", simulate.batches(table, batch_rows))
    return context


def answer(context: SessionContext, sql: str) -> Callable[[], float]:
    """Run a query whose answer is one number."""
    return lambda: float(context.sql(sql).to_pydict()["answer"][0])


def polars_answer(query: pl.LazyFrame, engine: PolarsEngine) -> Callable[[], float]:
    """Run a Polars query whose answer is one number."""
    return lambda: float(query.collect(engine=engine).item())


def polars_cases(system: str, query: pl.LazyFrame) -> list[Case]:
    """A query in both of Polars' engines: that of `lazy().collect()`, and that of eager frames."""
    return [
        Case(system, polars_answer(query, "streaming")),
        Case(f"{system}, in memory", polars_answer(query, "in-memory")),
    ]


def lazy(table: pa.Table) -> pl.LazyFrame:
    """The rows for Polars, without copying."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def by_campaign(expression: str) -> str:
    """The greatest mean of a campaign: every campaign's mean is computed, and one number is compared."""
    return f"SELECT max(m) AS answer FROM (SELECT avg({expression}) AS m FROM t GROUP BY campaign)"


def mean(expression: str) -> str:
    """The mean over all rows, in any SQL."""
    return f"SELECT avg({expression}) AS answer FROM t"


def numpy_cases(
    rows: simulate.Scored, formula: Callable[[simulate.Scored], simulate.Floats]
) -> list[Case]:
    """The mean of a formula over whole columns, as it is usually written, and block by block."""

    def in_blocks() -> float:
        blocks = rows.blocks(NUMPY_BLOCK_ROWS)
        return sum(float(formula(block).sum()) for block in blocks) / len(rows.label)

    return [
        Case("NumPy", lambda: float(formula(rows).mean())),
        Case("NumPy, in blocks", in_blocks),
    ]


def duckdb_answers(rows: pa.Table) -> Callable[[str], Callable[[], float]] | None:
    """How DuckDB answers a query over the rows, copied into a table of its own."""
    duckdb = common.optional("duckdb")
    if duckdb is None:
        return None
    connection = duckdb.connect(config={"threads": 1})
    connection.register("arrow", rows)
    connection.execute("CREATE TABLE t AS SELECT * FROM arrow")
    return lambda sql: lambda: float(connection.execute(sql).fetchone()[0])


def formula_questions(count: int, seed: int) -> list[Question]:
    """Loss, loss by campaign and expected value."""
    rows = simulate.scored(count, seed)
    table = rows.table()
    context, large = session(table), session(table, LARGE_BATCH_ROWS)
    frame = lazy(table)
    duckdb = duckdb_answers(table)
    numexpr = common.optional("numexpr")

    def sql_cases(ours: str, built_in: str, plain: str, query: Callable[[str], str]) -> list[Case]:
        cases = [
            Case(FLOOR, answer(context, query(FLOOR_SQL))),
            Case(OURS, answer(context, query(ours))),
            Case(BUILT_IN, answer(context, query(built_in))),
            Case(f"{BUILT_IN}, may overflow", answer(context, query(plain))),
            Case(f"{OURS}, large batches", answer(large, query(ours))),
            Case(f"{BUILT_IN}, large batches", answer(large, query(built_in))),
        ]
        return cases + ([Case("DuckDB", duckdb(query(built_in)))] if duckdb else [])

    def polars_means(ours: pl.Expr, built_in: pl.Expr) -> list[Case]:
        return [
            *polars_cases(OURS_POLARS, frame.select(ours.mean())),
            *polars_cases(BUILT_IN_POLARS, frame.select(built_in.mean())),
        ]

    def polars_by_campaign(expression: pl.Expr) -> pl.LazyFrame:
        means = frame.group_by("campaign").agg(expression.mean().alias("m"))
        return means.select(pl.col("m").max())

    def numpy_loss(block: simulate.Scored) -> simulate.Floats:
        sigma = formulas.sigma_numpy(block.raw_sigma)
        return formulas.loss_numpy(block.label, block.logit, block.mu, sigma)

    loss = sql_cases(LOSS, formulas.LOSS_SQL, formulas.PLAIN_LOSS_SQL, mean)
    loss += polars_means(ziln.loss("y", "z", "mu", "s"), formulas.loss_polars())
    loss += numpy_cases(rows, numpy_loss)
    campaigns = sql_cases(LOSS, formulas.LOSS_SQL, formulas.PLAIN_LOSS_SQL, by_campaign)
    campaigns += polars_cases(OURS_POLARS, polars_by_campaign(ziln.loss("y", "z", "mu", "s")))
    campaigns += polars_cases(BUILT_IN_POLARS, polars_by_campaign(formulas.loss_polars()))
    value = sql_cases(
        EXPECTED_LTV, formulas.EXPECTED_LTV_SQL, formulas.PLAIN_EXPECTED_LTV_SQL, mean
    )
    value += polars_means(ziln.expected_ltv("z", "mu", "s"), formulas.expected_ltv_polars())
    value += numpy_cases(rows, formulas.expected_ltv_numpy)
    if numexpr is not None:
        numexpr.set_num_threads(1)
        loss.append(Case("numexpr", lambda: float(formulas.loss_numexpr(numexpr, rows).mean())))
        value.append(
            Case("numexpr", lambda: float(formulas.expected_ltv_numexpr(numexpr, rows).mean()))
        )
    reads = {FLOOR: "avg(y + z + mu + s)"}
    return [
        Question("loss", "Mean loss", loss, reads),
        Question("loss_by_campaign", "Mean loss of each of 100 campaigns", campaigns, reads),
        Question("expected_ltv", "Mean expected value", value, reads),
    ]


def train_models(context: SessionContext, seed: int) -> None:
    """A table of models, one a campaign, made as a user makes it: `models(campaign, model)`."""
    rows = CAMPAIGNS * ROWS_TO_TRAIN_A_CAMPAIGN
    customers = simulate.customers(rows, FEATURES, seed, groups=CAMPAIGNS)
    context.register_record_batches("history", simulate.batches(customers.table()))
    train = f"ziln_fit_sgd(ltv, {customers.struct_sql()}, {{epochs: 3, batch_size: 32}})"
    context.sql(
        f"CREATE TABLE models AS SELECT g, {train} AS model FROM history GROUP BY g"
    ).collect()


def prediction_questions(count: int, seed: int) -> list[Question]:
    """Predictions from 20 float64 features: with one model, and with a model a row."""
    customers = simulate.customers(count, FEATURES, seed, groups=CAMPAIGNS, dtype=np.float64)
    table = customers.table()
    context = session(table)
    train_models(context, seed)
    models = lazy(context.table("models").to_arrow_table())
    frame = lazy(table)
    names, struct = customers.feature_names, customers.struct_sql()
    reading = " + ".join(names)
    model = str(models.sort("g").collect()["model"][0])

    one = f"ziln_predict(model, {struct})"
    crossed = "SELECT avg({}) AS answer FROM t CROSS JOIN (SELECT model FROM models WHERE g = 0)"
    literal = mean(f"ziln_expected_ltv(ziln_predict('{model}', {struct}))")
    one_model = [
        Case(FLOOR, answer(context, mean(reading))),
        Case(PREDICT_ONLY, answer(context, crossed.format(f"{one}['mu']"))),
        Case(OURS, answer(context, crossed.format(f"ziln_expected_ltv({one})"))),
        Case(f"{OURS}, model as a literal", answer(context, literal)),
        *polars_cases(
            OURS_POLARS, frame.select(ziln.expected_ltv(ziln.predict(model, names)).mean())
        ),
    ]
    joined = "SELECT avg({}) AS answer FROM t JOIN models USING (g)"
    per_row = frame.join(models, on="g").select(
        ziln.expected_ltv(ziln.predict("model", names)).mean()
    )
    model_per_row = [
        Case(FLOOR, answer(context, joined.format(f"{reading} + octet_length(model)"))),
        Case(PREDICT_ONLY, answer(context, joined.format(f"{one}['mu']"))),
        Case(OURS, answer(context, joined.format(f"ziln_expected_ltv({one})"))),
        *polars_cases(OURS_POLARS, per_row),
    ]
    others = {FLOOR: "the sum of the columns", PREDICT_ONLY: "the mean of mu"}
    return [
        Question("predict", "Expected value from 20 features, one model", one_model, others),
        Question(
            "predict_joined",
            f"Expected value from 20 features, join with the models of {CAMPAIGNS:,} campaigns",
            model_per_row,
            others,
        ),
    ]


def compare_answers(question: Question) -> None:
    """Stop where two systems do not answer the same."""
    answers = {
        case.system: case.run() for case in question.cases if case.system not in question.others
    }
    expected = answers[OURS]
    for system, found in answers.items():
        if not math.isclose(found, expected, rel_tol=AGREEMENT):
            message = f"{question.name}: {system} answers {found!r}, {OURS} {expected!r}"
            raise RuntimeError(message)


def timed(question: Question, rows: int, repetitions: int) -> dict[str, Any]:
    """Compare the answers, then time."""
    common.say(f"{question.heading} ...")
    compare_answers(question)
    seconds = common.measure(question.cases, repetitions)
    return {
        "name": question.name,
        "heading": question.heading,
        "notes": dict(question.others),
        "nanoseconds_per_row": {
            system: common.median(values) / rows * 1e9 for system, values in seconds.items()
        },
        "seconds": seconds,
    }


def measure_all(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All questions, one group of them in memory at a time."""
    results = []
    for questions in (formula_questions, prediction_questions):
        asked = questions(options.rows, options.seed)
        results += [timed(question, options.rows, options.repetitions) for question in asked]
    return results


def tables(report: Mapping[str, Any]) -> list[str]:
    """The tables of a report."""
    return [shown(result) for result in report["results"]]


def shown(result: Mapping[str, Any]) -> str:
    """The table of a question, the cheapest first; ratios are to ziln in DataFusion."""
    costs = result["nanoseconds_per_row"]
    rows = [
        [
            f"{system}: {note}" if (note := result["notes"].get(system)) else system,
            f"{cost:.1f}",
            f"{1e3 / cost:.0f}",
            f"{cost / costs[OURS]:.2f}",
        ]
        for system, cost in sorted(costs.items(), key=lambda item: item[1])
    ]
    columns = ["system", "ns a row", "million rows/s", "ratio to ziln"]
    return common.table(f"{result['heading']}", columns, rows)


def main() -> None:
    """Measure in a process of one thread, print the tables, write the JSON."""
    parser = common.arguments(__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        common.send(measure_all(options))
        return
    passed = [f"--{name}={getattr(options, name)}" for name in ("rows", "repetitions", "seed")]
    results = common.run_child("benchmarks.scalar", ["--measure", *passed], threads=1)
    report = {"rows": options.rows, "results": results}
    print(*tables(report), sep="\n")
    common.write_json(options.output, "scalar", report)


if __name__ == "__main__":
    main()
