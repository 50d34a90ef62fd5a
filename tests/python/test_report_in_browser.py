"""The report in a browser: on a desk, on a phone, on paper, and without colours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from conftest import random_customers
from pages import WIDTHS, opened

import ziln
import ziln.plot

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FEATURES = ["visits", "recency", "channel", "is_new"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page can have, and names as long as people make them."""
    customers = random_customers(3_000, seed=4).with_columns(
        pl.format("{}_2026_spring-retargeting_lookalikes_{}", "campaign", "campaign").alias(
            "campaign"
        )
    )
    models = customers.group_by("campaign").agg(ziln.fit_sgd("ltv", FEATURES, epochs=20))
    scored = customers.join(models, on="campaign").with_columns(ziln.predict("model", FEATURES))
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = ziln.plot.report(scored, "ltv", "params", by="campaign", model="model", unit="$")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens(browser: Browser, report: Path, width: int) -> None:
    with opened(browser, report, width) as page:
        pictures = page.locator("figure img")
        assert pictures.count() == 4
        for picture in pictures.all():
            assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
            box = picture.bounding_box()
            assert box is not None
            assert 200 < box["width"] <= width
        sparks = page.locator("#campaigns tbody svg")
        assert sparks.count() == page.locator("#campaigns tbody tr").count() > 1
        assert cut_off(page) == []


def cut_off(page: Page) -> list[str]:
    """Texts of cells and cards that are wider than their place."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll('th, td, dd, dt, figcaption, li, p')]
            .filter(part => part.checkVisibility() && !part.closest('.cardable thead, .scroll')
                            && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
            .map(part => part.textContent)"""
    )
    return found


def test_it_prints(browser: Browser, report: Path) -> None:
    with opened(browser, report, 700) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        assert cut_off(page) == []
        assert page.pdf(format="A4").startswith(b"%PDF-")


@pytest.mark.parametrize("sight", ["deuteranopia", "protanopia", "achromatopsia"])
def test_actual_and_predicted_differ_without_colours(
    browser: Browser, report: Path, sight: str
) -> None:
    """The two are told apart by their brightness, as those see it who tell few colours apart, or none."""
    with opened(browser, report, 1280) as page:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": sight})
        keys = page.locator(".key")
        actual, predicted = (luminance(page, keys.nth(place).screenshot()) for place in (0, 1))
        lighter, darker = max(actual, predicted), min(actual, predicted)
        assert (lighter + 0.05) / (darker + 0.05) > 1.5


def luminance(page: Page, picture: bytes) -> float:
    """The relative luminance of the middle of a picture, as WCAG defines it."""
    values = page.evaluate(
        """async bytes => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
            canvas.drawImage(image, 0, 0);
            return [...canvas.getImageData(image.width >> 1, image.height >> 1, 1, 1).data];
        }""",
        list(picture),
    )
    linear = [
        value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4
        for value in values[:3]
    ]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
