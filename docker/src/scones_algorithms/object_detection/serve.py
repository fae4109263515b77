"""What the endpoint takes and says: an image in, its objects out, in the built-in's two forms.

    Accept: application/json                {"prediction": [[class, score, xmin, ymin, xmax, ymax]]}
    Accept: application/json;annotation=1   {"image_size": [...], "annotations": [...]}, in pixels

`application/jsonlines` says the same in one line that ends.
"""

import json
from typing import Any, Final

from scones_algorithms.container import Container
from scones_algorithms.errors import ImageError, ImageTooLargeError, RequestError
from scones_algorithms.image_request import (
    JSON,
    JSON_LINES,
    check_content_type,
    choose_offer,
)
from scones_algorithms.model_server import Answer
from scones_algorithms.object_detection.predictor import Detection, Detector

FORMATS: Final = (JSON, JSON_LINES)
ANNOTATION: Final = "annotation=1"
DEPTH: Final = 3


class ObjectDetector:
    """Answers one image with the objects that it shows."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Detect objects; see `scones_algorithms.model_server.Model`."""
        check_content_type(content_type)
        media_type, parameters = choose_offer(accept, FORMATS)
        try:
            found = self._detector.detect(body)
        except ImageTooLargeError as error:
            raise RequestError(413, str(error)) from None
        except ImageError as error:
            raise RequestError(400, str(error)) from None
        annotated = ANNOTATION in parameters
        document = annotations(found) if annotated else {"prediction": rows(found)}
        text = json.dumps(document) + ("\n" if media_type == JSON_LINES else "")
        return Answer(text.encode(), f"{media_type};{ANNOTATION}" if annotated else media_type)


def load(container: Container) -> ObjectDetector:
    """Load the model of a container and let it detect once.

    Raises:
        CustomerError: there is no model.
    """
    detector = Detector(container.model_dir)
    detector.warm_up()
    return ObjectDetector(detector)


def rows(found: Detection) -> list[list[float]]:
    """Return the objects as the built-in writes them, in the shortest decimals."""
    return [[float(str(number)) for number in row] for row in found.rows]


def annotations(found: Detection) -> dict[str, Any]:
    """Return the objects as the built-in's input writes them, with their scores."""
    size = {"width": found.width, "height": found.height, "depth": DEPTH}
    return {
        "image_size": [size],
        "annotations": [_annotation(row, found.width, found.height) for row in rows(found)],
    }


def _annotation(row: list[float], width: int, height: int) -> dict[str, Any]:
    class_id, score, left, top, right, bottom = row
    x, y = round(left * width), round(top * height)
    return {
        "class_id": int(class_id),
        "score": score,
        "left": x,
        "top": y,
        "width": round(right * width) - x,
        "height": round(bottom * height) - y,
    }
