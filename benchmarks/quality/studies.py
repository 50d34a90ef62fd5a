"""The data: CDNOW and RAND HIE as in the reports, the campaigns of The Complete Journey, and made-up interactions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
from examples import campaigns
from scripts import report

import ziln.datasets
from benchmarks import formulas, hard_data
from benchmarks.quality.common import Heads, Task

FIRST_INTERACTIONS = 21
"""The seed of the first made-up data; every split has customers of its own."""


@dataclass(frozen=True)
class Question:
    """A label to predict, and the rows it is asked of."""

    name: str
    tasks: Callable[[int], Iterator[Task]]


def _of_report(name: str, study: Callable[[], report.Study], label: str) -> Question:
    """A label of a study, with splits of the people."""

    def tasks(splits: int) -> Iterator[Task]:
        made = study()
        for seed, (train, test) in enumerate(report.splits(made, splits)):
            yield Task(train, test, made.labels[label], made.features, seed, made.person)

    return Question(name, tasks)


def _complete_journey() -> report.Study:
    """Every campaign a household received, and what it spent while it ran.

    Sums are rounded, because their last bits depend on the order of the rows.
    """
    received = campaigns.received(ziln.datasets.complete_journey()).with_columns(
        pl.col("ltv").round(2), pl.col("spend_before", "baskets_before").round(9)
    )
    return report.Study(
        name="complete-journey",
        title="The Complete Journey: what households spend during a campaign",
        about="",
        frame=received.sort("household_id", "campaign_id"),
        person="household_id",
        labels={"spend": "ltv"},
        features=[*campaigns.FEATURES, "campaign_type"],
    )


def _interactions(splits: int) -> Iterator[Task]:
    for seed in range(splits):
        frame = hard_data.interactions(FIRST_INTERACTIONS + seed)
        train, test = (frame.filter(part=part) for part in ("train", "test"))
        yield Task(train, test, "ltv", hard_data.INTERACTING, seed)


def truth(task: Task) -> Heads:
    """The distributions that made-up test rows were drawn from."""
    logit, mu, raw_sigma = task.test.select("t_logit", "t_mu", "t_raw_sigma").to_numpy().T
    return Heads(logit, mu, formulas.sigma_numpy(raw_sigma))


QUESTIONS = (
    _of_report("CDNOW", report.cdnow, "spend"),
    _of_report("RAND HIE, drugs", report.rand_hie, "drugs"),
    _of_report("RAND HIE, supplies", report.rand_hie, "supplies"),
    _of_report("RAND HIE, medical care", report.rand_hie, "medical care"),
    _of_report("Complete Journey", _complete_journey, "spend"),
    Question("interactions", _interactions),
)
