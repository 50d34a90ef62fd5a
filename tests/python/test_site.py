"""The documentation site in a browser, from its files, without a server. `make docs` builds it and runs this."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from pages import WIDTHS, opened

import ziln.expressions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SITE = ROOT / "output" / "site"
PAGES = [
    path for path in sorted(SITE.glob("**/*.html")) if "_" not in path.relative_to(SITE).parts[0]
]
FUNCTIONS = [f"ziln_{name}" for name in ziln.expressions.__all__]

pytestmark = pytest.mark.skipif(not PAGES, reason="the site has not been built (make docs)")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_and_fits(browser: Browser, width: int) -> None:
    for path in PAGES:
        # The front door leads on at once; the next test opens it.
        if path == SITE / "index.html":
            continue
        with opened(browser, path, width) as page:
            assert page.title()


def test_the_folder_opens_at_the_first_page(browser: Browser) -> None:
    with opened(browser, SITE / "index.html", WIDTHS[0]) as page:
        page.wait_for_url("**/docs/index.html")
        assert "Tutorial in SQL" in page.locator(".sidebar-tree").inner_text()


@pytest.mark.parametrize("word", ["ziln_quantile", "censoring", "covariance", "Keras"])
def test_search_finds_without_a_server(browser: Browser, word: str) -> None:
    with opened(browser, SITE / "docs" / "index.html", WIDTHS[0]) as page:
        page.locator("input[name=q]").fill(word)
        page.locator("input[name=q]").press("Enter")
        page.locator("ul.search li a").first.wait_for()
        # The page that is found has the word.
        found = page.locator("ul.search li a").first.get_attribute("href")
        assert found is not None
        target = SITE / found.partition("#")[0].partition("?")[0]
        assert word.lower() in target.read_text(encoding="utf-8").lower()


def test_every_function_has_a_page() -> None:
    listed = (SITE / "docs" / "reference" / "index.html").read_text(encoding="utf-8")
    for name in FUNCTIONS:
        assert f'href="{name}.html"' in listed
        text = (SITE / "docs" / "reference" / f"{name}.html").read_text(encoding="utf-8")
        assert f'id="ziln.{name.removeprefix("ziln_")}"' in text


def test_the_tutorial_was_run(browser: Browser) -> None:
    with opened(browser, SITE / "docs" / "tutorial-python.html", WIDTHS[0]) as page:
        assert page.locator(".cell_output table.dataframe").count() >= 4
        charts = page.locator(".cell_output img[alt^='the chart of']")
        assert charts.count() >= 3
        box = charts.first.bounding_box()
        assert box is not None
        assert box["width"] > 300


def test_pages_ask_nothing_of_the_network() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert 'src="http' not in text
        assert 'rel="stylesheet" href="http' not in text


def test_the_source_of_pages_is_no_copy_of_them() -> None:
    """The reference is made when the site is; a copy in the repository would go stale."""
    ignored = Path(ROOT, ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/docs/reference" in ignored
