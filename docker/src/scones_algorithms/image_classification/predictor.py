"""Loads a trained model and predicts with it; imports no more of MXNet than that takes."""

import json
import threading
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import mxnet as mx
import numpy as np
import numpy.typing as npt
from PIL import Image

from scones_algorithms.errors import CustomerError
from scones_algorithms.executor import bind
from scones_algorithms.image_classification.features import last_features
from scones_algorithms.image_classification.files import (
    METADATA_FILE,
    SYMBOL_FILE,
    latest_weights,
)
from scones_algorithms.images import decode
from scones_algorithms.preprocess import Floats, to_batch, to_shape


@dataclass(frozen=True)
class Metadata:
    """What serving needs of model-metadata.json."""

    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Predictor:
    """A model in memory.

    Args:
        directory: with the files that training left.
        embedding: give the last hidden layer's features instead of probabilities.

    Raises:
        CustomerError: they are not there, or not a model.
    """

    def __init__(self, directory: Path, *, embedding: bool = False) -> None:
        self._metadata = read_metadata(directory)
        weights = latest_weights(directory)
        try:
            symbol = mx.sym.load(str(directory / SYMBOL_FILE))
            symbol = last_features(symbol) if embedding else symbol
            self._executor = bind(symbol, mx.nd.load(str(weights)), self._metadata.image_shape)
        except mx.base.MXNetError as error:
            reason = str(error).strip().splitlines()[-1]
            raise CustomerError(f"{weights} cannot be loaded: {reason}") from None
        self._lock = threading.Lock()

    def predict(self, data: bytes) -> npt.NDArray[np.float32]:
        """Tell the probability of each class, or the image's features.

        Args:
            data: a PNG or JPEG file's content.

        Returns:
            Array of (classes,), whose sum is 1 unless the model is multi-label; or of (features,).

        Raises:
            ImageError: the data is no image that can be used.
        """
        batch = self.prepare(data)
        with self._lock:  # an executor has one set of buffers
            self._executor.arg_dict["data"][:] = batch
            answers = self._executor.forward(is_train=False)[0].asnumpy()
        answer: npt.NDArray[np.float32] = answers[0]
        return answer

    def prepare(self, data: bytes) -> Floats:
        """Turn a file's content into the (1, 3, height, width) that the network takes."""
        _, height, width = self._metadata.image_shape
        pixels = to_shape(decode(data), height, width)
        return to_batch(pixels[np.newaxis], self._metadata.mean, self._metadata.std)

    def warm_up(self) -> None:
        """Predict once, so that no request pays for what the first one sets up."""
        white = BytesIO()
        Image.new("RGB", (1, 1), "white").save(white, "PNG")
        self.predict(white.getvalue())


def read_metadata(directory: Path) -> Metadata:
    """Read how images are to be prepared for a model."""
    path = directory / METADATA_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        depth, height, width = document["image_shape"]
        normalization = document["normalization"]
        return Metadata(
            image_shape=(depth, height, width),
            mean=tuple(normalization["mean"]),
            std=tuple(normalization["std"]),
        )
    except FileNotFoundError:
        raise CustomerError(
            f"{path} is missing: is {directory} the unpacked model.tar.gz of a training job?"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CustomerError(f"{path} cannot be used: {type(error).__name__} {error}") from None
