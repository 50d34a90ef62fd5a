"""
The functions as Polars expressions.

They work in ``select``, ``with_columns``, ``group_by().agg`` and ``over``, eager and lazy, in memory and
streaming. A result is named after its function (``loss``, ``expected_ltv``, ...); ``.alias()`` renames it.

A numeric argument is a column's name, an expression, a series or a number, of any numeric type; results are
``Float64``. Where any input of a row is null, the result is null; NaN in gives NaN out.

``params``, the parameters of a customer's distribution, come in three forms everywhere:

* one struct with the fields ``logit``, ``mu`` and ``sigma``, as :func:`predict`, :func:`params` and
  :func:`from_logits` return it;
* three numbers ``logit, mu, raw_sigma``: the raw outputs of a network, where
  ``sigma = max(softplus(raw_sigma), sqrt(1e-7))``;
* one list or array of these three numbers.

Wrong types are found when the query runs, and raise ``polars.exceptions.ComputeError`` with a message that names
the function and the argument, and the row where it is one row's fault; a wrong number of arguments raises
``TypeError`` at once, and a feature whose name has a NUL ``ValueError``. Where a struct has a field of such a name,
Polars itself panics before it calls a function (``PanicException``).
"""

from ziln.expressions.distribution import (
    capped_ltv,
    cdf,
    crps,
    expected_ltv,
    from_logits,
    loss,
    params,
    pay_amount,
    pay_prob,
    quantile,
    variance,
)
from ziln.expressions.metrics import decile_stats, evaluate, gini, spearman
from ziln.expressions.models import explain, is_model, model_info, params_error, predict, weights
from ziln.expressions.training import fit_newton, fit_prior, fit_sgd, newton_start, newton_step

__all__ = [
    "capped_ltv",
    "cdf",
    "crps",
    "decile_stats",
    "evaluate",
    "expected_ltv",
    "explain",
    "fit_newton",
    "fit_prior",
    "fit_sgd",
    "from_logits",
    "gini",
    "is_model",
    "loss",
    "model_info",
    "newton_start",
    "newton_step",
    "params",
    "params_error",
    "pay_amount",
    "pay_prob",
    "predict",
    "quantile",
    "spearman",
    "variance",
    "weights",
]
