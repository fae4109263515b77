"""Loads a trained detector and finds objects with it; imports no more of MXNet than that takes."""

import json
import threading
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import mxnet as mx
import numpy as np
import numpy.typing as npt
from PIL import Image

from scones_algorithms.errors import CustomerError
from scones_algorithms.executor import bind
from scones_algorithms.images import decode
from scones_algorithms.object_detection.artifact import METADATA_FILE, SYMBOL_FILE, WEIGHTS_FILE
from scones_algorithms.preprocess import to_batch, to_shape

MOST_OBJECTS: Final = 100  # told of one image; as in SSD's own evaluation


@dataclass(frozen=True)
class Detection:
    """What an image shows.

    Attributes:
        width: of the upright image, in pixels.
        height: of the upright image, in pixels.
        rows: (objects, 6): class, score, left, top, right, bottom as shares, likeliest first.
    """

    width: int
    height: int
    rows: npt.NDArray[np.float32]


class Detector:
    """A model in memory.

    Args:
        directory: with the files that training left.

    Raises:
        CustomerError: they are not there, or not a model.
    """

    def __init__(self, directory: Path) -> None:
        about = _read_metadata(directory)
        self._shape = tuple(about["image_shape"])
        self._mean, self._std = about["normalization"]["mean"], about["normalization"]["std"]
        try:
            symbol = mx.sym.load(str(directory / SYMBOL_FILE))
            weights = mx.nd.load(str(directory / WEIGHTS_FILE))
            self._executor = bind(symbol, weights, self._shape)
        except mx.base.MXNetError as error:
            reason = str(error).strip().splitlines()[-1]
            raise CustomerError(f"the model in {directory} cannot be loaded: {reason}") from None
        self._lock = threading.Lock()

    def detect(self, data: bytes) -> Detection:
        """Find the objects of an image.

        Args:
            data: a PNG or JPEG file's content.

        Raises:
            ImageError: the data is no image that can be used.
        """
        image = decode(data)
        pixels = to_shape(image, *self._shape[1:])
        batch = to_batch(pixels[np.newaxis], self._mean, self._std)
        with self._lock:  # an executor has one set of buffers
            self._executor.arg_dict["data"][:] = batch
            found = self._executor.forward(is_train=False)[0].asnumpy()[0]
        rows = found[found[:, 0] >= 0]
        rows = rows[np.argsort(-rows[:, 1], kind="stable")][:MOST_OBJECTS]
        rows[:, 2:] = rows[:, 2:].clip(0, 1)
        return Detection(image.width, image.height, rows)

    def warm_up(self) -> None:
        """Detect once, so that no request pays for what the first one sets up."""
        white = BytesIO()
        Image.new("RGB", (1, 1), "white").save(white, "PNG")
        self.detect(white.getvalue())


def _read_metadata(directory: Path) -> dict[str, Any]:
    path = directory / METADATA_FILE
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if len(document["image_shape"]) != 3 or not document["normalization"]["mean"]:
            raise ValueError("image_shape or normalization is not what it should be")
    except FileNotFoundError:
        raise CustomerError(
            f"{path} is missing: is {directory} the unpacked model.tar.gz of a training job?"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CustomerError(f"{path} cannot be used: {type(error).__name__} {error}") from None
    return document
