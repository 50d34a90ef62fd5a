"""`ziln_fit_sgd` in DataFusion, through the same memory layout as any Python program, and in Polars."""

from collections.abc import Callable

import polars as pl
from datafusion import SessionConfig, SessionContext

import ziln
from benchmarks import common, simulate
from benchmarks.common import median
from benchmarks.simulate import Customers, Floats
from benchmarks.trainers.common import Settings, Trained, timed

MORE_EPOCHS = 100
"""So many that what they cost stands out from the rest of the training."""

L2 = 0.0
"""None, as in the other systems, so that all have the same objective."""


def in_datafusion(customers: Customers, settings: Settings) -> Trained:
    """An aggregate of SQL, in as many partitions as there are threads."""
    context = _session(customers)

    def fit(epochs: int) -> str:
        return _fit_sql(
            context,
            customers,
            f", {{epochs: {epochs}, batch_size: {settings.batch_size}, l2: {L2}}}",
        )

    return _trained(customers, settings, fit)


def by_default(customers: Customers, settings: Settings) -> Trained:
    """The same with the options that the rows decide."""
    context = _session(customers)
    seconds, model = timed(lambda: _fit_sql(context, customers, ""), settings.repetitions)
    info = pl.select(ziln.model_info(pl.lit(model))).item()
    logit, mu, sigma = _heads(customers, model)
    return Trained(seconds, int(info["epochs_run"]), logit, mu, sigma)


def in_polars(customers: Customers, settings: Settings) -> Trained:
    """An expression of Polars."""
    frame = customers.frame()

    def fit(epochs: int) -> str:
        expression = ziln.fit_sgd(
            "ltv",
            customers.feature_names,
            epochs=epochs,
            batch_size=settings.batch_size,
            l2=L2,
        )
        return str(frame.select(expression).item())

    return _trained(customers, settings, fit)


def _session(customers: Customers) -> SessionContext:
    context = SessionContext(SessionConfig().with_target_partitions(common.cores()))
    ziln.register_all(context)
    context.register_record_batches("t", simulate.batches(customers.table()))
    return context


def _fit_sql(context: SessionContext, customers: Customers, options: str) -> str:
    query = f"SELECT ziln_fit_sgd(ltv, {customers.struct_sql()}{options}) AS model FROM t"
    return str(context.sql(query).to_pydict()["model"][0])


def _heads(customers: Customers, model: str) -> tuple[Floats, Floats, Floats]:
    params = customers.frame().select(ziln.predict(model, customers.feature_names))
    heads = params.unnest("params")
    return heads["logit"].to_numpy(), heads["mu"].to_numpy(), heads["sigma"].to_numpy()


def _trained(customers: Customers, settings: Settings, fit: Callable[[int], str]) -> Trained:
    fit(1)  # warms up
    without, _ = timed(lambda: fit(0), settings.repetitions)
    seconds, model = timed(lambda: fit(settings.epochs), settings.repetitions)
    longer, _ = timed(lambda: fit(settings.epochs + MORE_EPOCHS), settings.repetitions)
    logit, mu, sigma = _heads(customers, model)
    return Trained(
        seconds,
        settings.epochs,
        logit,
        mu,
        sigma,
        parts={
            "no_epoch": median(without),
            "an_epoch_more": (median(longer) - median(seconds)) / MORE_EPOCHS,
        },
    )
