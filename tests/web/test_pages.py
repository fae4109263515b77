"""The site by HTTP alone: what a browser without JavaScript, or somebody hostile, gets."""

import json
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Playwright

from scones.site.serving import Site
from tests.web.api_server import KEY, ApiServer
from tests.web.hostile import HOSTILE, jpeg, located_jpeg
from tests.web.visitor import Visitor

DONE_SECONDS = 60


def photo_of(location: str) -> str:
    return location.rstrip("/").rpartition("/")[2]


def sent_on(api: ApiServer) -> int:
    """How often the site sent something on; an earlier page's late question is none of it."""
    return sum(method == "POST" for method, _ in api.seen)


def when_done(visitor: Visitor, path: str) -> str:
    """The photo's page, once it shows a result."""
    deadline = time.monotonic() + DONE_SECONDS
    while "under way" in (text := visitor.get(path).text()).lower():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return text


@pytest.fixture
def refusing(api: ApiServer) -> Iterator[ApiServer]:
    yield api
    api.refuse = None
    api.slow_seconds = 0.0


def test_it_is_healthy_under_any_host_name(visitor: Visitor) -> None:
    answer = visitor.get("/health", headers={"Host": "10.0.0.7"})
    assert answer.json() == {"status": "ok"}


def test_another_host_name_is_refused(visitor: Visitor) -> None:
    assert visitor.get("/", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize("path", ["/", "/classify/", "/gallery/", "/monitor/", "/login/"])
def test_a_page_is_guarded_by_its_headers(visitor: Visitor, api: ApiServer, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in f"{policy};"
    assert f"connect-src 'self' {api.origin}" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_no_page_or_script_has_the_api_key(visitor: Visitor) -> None:
    for path in ("/", "/classify/", "/gallery/"):
        assert KEY not in visitor.get(path).text()
    answer = visitor.ask({"name": "a.jpg", "content_type": "image/jpeg", "size": 10})
    assert answer.status == 201
    assert KEY not in answer.text()
    assert set(answer.json()) == {"id", "url", "fields", "card"}


def test_a_photo_goes_through_without_javascript_and_loses_its_place(
    visitor: Visitor, api: ApiServer
) -> None:
    answer = visitor.send("/photos/", "yard.jpg", located_jpeg())
    assert answer.status == 302, answer.text()
    stored = api.photos[photo_of(answer.headers["location"])].body
    assert stored is not None
    assert b"Camera of a person" not in stored
    assert "bicycle" in when_done(visitor, answer.headers["location"])


@pytest.mark.parametrize("path", ["/photos/", "/classify/"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_before_it_goes_on(
    visitor: Visitor, api: ApiServer, path: str, name: str
) -> None:
    file_name, make, _ = HOSTILE[name]
    before = sent_on(api)
    answer = visitor.send(path, file_name, make())
    assert answer.status == 400
    assert "That did not work" in answer.text()
    assert sent_on(api) == before


def test_a_name_with_markup_is_shown_as_text(visitor: Visitor) -> None:
    answer = visitor.send("/photos/", "<img src=x onerror=alert(1)>.jpg", jpeg())
    text = when_done(visitor, answer.headers["location"])
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_a_form_of_another_site_is_refused(visitor: Visitor) -> None:
    answer = visitor.request.post(f"{visitor.base}/classify/", multipart={"photos": "x"})
    assert answer.status == 403
    assert "That was refused" in answer.text()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"name": "a.gif", "content_type": "image/gif", "size": 10}, "Only PNG and JPEG"),
        ({"name": "a.jpg", "content_type": "image/jpeg", "size": 10**9}, "larger than 20 MB"),
        ({"name": "a.jpg", "content_type": "image/jpeg", "size": 0}, "empty"),
        ({"name": "a.jpg"}, "Send JSON"),
        ("[]", "Send JSON"),
        ("{", "Send JSON"),
    ],
)
def test_a_form_is_asked_for_within_limits(visitor: Visitor, document: object, told: str) -> None:
    answer = visitor.ask(document)
    assert answer.status == 400
    assert told in answer.json()["message"]


def test_what_announces_too_much_is_not_read(visitor: Visitor) -> None:
    answer = visitor.get("/", headers={"Content-Length": str(10**10)})
    assert answer.status == 413


