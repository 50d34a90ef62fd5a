"""
Zero-inflated log-normal (ZILN) lifetime-value models inside Polars and DataFusion.

A customer pays with probability ``p``, and then an amount that is log-normal(``mu``, ``sigma``); the expected
lifetime value is ``p * exp(mu + sigma^2 / 2)``. Train one model a campaign, and score with it:

>>> import polars as pl
>>> import ziln
>>> customers = pl.DataFrame(
...     {"campaign": ["a"] * 4 + ["b"] * 4, "visits": [1, 2, 3, 4] * 2, "ltv": [0, 5, 10, 20, 0, 0, 50, 90]}
... )
>>> models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", ["visits"]))
>>> scored = customers.join(models, on="campaign").with_columns(ziln.predict("model", ["visits"]))
>>> scored.select(ziln.expected_ltv("params")).to_series().null_count()
0

The functions are expressions of Polars (:mod:`ziln.expressions`); :func:`register_all` makes the same functions
part of DataFusion's SQL, where their names begin with ``ziln_``.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ziln._ziln import __version__
    from ziln.customers import rfm
    from ziln.expressions import (
        capped_ltv,
        cdf,
        crps,
        decile_stats,
        evaluate,
        expected_ltv,
        explain,
        fit_newton,
        fit_prior,
        fit_sgd,
        from_logits,
        gini,
        is_model,
        loss,
        model_info,
        newton_start,
        newton_step,
        params,
        params_error,
        pay_amount,
        pay_prob,
        predict,
        quantile,
        spearman,
        variance,
        weights,
    )
    from ziln.networks import layers, network_model
    from ziln.passes import fit_passes
    from ziln.sql import register_all, register_model

__all__ = [
    "__version__",
    "capped_ltv",
    "cdf",
    "crps",
    "decile_stats",
    "evaluate",
    "expected_ltv",
    "explain",
    "fit_newton",
    "fit_passes",
    "fit_prior",
    "fit_sgd",
    "from_logits",
    "gini",
    "is_model",
    "layers",
    "loss",
    "model_info",
    "network_model",
    "newton_start",
    "newton_step",
    "params",
    "params_error",
    "pay_amount",
    "pay_prob",
    "predict",
    "quantile",
    "register_all",
    "register_model",
    "rfm",
    "spearman",
    "variance",
    "weights",
]

_HOMES: Final = ("expressions", "customers", "networks", "passes", "sql", "_ziln")
"""The modules from which the names above come. The last has raw forms of some: what stands before it counts."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Imports what is used, when it is used: the command ``ziln`` starts without waiting for Polars."""
        from importlib import import_module

        if name in _HOMES:
            return import_module(f"ziln.{name}")
        for home in _HOMES if name in __all__ else ():
            module = import_module(f"ziln.{home}")
            if hasattr(module, name):
                return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
