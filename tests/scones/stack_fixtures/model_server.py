"""A model in miniature, as SageMaker runs one: it tells red from blue.

Run as `python model_server.py serve` with SAGEMAKER_BIND_TO_PORT; answers GET /ping and
POST /invocations as a container does.
"""

import io
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image, UnidentifiedImageError


def probabilities(image: bytes) -> list[float]:
    """Red is a bicycle, blue a motorcycle, grey something between."""
    opened = Image.open(io.BytesIO(image)).convert("RGB").resize((1, 1))
    red, _, blue = opened.get_flattened_data()[0]
    if red > blue + 50:
        return [0.98, 0.02]
    return [0.03, 0.97] if blue > red + 50 else [0.55, 0.45]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            self._send(200, json.dumps(probabilities(body)).encode())
        except UnidentifiedImageError:
            self._send(400, b"cannot read the image")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
