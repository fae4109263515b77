"""The report page in a real browser: it loads nothing, fits a phone, and follows light and dark."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.scones.monitor import chromium
from tests.scones.monitor.showcase import make_report

pytestmark = pytest.mark.skipif(
    chromium.find() is None,
    reason="no chromium on this machine: the report page was not opened in a browser",
)

WIDTHS = {"phone": 360, "tablet": 768, "desk": 1280}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    opened = chromium.Browser(chromium.find() or "", tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_report(tmp_path_factory.mktemp("report")).html


@pytest.mark.parametrize("name", WIDTHS)
def test_nothing_is_wider_than_the_screen_and_every_picture_is_shown(
    browser: chromium.Browser, page: Path, name: str
) -> None:
    browser.open(page, width=WIDTHS[name], height=800)
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[name]
    pictures = browser.evaluate("document.images.length")
    assert pictures >= 7
    shown = "[...document.images].filter(i => i.complete && i.naturalWidth > 0).length"
    assert browser.evaluate(shown) == pictures


def test_it_asks_the_network_for_nothing(browser: chromium.Browser, page: Path) -> None:
    browser.requested.clear()
    browser.open(page, width=1280, height=800)
    assert browser.requested
    assert {url.partition(":")[0] for url in browser.requested} <= {"file", "data"}


@pytest.mark.parametrize("dark", [False, True])
def test_paper_and_plots_follow_light_and_dark(
    browser: chromium.Browser, page: Path, dark: bool
) -> None:
    browser.open(page, width=360, height=800, dark=dark)
    with Image.open(io.BytesIO(browser.screenshot(whole=False))) as taken:
        corner: Any = taken.convert("L").getpixel((2, 2))
    assert (corner < 60) is dark
    source = "document.querySelector('picture img').currentSrc"
    plot = page.with_name("confidence-over-time-dark.png" if dark else "confidence-over-time.png")
    assert browser.evaluate(f"{source}.length") == len("data:image/png;base64,") + 4 * (
        -(-plot.stat().st_size // 3)
    )


def test_text_is_large_enough_to_read_on_a_phone(browser: chromium.Browser, page: Path) -> None:
    browser.open(page, width=360, height=800)
    sizes = "[...document.querySelectorAll('p,td,th,span,figcaption')]"
    least = browser.evaluate(
        f"Math.min(...{sizes}.map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert least >= 12


def test_a_page_that_is_watched_loads_itself_anew(
    browser: chromium.Browser, page: Path, tmp_path: Path
) -> None:
    text = page.read_text()
    watched = tmp_path / "watched.html"
    again = '<meta http-equiv="refresh" content="1">\n<title>'
    watched.write_text(text.replace("<title>", again).replace("<h1>", "<h1>first "))
    browser.open(watched, width=1280, height=800)
    assert browser.evaluate("document.querySelector('h1').innerText").startswith("first ")
    watched.write_text(re.sub("<h1>", "<h1>second ", text))
    browser.wait_for("Page.loadEventFired")
    assert browser.evaluate("document.querySelector('h1').innerText").startswith("second ")
