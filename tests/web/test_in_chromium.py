"""The site in a real Chromium: as a person uses it, at a desk, on a phone, by keyboard."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from scones.site.serving import Site
from tests.web.api_server import KEY, ApiServer
from tests.web.hostile import HOSTILE, jpeg, located_jpeg

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture(autouse=True)
def api_as_it_was(api: ApiServer) -> Iterator[None]:
    yield
    api.refuse, api.slow_seconds = None, 0.0
    api.hold.set()


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=site.url, **PHONE)
    yield context
    context.close()


def file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def cards(page: Page, kind: str) -> Locator:
    return page.locator(f"#queue .card.{kind}")


def upload(page: Page, *files: object) -> None:
    """Upload photos and wait until all are done."""
    page.goto("/")
    page.set_input_files("#choose", list(files))
    expect(cards(page, "done")).to_have_count(len(files))


def open_result(page: Page, photo: Path) -> None:
    upload(page, photo)
    cards(page, "done").locator("a").click()
    page.wait_for_url("**/photos/*/")  # and for its load: by then the script listens
    expect(page.locator(".objects li").first).to_be_visible()


def stored(api: ApiServer, card: Locator) -> bytes:
    photo = api.photos[card.get_attribute("data-photo") or ""]
    assert photo.body is not None
    return photo.body


def tab_to(page: Page, element_id: str, most: int = 12) -> None:
    """Press Tab until an element has the focus."""
    passed: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("(e => e.id || e.outerHTML)(document.activeElement)"))
        if passed[-1] == element_id:
            return
    pytest.fail(f"Tab does not lead to {element_id} but to {passed}")


def test_several_photos_are_uploaded_at_once_and_come_back_with_their_boxes(
    page: Page, photos: list[Path], api: ApiServer
) -> None:
    upload(page, *photos[:5])
    for card in cards(page, "done").all():
        found = api.photos[card.get_attribute("data-photo") or ""].document["objects"]
        expect(card.locator(".boxes .box")).to_have_count(len(found))
    expect(page.locator("#say")).to_contain_text(re.compile(r": .*(\d|nothing)"))


def test_the_key_never_reaches_the_browser(page: Page, photos: list[Path]) -> None:
    seen: list[str] = []
    page.on(
        "request", lambda request: seen.append(str(request.headers) + (request.post_data or ""))
    )
    page.on("response", lambda response: seen.append(str(response.headers)))
    upload(page, photos[0])
    assert seen
    assert not [text for text in seen if KEY in text]


def test_boxes_lie_where_the_detector_says(page: Page, photos: list[Path]) -> None:
    open_result(page, photos[0])
    picture = page.locator(".stage img").bounding_box()
    document = json.loads(page.request.get(f"{page.url}json").body())
    assert picture is not None
    scale = picture["width"] / document["image"]["width"]
    for number, found in enumerate(document["objects"], start=1):
        drawn = page.locator(f".stage g[data-box='{number}'] rect.line").bounding_box()
        assert drawn is not None
        wanted = {
            "x": picture["x"] + found["box"]["left"] * scale,
            "y": picture["y"] + found["box"]["top"] * scale,
            "width": found["box"]["width"] * scale,
            "height": found["box"]["height"] * scale,
        }
        assert {name: drawn[name] for name in wanted} == pytest.approx(wanted, abs=4)


def test_boxes_are_switched_off_and_on(page: Page, photos: list[Path]) -> None:
    open_result(page, photos[0])
    boxes = page.locator(".stage .boxes")
    expect(boxes).to_be_visible()
    page.get_by_role("switch", name="Show boxes").uncheck()
    expect(boxes).to_be_hidden()
    page.get_by_role("switch", name="Show boxes").check()
    expect(boxes).to_be_visible()


def test_the_slider_hides_what_is_less_sure(page: Page, photos: list[Path]) -> None:
    open_result(page, photos[1])
    rows = page.locator(".objects li")
    total = rows.count()
    sure = [float(row.get_attribute("data-confidence") or 0) >= 0.95 for row in rows.all()]
    assert 0 < sum(sure) < total
    page.get_by_label("Least confidence").fill("95")
    expect(page.locator(".objects li:visible")).to_have_count(sum(sure))
    expect(page.locator(".stage .box:not([hidden])")).to_have_count(sum(sure))
    expect(page.locator("#shown")).to_have_text(f"{sum(sure)} of {total} shown")


def test_a_row_and_its_box_point_at_each_other(page: Page, photos: list[Path]) -> None:
    open_result(page, photos[0])
    page.locator(".objects li").first.hover()
    expect(page.locator(".stage g[data-box='1']")).to_have_class(re.compile("lit"))
    page.locator("h1").hover()
    expect(page.locator(".stage g[data-box='1']")).not_to_have_class(re.compile("lit"))
    page.locator(".stage g[data-box='1']").focus()
    expect(page.locator(".objects li").first).to_have_class(re.compile("lit"))


def test_downloads_are_what_the_api_has(page: Page, photos: list[Path], api: ApiServer) -> None:
    open_result(page, photos[0])
    photo = api.photos[page.url.rstrip("/").rpartition("/")[2]]
    with page.expect_download() as picture:
        page.get_by_role("link", name="Picture with boxes").click()
    assert picture.value.suggested_filename.endswith("-boxes.png")
    assert Path(picture.value.path()).read_bytes() == photo.annotated
    with page.expect_download() as document:
        page.get_by_role("link", name="JSON").click()
    saved = json.loads(Path(document.value.path()).read_text())
    by_label = [(found["label"], found["box"]) for found in photo.document["objects"]]
    assert sorted(map(str, by_label)) == sorted(
        str((found["label"], found["box"])) for found in saved["objects"]
    )


def test_a_photo_is_dropped(page: Page) -> None:
    page.goto("/")
    data = list(jpeg((200, 150)))
    transfer = page.evaluate_handle(
        """(bytes) => { const t = new DataTransfer();
        t.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", {type: "image/jpeg"}));
        return t; }""",
        data,
    )
    page.dispatch_event("form.drop", "dragenter", {"dataTransfer": transfer})
    expect(page.locator("form.drop")).to_have_class(re.compile("over"))
    page.dispatch_event("form.drop", "drop", {"dataTransfer": transfer})
    expect(cards(page, "done")).to_have_count(1)
    expect(page.locator("form.drop")).not_to_have_class(re.compile("over"))


def test_place_and_camera_are_gone_before_the_photo_leaves(page: Page, api: ApiServer) -> None:
    before = located_jpeg()
    upload(page, file("located.jpg", before))
    sent = stored(api, cards(page, "done"))
    assert b"Exif" in before
    assert not [mark for mark in (b"Exif", b"Camera", b"private note") if mark in sent]
    with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(sent)) as is_now:
        assert was.tobytes() == is_now.tobytes(), "an upright photo is not compressed anew"


def test_a_turned_photo_is_sent_upright(page: Page, api: ApiServer) -> None:
    upload(page, file("turned.jpg", located_jpeg(6)))
    sent = stored(api, cards(page, "done"))
    with Image.open(io.BytesIO(sent)) as photo:
        assert photo.size == (48, 80)
        assert not photo.getexif()


def test_a_png_leaves_with_its_picture_only(page: Page, api: ApiServer) -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", "a private note")
    picture = Image.effect_noise((60, 40), 80).convert("RGB")
    written = io.BytesIO()
    picture.save(written, "PNG", pnginfo=notes)
    upload(page, file("noted.png", written.getvalue() + b"and what is hidden behind"))
    sent = stored(api, cards(page, "done"))
    assert b"private note" not in sent
    assert b"hidden behind" not in sent
    with Image.open(io.BytesIO(sent)) as photo:
        assert photo.tobytes() == picture.tobytes()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_never_leaves_the_browser(page: Page, name: str) -> None:
    file_name, make, told = HOSTILE[name]
    page.goto("/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.set_input_files("#choose", [file(file_name, make())])
    card = cards(page, "failed")
    expect(card.locator(".state")).to_have_text(re.compile(told))
    assert not [request for request in sent if request.startswith("POST")]
    card.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#queue .card")).to_have_count(0)


def test_progress_is_seen_while_it_lasts(page: Page, api: ApiServer, photos: list[Path]) -> None:
    api.hold.clear()
    page.goto("/")
    page.set_input_files("#choose", photos[0])
    expect(cards(page, "detecting").locator(".state")).to_have_text("Looking for objects")
    expect(cards(page, "detecting").locator("img")).to_be_visible()
    api.hold.set()
    expect(cards(page, "done")).to_have_count(1)


def test_a_page_that_waits_becomes_the_result_without_reload(
    page: Page, api: ApiServer, photos: list[Path]
) -> None:
    api.hold.clear()
    page.goto("/")
    page.set_input_files("#choose", photos[0])
    card = cards(page, "detecting")
    expect(card).to_have_count(1)
    page.goto(f"/photos/{card.get_attribute('data-photo')}/")
    expect(page.get_by_text("Looking for objects")).to_be_visible()
    page.evaluate("window.stayed = true")
    api.hold.set()
    expect(page.locator(".objects li").first).to_be_visible()
    assert page.evaluate("window.stayed")
    expect(page.get_by_role("switch", name="Show boxes")).to_be_visible()


def test_what_the_api_refuses_is_told(page: Page, api: ApiServer, photos: list[Path]) -> None:
    api.refuse = (429, "Too Many Requests")
    page.goto("/")
    page.set_input_files("#choose", photos[0])
    expect(cards(page, "failed").locator(".state")).to_have_text("Too Many Requests")


def test_a_lost_connection_can_be_tried_again(page: Page, photos: list[Path]) -> None:
    page.goto("/")
    page.route("**/uploads/", lambda route: route.abort())
    page.set_input_files("#choose", photos[0])
    card = page.locator("#queue .card")
    expect(card.locator(".state")).to_have_text("The connection was lost.")
    page.unroute("**/uploads/")
    card.get_by_role("button", name="Try again").click()
    expect(cards(page, "done")).to_have_count(1)


def test_the_gallery_has_them_and_forgets_them(page: Page, photos: list[Path]) -> None:
    open_result(page, photos[0])
    here = page.url
    name = page.locator("h1").inner_text()
    page.goto("/gallery/?tool=detect")
    expect(page.locator(".tile").first).to_contain_text(name)
    page.goto(here)
    page.get_by_role("button", name="Remove from the gallery").click()
    expect(page).to_have_url(re.compile("/gallery/$"))
    answer = page.goto(here)
    assert answer is not None
    assert answer.status == 404


def test_the_second_tool_says_which_vehicle(page: Page) -> None:
    page.goto("/classify/")
    page.set_input_files("#choose", [file("bike.jpg", jpeg((48, 40)))])
    cards(page, "done").locator("a").click()
    expect(page.locator(".verdict")).to_have_text(re.compile(r"bicycle\s+98\.0 %"))
    expect(page.get_by_text("the delivery goes on by itself")).to_be_visible()


def test_a_phone_has_a_camera_and_nothing_is_too_wide(
    phone: BrowserContext, photos: list[Path]
) -> None:
    page = phone.new_page()
    page.goto("/")
    expect(page.get_by_text("Take a photo")).to_be_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"
    page.set_input_files("#camera", photos[0])
    expect(cards(page, "done")).to_have_count(1)
    paths = [page.url, "/gallery/", "/classify/", "/monitor/"]
    paths.append(cards(page, "done").locator("a").get_attribute("href") or "")
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        small = page.evaluate(
            """[...document.querySelectorAll("a.button, button, label.button, nav a")]
            .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())
            .filter(r => r.height < 24 || r.width < 24).length"""
        )
        assert small == 0, path


def test_the_keyboard_is_enough(page: Page, photos: list[Path]) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        # Playwright's wish to be told of choosers is on its way now, and a key could overtake it:
        # keys go by another channel. What tab_to asks of the page goes by the same, behind it.
        tab_to(page, "choose")
        page.keyboard.press("Enter")
    chooser.value.set_files(photos[0])
    expect(cards(page, "done")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/photos/*/")  # a switch takes the focus once the script has shown it
    expect(page.locator(".stage")).to_be_visible()
    page.get_by_role("switch", name="Show boxes").focus()
    page.keyboard.press("Space")
    expect(page.locator(".stage .boxes")).to_be_hidden()
    page.keyboard.press("Space")
    page.get_by_label("Least confidence").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#least-value")).to_have_text("70 %")


def test_who_wants_less_motion_gets_none(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].map(e => getComputedStyle(e))
        .filter(s => s.animationName !== "none" || parseFloat(s.transitionDuration) > 0).length"""
    )
    context.close()
    assert moving == 0
