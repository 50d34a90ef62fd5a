"""Speed of networks: training beside JAX, PyTorch and Keras, prediction, and a thousand networks in one query.

    python -m benchmarks.network_speed
    python -m benchmarks.network_speed --rows 120000 --rounds 1 --campaigns 20

The systems take turns, each in a process of its own on one core and then on all; of the rounds the fastest counts, by
the clock and by the processor, since the machine is not ours alone.
"""

import argparse
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl
from datafusion import SessionConfig, SessionContext

import ziln
from benchmarks import common, simulate
from benchmarks.network_trainers import OURS, TRAINERS
from benchmarks.network_trainers.common import clock

MODULE = "benchmarks.network_speed"
FEATURES = 20
NETWORKS = {"20-64-32-3": [64, 32], "20-128-128-64-64-3": [128, 128, 64, 64]}
CAMPAIGN_ROWS = 1000
CAMPAIGN_HIDDEN = [16]
ROWS_TO_TRAIN_ON = 20_000


def train_one(options: argparse.Namespace) -> dict[str, Any] | None:
    """One system and network, in this process."""
    customers = simulate.customers(options.rows, FEATURES, options.seed)
    run = TRAINERS[options.trainer](customers, NETWORKS[options.network], options.epochs)
    return None if run is None else asdict(run)


def train_all(options: argparse.Namespace) -> dict[str, dict[str, dict[str, list[Any]]]]:
    """The rounds by network, threads and system."""
    results: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for network in NETWORKS:
        results[network] = {str(threads): {} for threads in common.thread_counts()}
        for _ in range(options.rounds):
            for threads, by_system in results[network].items():
                for system in TRAINERS:
                    common.say(f"{network}, threads: {threads}, {system} ...")
                    found = train_in_child(options, network, system, int(threads))
                    if found is not None:
                        by_system.setdefault(system, []).append(found)
    return results


def train_in_child(
    options: argparse.Namespace, network: str, system: str, threads: int
) -> dict[str, Any] | None:
    """One system and network, in a process that has so many cores."""
    names = ("rows", "epochs", "seed")
    chosen = [f"--{name}={getattr(options, name)}" for name in names]
    chosen += [f"--trainer={system}", f"--network={network}"]
    try:
        found: dict[str, Any] | None = common.run_child(MODULE, chosen, threads)
    except subprocess.CalledProcessError:
        common.say(f"skipped: {system} failed")
        return None
    return found