def test_a_classification_shows_the_answer_and_keeps_a_small_picture(
    visitor: Visitor, api: ApiServer
) -> None:
    answer = visitor.send("/classify/", "bike.jpg", located_jpeg())
    assert answer.status == 302, answer.text()
    assert b"Camera of a person" not in api.classified[-1]
    page = answer.headers["location"]
    assert "a person decides" in visitor.get(page).text()
    small = visitor.get(f"{page}thumbnail")
    assert small.headers["content-type"] == "image/jpeg"
    document = visitor.get(f"{page}json").json()
    assert document["label"] == "bicycle"
    assert document["routed"] is False


def test_downloads_are_files_and_what_the_api_gave(visitor: Visitor, api: ApiServer) -> None:
    page = visitor.send("/photos/", "My Yard.jpg", jpeg()).headers["location"]
    when_done(visitor, page)
    picture = visitor.get(f"{page}annotated")
    assert picture.headers["content-disposition"] == 'attachment; filename="my-yard-boxes.png"'
    assert picture.body() == api.photos[photo_of(page)].annotated
    document = visitor.get(f"{page}json")
    assert "attachment" in document.headers["content-disposition"]
    assert json.loads(document.body())["objects"][0]["label"] == "bicycle"


def test_what_is_not_there_is_404(visitor: Visitor) -> None:
    for path in ("", "card", "original", "annotated", "json", "thumbnail"):
        assert visitor.get(f"/photos/{'0' * 32}/{path}").status == 404
    assert visitor.get("/photos/../../etc/passwd/").status == 404


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (503, "there is no endpoint 'scones-unlimited-detector': run `scones detector deploy`"),
        (429, "Too Many Requests"),
        (500, "Internal server error"),
    ],
)
def test_what_the_api_says_reaches_the_person(
    visitor: Visitor, refusing: ApiServer, status: int, said: str
) -> None:
    refusing.refuse = (status, said)
    answer = visitor.send("/classify/", "a.jpg", jpeg(), Accept="application/json")
    assert answer.status == status
    assert answer.json() == {"message": said}


def test_too_many_requests_are_spread_over_seconds(visitor: Visitor, refusing: ApiServer) -> None:
    refusing.throttled = 3
    asked = {"name": "a.jpg", "content_type": "image/jpeg", "size": 10}
    ticket = visitor.ask(asked)
    assert ticket.status == 201
    assert refusing.throttled == 0
    refusing.throttled = 2
    assert "Waiting for its turn" in visitor.get(ticket.json()["card"]).text()
    # Even where it lasts longer, a card goes on asking.
    refusing.throttled = 5
    card = visitor.get(ticket.json()["card"]).text()
    assert "Too Many Requests" in card
    assert "hx-trigger" in card
    assert refusing.throttled == 0, "one request and four more, and then no other"


def test_a_photo_that_never_arrives_waits_and_is_told_so(visitor: Visitor) -> None:
    ticket = visitor.ask({"name": "a.jpg", "content_type": "image/jpeg", "size": 10}).json()
    card = visitor.get(ticket["card"]).text()
    assert "Waiting for its turn" in card
    assert "hx-trigger" in card


def test_one_address_may_not_ask_without_end(
    playwright: Playwright, api: ApiServer, start_site: Callable[..., Site]
) -> None:
    site = start_site(api, SCONES_WEB_UPLOADS_A_MINUTE="3", SCONES_WEB_PROXIES="1")
    request = playwright.request.new_context(extra_http_headers={"X-Forwarded-For": "203.0.113.1"})
    other = playwright.request.new_context(extra_http_headers={"X-Forwarded-For": "203.0.113.2"})
    asked = {"name": "a.jpg", "content_type": "image/jpeg", "size": 10}
    # A minute may end between two of them: then the fourth is the first of the next one.
    statuses = [Visitor(request, site.url).ask(asked).status for _ in range(8)]
    assert statuses[:3] == [201] * 3
    assert statuses.count(429) >= 2
    assert Visitor(other, site.url).ask(asked).status == 201
    request.dispose()
    other.dispose()


def test_with_accounts_strangers_see_the_log_in_only(
    playwright: Playwright, api: ApiServer, start_site: Callable[..., Site]
) -> None:
    site = start_site(api, SCONES_WEB_ACCOUNTS="1")
    request = playwright.request.new_context()
    visitor = Visitor(request, site.url)
    for path in ("/", "/gallery/", "/classify/", "/monitor/", f"/photos/{'0' * 32}/"):
        answer = visitor.get(path)
        assert answer.status == 302
        assert "/login/" in answer.headers["location"]
    assert visitor.get("/login/").status == 200
    assert visitor.get("/health").status == 200
    request.dispose()
