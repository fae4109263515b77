"""The web site on the running stack: a photo goes in by a real browser, its boxes come back.

It goes through the REST API, S3 and Lambda to the endpoint.

The detector tells colours, so that every box is known (tests/integration/colour_detector.py).
"""

import io
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.ports import free_port
from tests.scones.monitor import chromium

from .api_system import System, system

__all__ = ["system"]
SECONDS = 90.0
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def site(system: System) -> Iterator[str]:
    """The site's address, as `scones web serve` says it."""
    port = free_port()
    origins = {"AllowedOrigins": [f"http://127.0.0.1:{port}"], "AllowedHeaders": ["*"]}
    system.scones.aws.client("s3").put_bucket_cors(
        Bucket=system.outputs["uploads_bucket"],
        CORSConfiguration={"CORSRules": [origins | {"AllowedMethods": ["GET", "POST"]}]},
    )
    running = system.scones.start("web", "serve", "--port", str(port), "--no-browser")
    try:
        url = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + SECONDS
        while not answers(f"{url}health"):
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < deadline, "the site does not answer"
            time.sleep(0.2)
        yield url
    finally:
        running.terminate()
        running.communicate(timeout=SECONDS)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    program = chromium.find()
    if program is None:
        pytest.skip("no chromium on this machine: the site was not used on the whole stack")
    opened = chromium.Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo with a red place and a blue one."""
    picture = Image.new("RGB", (640, 480), "white")
    picture.paste(RED, (64, 120, 256, 360))
    picture.paste(BLUE, (384, 240, 576, 432))
    path = tmp_path_factory.mktemp("photos") / "yard.png"
    picture.save(path)
    return path


def choose(browser: chromium.Browser, url: str, photo: Path) -> None:
    """Open a page and choose a photo on it."""
    browser.go(url)
    browser.call("DOM.enable")
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    node = browser.call("DOM.querySelector", nodeId=root, selector="#choose")["nodeId"]
    browser.call("DOM.setFileInputFiles", files=[str(photo)], nodeId=node)


def eventually(browser: chromium.Browser, expression: str) -> Any:
    """What JavaScript says of the page, once it says something."""
    deadline = time.monotonic() + SECONDS
    while not (found := browser.evaluate(expression)):
        shown = browser.evaluate("document.querySelector('#queue')?.innerText")
        assert time.monotonic() < deadline, f"{expression}: {shown}"
        time.sleep(0.1)
    return found


def load(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_a_photo_comes_back_with_its_boxes(
    browser: chromium.Browser, site: str, photo: Path
) -> None:
    choose(browser, site, photo)
    page = site.rstrip("/") + eventually(
        browser, "document.querySelector('.card.done a')?.getAttribute('href')"
    )
    document = json.loads(load(f"{page}json"))
    assert document["image"] == {"width": 640, "height": 480}
    assert [(found["label"], found["box"]) for found in document["objects"]] == [
        ("bicycle", {"left": 64.0, "top": 120.0, "width": 192.0, "height": 240.0}),
        ("motorcycle", {"left": 384.0, "top": 240.0, "width": 192.0, "height": 192.0}),
    ]
    assert browser.evaluate("document.querySelectorAll('.card.done .box').length") == 2
    with Image.open(io.BytesIO(load(f"{page}annotated"))) as drawn, Image.open(photo) as sent:
        assert drawn.size == sent.size
        assert drawn.convert("RGB").tobytes() != sent.convert("RGB").tobytes()
    # The page loads the photo from S3 itself.
    browser.go(page)
    assert eventually(browser, "document.querySelector('.stage img')?.naturalWidth") == 640


def test_a_photo_is_classified(browser: chromium.Browser, site: str, photo: Path) -> None:
    choose(browser, f"{site}classify/", photo)
    text = eventually(browser, "document.querySelector('.card.done .found')?.innerText")
    assert "bicycle" in text or "motorcycle" in text


def test_the_key_is_in_no_answer(system: System, site: str) -> None:
    for path in ("", "gallery/", "classify/"):
        assert system.key.encode() not in load(f"{site}{path}")
