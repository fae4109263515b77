"""What the endpoint takes and says: content types in, probabilities in class order out."""

import json
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.container import Container
from scones_algorithms.errors import ImageError, ImageTooLargeError, RequestError
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.model_server import Answer

CONTENT_TYPES: Final = ("image/png", "image/jpeg", "application/x-image")
JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonlines"
Probabilities = list[float]

FORMATS: dict[str, Callable[[Probabilities], str]] = {
    JSON: json.dumps,
    JSON_LINES: lambda probabilities: json.dumps({"prediction": probabilities}) + "\n",
}
ANY_FORMAT: Final = ("", "*/*", "application/*")


class ImageClassifier:
    """Answers one image with one probability per class."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Classify an image; see `scones_algorithms.model_server.Model`."""
        check_content_type(content_type)
        wanted = choose_format(accept)
        try:
            probabilities = plain(self._predictor.predict(body))
        except ImageTooLargeError as error:
            raise RequestError(413, str(error)) from None
        except ImageError as error:
            raise RequestError(400, str(error)) from None
        return Answer(FORMATS[wanted](probabilities).encode(), wanted)


def load(container: Container) -> ImageClassifier:
    """Load the model of a container and let it predict once."""
    predictor = Predictor(container.model_dir)
    predictor.warm_up()
    return ImageClassifier(predictor)


def check_content_type(content_type: str) -> None:
    """Refuse what is not an image."""
    if content_type.partition(";")[0].strip().lower() not in CONTENT_TYPES:
        raise RequestError(
            415, f"Content-Type {content_type!r} is not supported: use {', '.join(CONTENT_TYPES)}"
        )


def choose_format(accept: str) -> str:
    """Take the first format in an Accept header that is spoken here."""
    for offer in accept.split(","):
        media_type = offer.partition(";")[0].strip().lower()
        if media_type in FORMATS:
            return media_type
        if media_type in ANY_FORMAT:
            return JSON
    raise RequestError(406, f"Accept {accept!r} is not supported: use {', '.join(FORMATS)}")


def plain(probabilities: npt.NDArray[np.float32]) -> Probabilities:
    """Turn single-precision numbers into the shortest decimals that mean the same."""
    return [float(str(probability)) for probability in probabilities]
