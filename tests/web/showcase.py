"""Pictures of the site for docs/: `python -m tests.web.showcase docs/images`.

On drawn streets, because the photos of the tests are not ours to publish; what was "found" in them
is where they were drawn.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from scones.site.backend import Backend
from scones.site.serving import Site
from tests.ports import free_port
from tests.web.api_server import KEY, ApiServer
from tests.web.photographs import found_in, photographs

SCREENS: dict[str, dict[str, Any]] = {
    "site": {"viewport": {"width": 1280, "height": 780}},
    "site-dark": {"viewport": {"width": 1280, "height": 780}, "color_scheme": "dark"},
    "site-phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
        "color_scheme": "dark",
    },
}


def save(page: Page, path: Path, *, whole: bool = False) -> None:
    """Take a picture of the page, as small as PNG makes it."""
    with Image.open(io.BytesIO(page.screenshot(full_page=whole))) as taken:
        taken.convert("RGB").save(path, optimize=True)


def show(page: Page, name: str, photos: list[Path], folder: Path) -> None:
    """Upload photos, look at one and at the gallery, and keep what docs/ shows of it."""
    page.goto("/")
    page.set_input_files("#choose", photos)
    expect(page.locator(".card.done")).to_have_count(len(photos), timeout=60_000)
    page.wait_for_load_state("networkidle")
    if name != "site-dark":
        save(page, folder / f"{name}-upload.png", whole=name == "site")
    page.locator(".card.done a").last.click()
    expect(page.locator(".objects li").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    if name == "site-dark":
        save(page, folder / f"{name}-result.png")


def main(folder: Path) -> None:
    """Start a site, look at it, end it."""
    work = Path(tempfile.mkdtemp())
    api = ApiServer(found_in)
    environment = Backend(api.url, KEY, (api.origin,)).environment
    site = Site(work / "site", free_port(), environment)
    try:
        site.await_answer()
        photos = photographs(work, real=False)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name, screen in SCREENS.items():
                page = browser.new_context(base_url=site.url, **screen).new_page()
                show(page, name, photos if name == "site" else photos[:3], folder)
            page.goto("/gallery/")
            page.wait_for_load_state("networkidle")
            save(page, folder / "site-phone-gallery.png")
            browser.close()
    finally:
        site.stop()
        api.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
