"""A SageMaker endpoint in miniature: the Runtime API over HTTP, answering by an image's colour."""

import io
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image, UnidentifiedImageError

ENDPOINT = "vehicles"


@dataclass
class FakeEndpoint:
    """The server and what it has been asked."""

    port: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    answer: bytes | None = None  # instead of what the image shows
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
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    endpoint: FakeEndpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if target := self.headers.get("X-Amz-Target"):
            self._send(200, json.dumps(_no_resources(target)).encode())
            return
        name = self.path.split("/")[2]
        self.endpoint.requests.append(dict(self.headers.items()))
        if name != ENDPOINT:
            message = f"Endpoint {name} of account 000000000000 not found."
            self._send(400, json.dumps({"message": message}).encode(), "ValidationError")
            return
        try:
            colour = Image.open(io.BytesIO(body)).convert("RGB").resize((1, 1)).getpixel((0, 0))
        except UnidentifiedImageError:
            error = {"OriginalStatusCode": 400, "OriginalMessage": "cannot read the image"}
            self._send(424, json.dumps({"Message": "refused", **error}).encode(), "ModelError")
            return
        self._send(200, self.endpoint.answer or json.dumps(probabilities(colour)).encode())

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


def probabilities(colour: Any) -> list[float]:
    """Red is a bicycle, blue a motorcycle, grey something between."""
    red, _, blue = colour
    if red > blue + 50:
        return [0.98, 0.02]
    return [0.03, 0.97] if blue > red + 50 else [0.55, 0.45]


def _no_resources(target: str) -> dict[str, list[Any]]:
    """Answer the List operations of the SageMaker API: this account has nothing."""
    lists = {
        "ListEndpoints": "Endpoints",
        "ListEndpointConfigs": "EndpointConfigs",
        "ListModels": "Models",
        "ListTrainingJobs": "TrainingJobSummaries",
    }
    return {lists[target.removeprefix("SageMaker.")]: []}
