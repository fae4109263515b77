"""No page breaks a rule of axe-core's: WCAG 2.2 A and AA, and good practice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scones.site.serving import Site
from tests.web.hostile import jpeg

SCREENS: dict[str, dict[str, Any]] = {
    "desk, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone, dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


@pytest.fixture(scope="module", params=SCREENS)
def context(
    request: pytest.FixtureRequest, browser: Browser, site: Site
) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        base_url=site.url, reduced_motion="reduce", bypass_csp=True, **SCREENS[request.param]
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    yield opened
    opened.close()


def faults(page: Page) -> list[str]:
    """What axe finds on a page, with where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:120]} {node.get('failureSummary', '')}"
        for fault in found
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(
    "path", ["/", "/classify/", "/gallery/", "/monitor/", "/login/", f"/photos/{'0' * 32}/"]
)
def test_a_page_breaks_no_rule(page: Page, path: str) -> None:
    page.goto(path)
    assert faults(page) == []


def test_cards_and_result_break_no_rule(page: Page, photos: list[Path]) -> None:
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": jpeg()[:300]}
    page.goto("/")
    page.set_input_files("#choose", photos[0])
    expect(page.locator(".card.done")).to_have_count(1)
    page.set_input_files("#choose", [broken])
    expect(page.locator(".card.failed")).to_have_count(1)
    assert faults(page) == []
    page.locator(".card.done a").click()
    page.wait_for_url("**/photos/*/")  # and for its style
    expect(page.locator(".objects li").first).to_be_visible()
    assert faults(page) == []


def test_a_verdict_breaks_no_rule(page: Page) -> None:
    page.goto("/classify/")
    photo = {"name": "bike.jpg", "mimeType": "image/jpeg", "buffer": jpeg((60, 40))}
    page.set_input_files("#choose", [photo])
    page.locator(".card.done a").click()
    page.wait_for_url("**/photos/*/")
    expect(page.locator(".verdict")).to_be_visible()
    assert faults(page) == []
