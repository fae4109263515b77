"""The REST API and its S3 in small, for tests of the site without the whole stack.

Every request is checked against api/openapi.json, and so is every answer that is given: what this
says, the API may say. Photos are "detected" by a function that a test gives. The true chain is in
tests/integration/test_site.py.
"""

import io
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from PIL import Image, ImageDraw, UnidentifiedImageError

DOCUMENT = json.loads((Path(__file__).parents[2] / "api" / "openapi.json").read_text())
KEY = "a-key-that-no-browser-may-see"
MAX_BYTES = 20 * 1024 * 1024
Objects = list[dict[str, Any]]


@dataclass
class Photo:
    """One upload."""

    id: str
    content_type: str
    size: int
    body: bytes | None = None
    document: dict[str, Any] = field(default_factory=dict)
    annotated: bytes = b""
    looks: int = 0


class ApiServer:
    """Runs until `close`; `url` is the API, `origin` is S3."""

    def __init__(self, find: Callable[[Image.Image], Objects]) -> None:
        self.find = find
        self.photos: dict[str, Photo] = {}
        self.seen: list[tuple[str, str]] = []
        self.classified: list[bytes] = []
        self.refuse: tuple[int, str] | None = None
        self.throttled = 0
        """So many of the next requests are beyond the usage plan's rate."""
        self.slow_seconds = 0.0
        self.hold = threading.Event()
        self.hold.set()
        self._api = _serve(self._api_handler())
        self._s3 = _serve(self._s3_handler())
        self.url = f"http://127.0.0.1:{self._api.server_port}/v1"
        self.origin = f"http://127.0.0.1:{self._s3.server_port}"

    def close(self) -> None:
        """End it."""
        for server in (self._api, self._s3):
            server.shutdown()
            server.server_close()

    # The API

    def answer(self, method: str, path: str, kind: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer one request as the API's document has it."""
        if self.refuse is not None:
            return self.refuse[0], {"message": self.refuse[1]}
        if self.throttled > 0:
            self.throttled -= 1
            return 429, {"message": "Too Many Requests"}
        if (method, path) == ("POST", "/uploads"):
            return self._form(json.loads(body))
        if (method, path) == ("POST", "/classify"):
            return self._classify(body, kind)
        if found := re.fullmatch(r"/results/([^/]+)", path):
            return self._result(found[1])
        return 403, {"message": "Missing Authentication Token"}

    def _form(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        schema("UploadRequest").validate(asked)
        photo_id = uuid.uuid4().hex
        self.photos[photo_id] = Photo(photo_id, asked["content_type"], asked["size"])
        fields = {"key": f"uploads/{photo_id}", "Content-Type": asked["content_type"]}
        return 201, {
            "id": photo_id,
            "url": f"{self.origin}/photos",
            "fields": fields | {"policy": "cG9saWN5", "x-amz-signature": "0" * 64},
            "expires_in": 900,
            "max_bytes": MAX_BYTES,
        }

    def _result(self, photo_id: str) -> tuple[int, dict[str, Any]]:
        photo = self.photos.get(photo_id)
        if photo is None:
            return 404, {"message": f"there is no upload '{photo_id}'"}
        if photo.body is None:
            return 200, {"id": photo_id, "status": "WAITING"}
        photo.looks += 1
        if photo.looks == 1 or not self.hold.is_set():
            return 200, {"id": photo_id, "status": "DETECTING"}
        return 200, {"id": photo_id, **photo.document}

    def _classify(self, body: bytes, kind: str) -> tuple[int, dict[str, Any]]:
        if kind not in ("image/png", "image/jpeg"):
            return 415, {"message": "the body is neither a PNG nor a JPEG image"}
        self.classified.append(body)
        with Image.open(io.BytesIO(body)) as photo:
            share = round(0.5 + (photo.width % 50) / 100, 4)
        return 200, {
            "label": "bicycle",
            "confidence": share,
            "threshold": 0.93,
            "routed": share >= 0.93,
            "probabilities": {"bicycle": share, "motorcycle": round(1 - share, 4)},
        }

    # S3, and what it sets going

    def take(self, fields: dict[str, bytes]) -> int:
        """Take a form's fields; return the HTTP status."""
        photo = self.photos.get(fields["key"].decode().removeprefix("uploads/"))
        body = fields["file"]
        if photo is None or fields["Content-Type"].decode() != photo.content_type:
            return 403
        if not 0 < len(body) <= MAX_BYTES:
            return 400
        photo.body = body
        self._detect(photo)
        return 204

    def _detect(self, photo: Photo) -> None:
        try:
            with Image.open(io.BytesIO(photo.body or b"")) as opened:
                picture = opened.convert("RGB")
        except (UnidentifiedImageError, OSError):
            photo.document = {"status": "FAILED", "message": "the photo cannot be read"}
            return
        objects = self.find(picture)
        photo.document = {
            "status": "DONE",
            "image": {"width": picture.width, "height": picture.height},
            "threshold": 0.5,
            "objects": objects,
            "links": {
                name: f"{self.origin}/{name}/{photo.id}" for name in ("photo", "annotated", "json")
            },
        }
        pen = ImageDraw.Draw(picture)
        for found in objects:
            box = found["box"]
            corner = (box["left"] + box["width"], box["top"] + box["height"])
            pen.rectangle((box["left"], box["top"], *corner), outline="red", width=3)
        written = io.BytesIO()
        picture.save(written, "PNG")
        photo.annotated = written.getvalue()

    def _api_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(_Quiet):
            def _do(self) -> None:
                path = self.path.partition("?")[0].removeprefix("/v1")
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                server.seen.append((self.command, path))
                time.sleep(server.slow_seconds)
                if self.headers.get("x-api-key") != KEY:
                    status, document = 403, {"message": "Forbidden"}
                else:
                    kind = self.headers.get("Content-Type", "")
                    status, document = server.answer(self.command, path, kind, body)
                    conforms(self.command, path, status, document)
                self.give(status, "application/json", json.dumps(document).encode())

            do_GET = do_POST = _do

        return Handler

    def _s3_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(_Quiet):
            def do_OPTIONS(self) -> None:
                self.give(200, "text/plain", b"")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                time.sleep(server.slow_seconds)
                status = server.take(
                    form_fields(self.headers["Content-Type"], self.rfile.read(length))
                )
                self.give(status, "application/xml", b"")

            def do_GET(self) -> None:
                _, name, photo_id = self.path.split("/")
                photo = server.photos.get(photo_id)
                if photo is None or photo.body is None:
                    self.give(404, "application/xml", b"<Error/>")
                elif name == "annotated":
                    self.give(200, "image/png", photo.annotated)
                else:
                    self.give(200, photo.content_type, photo.body)

        return Handler


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(ConnectionError):  # a browser that has changed its mind
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass

    def give(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status != 204:
            self.send_header("Content-Type", kind)
        if origin := self.headers.get("Origin"):
            self.send_header("Access-Control-Allow-Origin", origin)
        self.end_headers()
        if status != 204:
            self.wfile.write(body)


def form_fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """Read a multipart form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return {
        str(part.get_param("name", header="Content-Disposition")): part.get_payload(decode=True)
        or b""
        for part in message.iter_parts()
    }


def schema(name: str) -> Draft202012Validator:
    """A validator of one of the document's schemas."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


def conforms(method: str, path: str, status: int, document: dict[str, Any]) -> None:
    """Return only if the API's document has this answer."""
    known = next(
        operations[method.lower()]
        for template, operations in DOCUMENT["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    )
    described = known["responses"][str(status)]["content"]["application/json"]["schema"]
    Draft202012Validator({**described, "components": DOCUMENT["components"]}).validate(document)


def _serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
