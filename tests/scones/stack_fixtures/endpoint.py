"""A SageMaker endpoint in miniature: the Runtime API over HTTP, answering by an image's colour."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import UnidentifiedImageError

from tests.scones.stack_fixtures.model_server import probabilities

ENDPOINT = "vehicles"


@dataclass
class FakeEndpoint:
    """The server and what it has been asked."""

    port: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    answer: bytes | None = None  # instead of what the image shows
    delay_seconds: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeEndpoint":
        fake = self

        class Handler(_Handler):
            endpoint = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._server is not None
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    endpoint: FakeEndpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.split("/")[2]
        self.endpoint.requests.append(dict(self.headers.items()))
        if self.endpoint.stopped.wait(self.endpoint.delay_seconds):
            return
        if name != ENDPOINT:
            message = f"Endpoint {name} of account 000000000000 not found."
            self._send(400, json.dumps({"message": message}).encode(), "ValidationError")
            return
        try:
            answer = self.endpoint.answer or json.dumps(probabilities(body)).encode()
        except UnidentifiedImageError:
            error = {"OriginalStatusCode": 400, "OriginalMessage": "cannot read the image"}
            self._send(424, json.dumps({"Message": "refused", **error}).encode(), "ModelError")
            return
        self._send(200, answer)

    def _send(self, status: int, body: bytes, error: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if error:
            self.send_header("X-Amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""
