"""The inbox's page, over a folder of real emails."""

import http.client
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scones.emulation.inbox import page as page_module
from scones.emulation.inbox import store
from scones.emulation.inbox.page import Page

HOSTILE = b"""Subject: <script>alert(1)</script> & "more"\r
Content-Type: text/html; charset=utf-8\r
\r
</pre><img src=http://tracker.example/x.png onerror=alert(1)>\r
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with Page("127.0.0.1", 0, tmp_path) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(
    page: Page, path: str, method: str = "GET", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.headers)
    finally:
        connection.close()


def keep(page: Page, subject: str) -> str:
    content = f"Subject: {subject}\r\nFrom: sns@example.com\r\n\r\nthe text of {subject}\r\n"
    return store.keep(page.directory, ["ana@example.com"], content.encode()).stem


def test_an_empty_inbox_says_what_will_come(page: Page) -> None:
    status, html, _ = get(page, "/")
    assert status == 200
    assert "Nothing has arrived yet" in html


def test_emails_are_listed_newest_first_and_the_newest_is_shown(page: Page) -> None:
    first, second = keep(page, "first"), keep(page, "second")
    _, html, _ = get(page, "/")
    assert html.index(f"/emails/{second}") < html.index(f"/emails/{first}")
    assert f'<article class="email" id="{second}">' in html
    _, html, _ = get(page, f"/emails/{first}")
    assert f'<article class="email" id="{first}">' in html
    assert "<pre>the text of first" in html


def test_emails_are_there_as_json_and_as_they_came(page: Page) -> None:
    first, second = keep(page, "first"), keep(page, "second")
    emails = json.loads(get(page, "/emails.json")[1])["emails"]
    assert [email["id"] for email in emails] == [second, first]
    assert emails[1] == json.loads(get(page, f"/emails/{first}.json")[1])
    assert emails[1]["to"] == "ana@example.com"
    assert emails[1]["text"] == "the text of first\n"
    _, raw, headers = get(page, f"/emails/{first}.eml")
    assert raw.startswith("X-Envelope-To: ana@example.com\r\nSubject: first\r\n")
    assert headers["Content-Type"].startswith("text/plain")


def test_what_an_email_says_stays_text(page: Page) -> None:
    store.keep(page.directory, ["ana@example.com"], HOSTILE)
    _, html, headers = get(page, "/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;more&#34;" in html
    assert "<img src=http" not in html
    assert html.count("<script") == html.count('<script src="/assets/inbox.js"') == 1
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_email_that_cannot_be_decoded_hides_no_other(page: Page) -> None:
    broken = b"Subject: odd\r\nContent-Type: text/plain; charset=no-such\r\n\r\nbytes \xff end\r\n"
    store.keep(page.directory, ["ana@example.com"], broken)
    store.keep(page.directory, ["ana@example.com"], b"")
    keep(page, "sound")
    emails = json.loads(get(page, "/emails.json")[1])["emails"]
    assert [email["subject"] for email in emails] == ["sound", "", "odd"]
    assert emails[2]["text"] == "bytes \ufffd end\n"


def test_a_name_that_a_stranger_may_own_is_refused(page: Page) -> None:
    keep(page, "secret")
    for host in ("evil.example", "evil.example:4526", "127.0.0.1.evil.example", "["):
        status, text, _ = get(page, "/emails.json", Host=host)
        assert status == 421
        assert "secret" not in text
    for host in ("localhost:4526", "127.0.0.1", "[::1]:4526", "inbox:4526"):
        assert get(page, "/emails.json", Host=host)[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/emails/", "/emails/..%2Fsecret", "/emails/../secret.eml", "/assets/page.py"],
)
def test_what_is_not_an_email_is_not_found(page: Page, path: str) -> None:
    (page.directory.parent / "secret.eml").write_text("secret")
    (page.directory / "secret.eml").write_text("secret")
    status, text, _ = get(page, path)
    assert status == 404
    assert "secret" not in text


def test_only_reading_is_possible(page: Page) -> None:
    keep(page, "kept")
    for method in ("POST", "DELETE", "PUT"):
        assert get(page, "/", method)[0] == 501
    assert get(page, "/", "HEAD")[:2] == (200, "")


def test_a_long_list_is_cut_and_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "SHOWN", 2)
    ids = [keep(page, f"number {n}") for n in range(3)]
    _, html, _ = get(page, "/")
    assert f"/emails/{ids[0]}" not in html
    assert "The newest 2; the folder has all 3." in html


def test_ready_tells_who_answers(page: Page) -> None:
    status, text, _ = get(page, "/_scones/ready")
    assert status == 200
    assert json.loads(text) == {"ready": True, "pid": os.getpid(), "directory": str(page.directory)}


def test_the_page_names_its_own_files_only(page: Page) -> None:
    for name in ("inbox.css", "inbox.js", "inbox.svg"):
        status, text, _ = get(page, f"/assets/{name}")
        assert status == 200
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
