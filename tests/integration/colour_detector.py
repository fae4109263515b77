"""A detector that anybody can predict, in the built-in's form: its answer is a matter of colour.

Red is a bicycle, blue a motorcycle, each in the box of that colour; green breaks the model, yellow
makes it slow, and what is purple it answers in no known form. Run as `... serve`, as an image is.
With ANSWER=classes it is a classifier: of red and blue, in that order.
"""

import io
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image, ImageChops

SLOW_SECONDS = 60.0
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
BROKEN, SLOW, STRANGE = (0, 255, 0), (255, 255, 0), (255, 0, 255)


def near(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """White where the picture is of a colour, black elsewhere."""
    difference = ImageChops.difference(image, Image.new("RGB", image.size, colour))
    bands = [band.point(lambda value: 255 if value < 90 else 0) for band in difference.split()]
    return ImageChops.multiply(ImageChops.multiply(bands[0], bands[1]), bands[2])


def share(image: Image.Image, colour: tuple[int, int, int]) -> float:
    return near(image, colour).histogram()[255] / (image.width * image.height)


def rows(image: Image.Image) -> list[list[float]]:
    found = []
    for class_id, colour in enumerate(COLOURS.values()):
        box = near(image, colour).getbbox()
        if box:
            left, top, right, bottom = box
            sides = (left / image.width, top / image.height)
            ends = (right / image.width, bottom / image.height)
            found.append([class_id, 0.9 - 0.3 * class_id, *sides, *ends])
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        image = Image.open(io.BytesIO(body)).convert("RGB")
        if share(image, BROKEN) > 0.9:
            return self._send(500, b"the model is broken")
        if share(image, SLOW) > 0.9:
            threading.Event().wait(SLOW_SECONDS)
        if share(image, STRANGE) > 0.9:
            return self._send(200, b'{"answer": 42}')
        if os.environ.get("ANSWER") == "classes":
            red = share(image, COLOURS["red"])
            return self._send(200, json.dumps([red, 1 - red]).encode())
        return self._send(200, json.dumps({"prediction": rows(image)}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
