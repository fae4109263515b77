"""What the endpoint takes and says: content types in, probabilities in class order out.

With SCONES_OUTPUT=embedding it says `{"embedding": [...]}`: the last hidden layer's features.
"""

import json
import os
from collections.abc import Callable, MutableMapping
from typing import Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError, ImageError, ImageTooLargeError, RequestError
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_request import (
    JSON,
    JSON_LINES,
    check_content_type,
    choose_format,
)
from scones_algorithms.model_server import Answer
from scones_algorithms.serving_metrics import ServingMetrics

Numbers = list[float]
Formats = dict[str, Callable[[Numbers], str]]

FORMATS: Formats = {
    JSON: json.dumps,
    JSON_LINES: lambda probabilities: json.dumps({"prediction": probabilities}) + "\n",
}
EMBEDDING_FORMATS: Formats = {
    JSON: lambda features: json.dumps({"embedding": features}),
    JSON_LINES: lambda features: json.dumps({"embedding": features}) + "\n",
}

OUTPUT_ENV: Final = "SCONES_OUTPUT"
EMBEDDING: Final = "embedding"
OUTPUTS: Final = ("probabilities", EMBEDDING)


class ImageClassifier:
    """Answers one image with one probability per class, or with its features."""

    def __init__(self, predictor: Predictor, formats: Formats = FORMATS) -> None:
        self._predictor = predictor
        self._formats = formats

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Classify an image; see `scones_algorithms.model_server.Model`."""
        check_content_type(content_type)
        wanted = choose_format(accept, self._formats)
        try:
            numbers = plain(self._predictor.predict(body))
        except ImageTooLargeError as error:
            raise RequestError(413, str(error)) from None
        except ImageError as error:
            raise RequestError(400, str(error)) from None
        return Answer(self._formats[wanted](numbers).encode(), wanted)


def load(
    container: Container, metrics: ServingMetrics, environ: MutableMapping[str, str] = os.environ
) -> ImageClassifier:
    """Load the model of a container and let it predict once.

    Args:
        container: whose model folder has the model.
        metrics: are told how many images are predicted together, and how many wait.
        environ: SCONES_OUTPUT says what is to be answered; `networks` reads more of it.

    Raises:
        CustomerError: there is no model, or SCONES_OUTPUT asks for what there is not.
    """
    output = environ.get(OUTPUT_ENV) or OUTPUTS[0]
    if output not in OUTPUTS:
        raise CustomerError(f"{OUTPUT_ENV}={output!r} must be one of {', '.join(OUTPUTS)}")
    embedding = output == EMBEDDING
    predictor = Predictor(
        container.model_dir,
        embedding=embedding,
        environ=environ,
        on_batch=metrics.batch_images.observe,
    )
    metrics.waiting.set_function(lambda: predictor.waiting)
    predictor.warm_up()
    return ImageClassifier(predictor, EMBEDDING_FORMATS if embedding else FORMATS)


def plain(numbers: npt.NDArray[np.float32]) -> Numbers:
    """Turn single-precision numbers into the shortest decimals that mean the same."""
    return [float(str(number)) for number in numbers]
