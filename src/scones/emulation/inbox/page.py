"""The page: the emails, newest first, for a person and as JSON.

    GET /                      the list, and the newest email beside it
    GET /emails/ID             the list, and one email
    GET /emails.json           the emails
    GET /emails/ID.json        one email
    GET /emails/ID.eml         one email as it came, as plain text
    GET /_scones/ready         who answers

What an email says is shown as text and never as HTML, and the page may load nothing but its own
style sheet and script. A request by a foreign name is refused, so that no web page can have its own
name point here and read the emails (DNS rebinding).
"""

import ipaddress
import json
import os
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from scones.emulation.inbox import store
from scones.emulation.inbox.store import ReceivedEmail

SHOWN = 200
"""How many emails the list has; the folder has them all."""
REQUEST_SECONDS = 10.0
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_ASSETS = {"inbox.css": "text/css", "inbox.js": "text/javascript", "inbox.svg": "image/svg+xml"}
_TEMPLATES = Environment(
    loader=PackageLoader(__name__.rpartition(".")[0]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page(ThreadingHTTPServer):
    """An HTTP server over one inbox folder."""

    daemon_threads = True

    def __init__(self, host: str, port: int, directory: Path) -> None:
        """Take the port.

        Raises:
            OSError: It is taken.
        """
        self.directory = directory
        super().__init__((host, port), _Request)

    def server_bind(self) -> None:
        """Bind without asking the DNS for this machine's name, as HTTPServer would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Request(BaseHTTPRequestHandler):
    """One request."""

    server: Page
    server_version = "inbox"
    sys_version = ""
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        if not is_own_name(self.headers.get("Host", "")):
            self._text(HTTPStatus.MISDIRECTED_REQUEST, "Ask for localhost, or for an address.\n")
            return
        match urlsplit(self.path).path.strip("/").split("/"):
            case [""]:
                self._page(None)
            case ["emails.json"]:
                self._json({"emails": [document(message) for message in self._newest()]})
            case ["emails", name]:
                self._email(name)
            case ["assets", name] if name in _ASSETS:
                self._answer(HTTPStatus.OK, _ASSETS[name], _asset(name))
            case ["_scones", "ready"]:
                folder = str(self.server.directory)
                self._json({"ready": True, "pid": os.getpid(), "directory": folder})
            case _:
                self._text(HTTPStatus.NOT_FOUND, "There is nothing here.\n")

    do_HEAD = do_GET  # noqa: N815

    def _newest(self) -> list[ReceivedEmail]:
        return [store.parse(path) for path in store.files(self.server.directory)[: -SHOWN - 1 : -1]]

    def _email(self, name: str) -> None:
        email_id, _, suffix = name.rpartition(".")
        if suffix not in ("json", "eml"):
            email_id, suffix = name, ""
        path = store.find(self.server.directory, email_id)
        if path is None:
            self._text(HTTPStatus.NOT_FOUND, "There is no such email.\n")
        elif suffix == "json":
            self._json(document(store.parse(path)))
        elif suffix == "eml":
            self._answer(HTTPStatus.OK, "text/plain", path.read_bytes())
        else:
            self._page(store.parse(path))

    def _page(self, chosen: ReceivedEmail | None) -> None:
        newest = self._newest()
        html = _TEMPLATES.get_template("inbox.html.j2").render(
            emails=newest,
            total=len(store.files(self.server.directory)),
            shown=chosen or next(iter(newest), None),
            chosen=chosen is not None,
        )
        self._answer(HTTPStatus.OK, "text/html", html.encode())

    def _json(self, content: Any) -> None:
        self._answer(HTTPStatus.OK, "application/json", json.dumps(content, indent=2).encode())

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._answer(status, "text/plain", text.encode())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in SECURITY_HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: a page that refreshes itself would fill the log."""


def document(message: ReceivedEmail) -> dict[str, str]:
    """Return an email as JSON has it."""
    return {
        "id": message.id,
        "received": message.received.isoformat(),
        "to": message.to,
        "from": message.sender,
        "subject": message.subject,
        "text": message.text,
    }


def is_own_name(host: str) -> bool:
    """Tell whether a Host header is an address, or a name that no stranger can register."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and "." not in name
    return True


def _asset(name: str) -> bytes:
    return (resources.files(__package__) / "assets" / name).read_bytes()
