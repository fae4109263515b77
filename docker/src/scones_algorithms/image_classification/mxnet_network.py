"""A model's network in MXNet; imports no more of it than that takes."""

import threading
from pathlib import Path

import mxnet as mx
import numpy as np

from scones_algorithms.errors import CustomerError
from scones_algorithms.executor import bind
from scones_algorithms.image_classification.features import last_features
from scones_algorithms.image_classification.files import SYMBOL_FILE, latest_weights
from scones_algorithms.preprocess import Floats


class MxnetNetwork:
    """See `networks.Network`.

    Args:
        directory: with the files that training left.
        image_shape: channels, height, width.
        embedding: give the last hidden layer's features instead of probabilities.

    Raises:
        CustomerError: they are not there, or not a model.
    """

    at_once = largest_batch = 1  # an executor has one set of buffers, for one image

    def __init__(
        self, directory: Path, image_shape: tuple[int, int, int], *, embedding: bool
    ) -> None:
        weights = latest_weights(directory)
        try:
            symbol = mx.sym.load(str(directory / SYMBOL_FILE))
            symbol = last_features(symbol) if embedding else symbol
            self._executor = bind(symbol, mx.nd.load(str(weights)), image_shape)
        except mx.base.MXNetError as error:
            reason = str(error).strip().splitlines()[-1]
            raise CustomerError(f"{weights} cannot be loaded: {reason}") from None
        self._lock = threading.Lock()

    def __call__(self, batch: Floats) -> Floats:
        """Predict; see `networks.Network`."""
        with self._lock:
            answers: Floats = np.concatenate([self._of_one(image) for image in batch])
        return answers

    def _of_one(self, image: Floats) -> Floats:
        self._executor.arg_dict["data"][:] = image[np.newaxis]
        answer: Floats = self._executor.forward(is_train=False)[0].asnumpy()
        return answer