def predict_all(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Seconds a prediction of all rows takes, by network and query, in this process on one core."""
    customers = simulate.customers(options.rows, FEATURES, options.seed)
    frame, names = customers.frame(), customers.feature_names
    context = SessionContext(SessionConfig().with_target_partitions(1))
    ziln.register_all(context)
    context.register_record_batches("t", simulate.batches(customers.table()))
    history = simulate.customers(ROWS_TO_TRAIN_ON, FEATURES, options.seed)
    context.register_record_batches("history", simulate.batches(history.table()))
    struct = customers.struct_sql()
    results = {}
    for network, hidden in NETWORKS.items():
        fit = f"ziln_fit_sgd(ltv, {struct}, {{hidden: {hidden}}})"
        context.sql(f"CREATE TABLE m AS SELECT {fit} AS model FROM history").collect()
        model = context.table("m").to_pydict()["model"][0]
        sql = f"SELECT sum(ziln_predict(model, {struct})['mu']) FROM t CROSS JOIN m"
        expression = ziln.predict(model, names).struct.field("mu").sum()
        queries: dict[str, Callable[[], Any]] = {
            "DataFusion": lambda sql=sql: context.sql(sql).collect(),
            "Polars": lambda expression=expression: frame.lazy().select(expression).collect(),
        }
        results[network] = {name: fastest(query, options.rounds) for name, query in queries.items()}
        context.deregister_table("m")
    sums = " + ".join(names)
    reading = f"SELECT sum({sums}) FROM t"
    results["reading only: the sum of the columns"] = {
        "DataFusion": fastest(lambda: context.sql(reading).collect(), options.rounds),
        "Polars": fastest(
            lambda: frame.lazy().select(pl.sum_horizontal(names).sum()).collect(), options.rounds
        ),
    }
    return results


def fastest(query: Callable[[], Any], rounds: int) -> float:
    """The least of the processor's seconds, after a first time that does not count."""
    query()
    return min(clock(query)[1] for _ in range(2 * rounds + 1))


def train_campaigns(options: argparse.Namespace) -> dict[str, float]:
    """A network a campaign, in one query of DataFusion on all cores, in this process."""
    rows = options.campaigns * CAMPAIGN_ROWS
    customers = simulate.customers(rows, FEATURES, options.seed, groups=options.campaigns)
    context = SessionContext(SessionConfig())
    ziln.register_all(context)
    context.register_record_batches("t", simulate.batches(customers.table()))
    fit = f"ziln_fit_sgd(ltv, {customers.struct_sql()}, {{hidden: {CAMPAIGN_HIDDEN}}})"
    query = f"SELECT count(model) AS models FROM (SELECT {fit} AS model FROM t GROUP BY g)"
    seconds, used, found = clock(lambda: context.sql(query).to_pydict())
    return {"seconds": seconds, "processor_seconds": used, "models": found["models"][0]}


def tables(report: Mapping[str, Any]) -> list[str]:
    """The tables of a report."""
    shown = [
        shown_training(network, threads, by_system)
        for network, by_threads in report["training"].items()
        for threads, by_system in by_threads.items()
    ]
    return [*shown, shown_prediction(report), shown_campaigns(report["campaigns"])]


def shown_training(
    network: str, threads: str, by_system: Mapping[str, Sequence[Mapping[str, float]]]
) -> str:
    """Every system's fastest round."""
    by_clock = {name: speed(runs, "seconds") for name, runs in by_system.items()}
    by_processor = {name: speed(runs, "processor_seconds") for name, runs in by_system.items()}
    lines = [
        [
            name,
            f"{by_clock[name] / 1e6:.2f}",
            f"{by_clock[OURS] / by_clock[name]:.2f}",
            f"{by_processor[name] / 1e6:.2f}",
            f"{by_processor[OURS] / by_processor[name]:.2f}",
            f"{min(run['loss'] for run in runs):.4f}",
        ]
        for name, runs in by_system.items()
    ]
    columns = [
        "system",
        "million row-epochs/s",
        "ziln is so many times faster",
        "million row-epochs a second of the processor",
        "ziln is so many times faster",
        "mean loss",
    ]
    return common.table(f"Training of {network}, threads: {threads}", columns, lines)


def speed(runs: Sequence[Mapping[str, float]], of: str) -> float:
    """Row-epochs a second of the fastest round."""
    return max(run["row_epochs"] / run[of] for run in runs)


def shown_prediction(report: Mapping[str, Any]) -> str:
    """Millions of rows a second of the processor."""
    lines = [
        [name, *(f"{report['rows'] / seconds[engine] / 1e6:.1f}" for engine in seconds)]
        for name, seconds in report["prediction"].items()
    ]
    return common.table(
        "Prediction, one thread, million rows a second of the processor",
        ["network", "DataFusion", "Polars"],
        lines,
    )


def shown_campaigns(campaigns: Mapping[str, float]) -> str:
    """The query of many networks."""
    name = f"{campaigns['models']:,} campaigns x {CAMPAIGN_ROWS:,} rows, hidden: {CAMPAIGN_HIDDEN}"
    cells = [f"{campaigns[kind]:.1f}" for kind in ("seconds", "processor_seconds")]
    columns = ["query of DataFusion", "s", "s of the processor"]
    return common.table("A network a campaign, all cores", columns, [[name, *cells]])


def child(options: argparse.Namespace) -> bool:
    """Do the part that a parent process asked for."""
    if options.trainer:
        common.send(train_one(options))
    elif options.part == "prediction":
        common.send(predict_all(options))
    elif options.part == "campaigns":
        common.send(train_campaigns(options))
    else:
        return False
    return True


def parse() -> argparse.Namespace:
    """The options; the hidden ones are for child processes."""
    parser = common.arguments(__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--epochs", type=int, default=3, help="of the other systems")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--trainer", choices=list(TRAINERS), help=argparse.SUPPRESS)
    parser.add_argument("--network", choices=list(NETWORKS), help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=["prediction", "campaigns"], help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure everything, print the tables, write the JSON."""
    options = parse()
    if child(options):
        return
    training = train_all(options)
    sizes = [
        f"--{name}={getattr(options, name)}" for name in ("rows", "rounds", "campaigns", "seed")
    ]
    common.say("prediction ...")
    prediction = common.run_child(MODULE, ["--part=prediction", *sizes], threads=1)
    common.say("campaigns ...")
    campaigns = common.run_child(MODULE, ["--part=campaigns", *sizes])
    report = {
        "rows": options.rows,
        "epochs": options.epochs,
        "training": training,
        "prediction": prediction,
        "campaigns": campaigns,
    }
    print(*tables(report), sep="\n")
    common.write_json(options.output, "network_speed", report)


if __name__ == "__main__":
    main()
