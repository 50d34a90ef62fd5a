"""What the tests share: golden values, sessions of DataFusion, a random table of customers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

import datafusion
import numpy as np
import polars as pl
import pytest
from warehouse import run_script

import ziln
import ziln.datasets

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]

Engine: TypeAlias = Literal["in-memory", "streaming"]


@pytest.fixture(scope="session")
def golden() -> pl.DataFrame:
    """Values of the distribution, computed with 60 digits and rounded once."""
    return pl.DataFrame(json.loads((ROOT / "tests/data/ziln.json").read_text()))


@pytest.fixture
def ctx() -> datafusion.SessionContext:
    """A session with the functions registered."""
    session = datafusion.SessionContext()
    ziln.register_all(session)
    return session


@pytest.fixture(scope="session")
def cdnow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the demo's script runs."""
    folder = tmp_path_factory.mktemp("cdnow")
    (folder / "data").mkdir()
    ziln.datasets.cdnow().write_parquet(folder / "data" / "cdnow.parquet")
    return folder


@pytest.fixture(scope="session")
def cdnow(cdnow_folder: Path) -> datafusion.SessionContext:
    """A session in which the demo's script has run."""
    return run_script("cdnow.sql", cdnow_folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium. On a CI machine it must be there; elsewhere the tests that need it are skipped without."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        no_browser("no Chromium: install it with the system's package manager")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        no_browser("no playwright: pip install -r requirements-browser.txt")
    with sync_playwright() as driver:
        # A sandbox needs rights that containers and root do not have; the pages are ours.
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def no_browser(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def random_params(rows: int, seed: int) -> pl.DataFrame:
    """Labels and raw outputs over a wide range, with NULL, NaN and infinite values in all columns."""
    random = np.random.default_rng(seed)
    label = np.where(random.random(rows) < 0.4, 0.0, random.lognormal(2, 3, rows))
    frame = pl.DataFrame(
        {
            "label": label,
            "logit": random.normal(0, 20, rows),
            "mu": random.normal(1, 5, rows),
            "raw_sigma": random.normal(0, 4, rows),
            "q": random.random(rows),
        }
    )
    for name in frame.columns:
        for odd, share in ((None, 0.02), (np.nan, 0.02), (np.inf, 0.01), (-np.inf, 0.01)):
            hit = pl.Series(random.random(rows) < share)
            frame = frame.with_columns(pl.when(hit).then(odd).otherwise(name).alias(name))
    return frame


def random_customers(rows: int, seed: int) -> pl.DataFrame:
    """Customers of five campaigns, with features of every kind and missing values."""
    random = np.random.default_rng(seed)
    visits = random.poisson(3, rows)
    pays = random.random(rows) < 1 / (1 + np.exp(1 - visits / 2))
    ltv = np.where(pays, random.lognormal(1 + visits / 5, 0.8, rows), 0.0)
    channel = random.choice(["search", "social", "mail"], rows)
    return pl.DataFrame(
        {
            "campaign": random.integers(0, 5, rows),
            "visits": visits,
            "recency": random.normal(30, 10, rows),
            "channel": channel,
            "is_new": random.random(rows) < 0.5,
            "weight": random.integers(0, 4, rows),
            "ltv": ltv,
        }
    ).with_columns(
        pl.when(pl.Series(random.random(rows) < 0.1)).then(None).otherwise(name).alias(name)
        for name in ("recency", "channel", "is_new", "weight", "ltv")
    )
