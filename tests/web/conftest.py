"""A site that runs, an API behind it, and a browser before it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from scones.site.backend import Backend
from scones.site.serving import Site
from tests.ports import free_ports
from tests.web.api_server import KEY, ApiServer
from tests.web.photographs import found_in, photographs
from tests.web.visitor import Visitor

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# Most of what is waited for is an answer of the site: on a busy machine that takes its time.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    server = ApiServer(found_in)
    yield server
    server.close()


@pytest.fixture(scope="session")
def start_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Start a site on a free port, told of an API; ended with the tests."""
    started: list[Site] = []

    def start(api: ApiServer, **variables: str) -> Site:
        folder = tmp_path_factory.mktemp("site")
        backend = Backend(api.url, KEY, (api.origin,))
        site = Site(folder, free_ports(1)[0], backend.environment | variables)
        started.append(site)
        site.await_answer()
        return site

    yield start
    for site in started:
        site.stop()


@pytest.fixture(scope="session")
def site(api: ApiServer, start_site: Callable[..., Site]) -> Site:
    return start_site(api, SCONES_WEB_UPLOADS_A_MINUTE="100000")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's own Chromium: none is downloaded."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: the site was not opened in a browser")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A desk's window on the site; complaints of the browser's are a failure."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    yield opened
    context.close()
    assert not complaints


@pytest.fixture
def visitor(playwright: Playwright, site: Site) -> Iterator[Visitor]:
    request = playwright.request.new_context()
    yield Visitor(request, site.url)
    request.dispose()


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return photographs(tmp_path_factory.mktemp("photos"))
