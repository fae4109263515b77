"""A real HTTP server on loopback that misbehaves as told."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does, and what it was asked.

    Attributes:
        body: The file.
        etag: Its entity tag, or None for a server that gives none.
        ranges: Whether it honours Range.
        range_shift: By how many bytes it misses the range that was asked for.
        drop_after: For each request in turn, bytes of the answer's body after which the
            connection drops; requests beyond the list are answered whole.
        status: For each request in turn, a status to answer with instead; None for the file.
        asked: The headers of every request so far.
    """

    body: bytes
    etag: str | None = '"1"'
    ranges: bool = True
    range_shift: int = 0
    drop_after: list[int] = field(default_factory=list)
    status: list[int | None] = field(default_factory=list)
    content_type: str = "application/gzip"
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        turn = len(behaviour.asked)
        behaviour.asked.append(dict(self.headers.items()))
        status = behaviour.status[turn] if turn < len(behaviour.status) else None
        if status is not None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self._answer(behaviour)
        if turn < len(behaviour.drop_after):
            self.wfile.write(body[: behaviour.drop_after[turn]])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)

    def _answer(self, behaviour: Behaviour) -> bytes:
        """Send status and headers, and return the body that belongs to them."""
        wanted = self.headers.get("Range")
        current = self.headers.get("If-Range", behaviour.etag) == behaviour.etag
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        whole = len(behaviour.body)
        partial = bool(wanted) and behaviour.ranges and current
        if partial and start >= whole:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{whole}")
            body = b""
        elif partial:
            start += behaviour.range_shift
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            body = behaviour.body[start:]
        else:
            self.send_response(200)
            body = behaviour.body
        if behaviour.etag:
            self.send_header("ETag", behaviour.etag)
        self.send_header("Content-Type", behaviour.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class _Server(ThreadingHTTPServer):
    behaviour: Behaviour


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a free loopback port; `behaviour.url` tells where."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.behaviour = behaviour
    behaviour.url = f"http://127.0.0.1:{server.server_port}/cifar-100-python.tar.gz"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield behaviour
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
