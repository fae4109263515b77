"""Loads a trained model and predicts with it."""

import os
from collections.abc import Callable, MutableMapping
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.metadata import read_metadata
from scones_algorithms.image_classification.networks import open_network
from scones_algorithms.images import decode
from scones_algorithms.micro_batches import MicroBatches
from scones_algorithms.preprocess import Floats, to_batch, to_shape


class Predictor:
    """A model in memory.

    Args:
        directory: with the files that training left.
        embedding: give the last hidden layer's features instead of probabilities.
        environ: may say with what to predict; see `networks`.
        on_batch: is told how many images were predicted together.

    Raises:
        CustomerError: they are not there, or not a model.
    """

    def __init__(
        self,
        directory: Path,
        *,
        embedding: bool = False,
        environ: MutableMapping[str, str] = os.environ,
        on_batch: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._directory = directory
        self._metadata = read_metadata(directory)
        network = open_network(directory, self._metadata, embedding=embedding, environ=environ)
        self._batches = MicroBatches(
            network, at_once=network.at_once, largest=network.largest_batch, on_batch=on_batch
        )

    @property
    def waiting(self) -> int:
        """How many images wait for a prediction to end."""
        return len(self._batches)

    def predict(self, data: bytes) -> npt.NDArray[np.float32]:
        """Tell the probability of each class, or the image's features.

        Called from several threads at once, it predicts for several images together.

        Args:
            data: a PNG or JPEG file's content.

        Returns:
            Array of (classes,), whose sum is 1 unless the model is multi-label; or of (features,).

        Raises:
            ImageError: the data is no image that can be used.
        """
        return self._batches.answer(self.prepare(data)[0])

    def prepare(self, data: bytes) -> Floats:
        """Turn a file's content into the (1, 3, height, width) that the network takes."""
        _, height, width = self._metadata.image_shape
        pixels = to_shape(decode(data), height, width)
        return to_batch(pixels[np.newaxis], self._metadata.mean, self._metadata.std)

    def warm_up(self) -> None:
        """Predict once: no request pays for what the first one sets up, and the model is tried.

        Raises:
            CustomerError: it cannot predict, or what it says is no number.
        """
        white = BytesIO()
        Image.new("RGB", (1, 1), "white").save(white, "PNG")
        try:
            found = self.predict(white.getvalue())
        except Exception as error:  # those of MXNet and ONNX Runtime have no class in common
            reason = " ".join(str(error).split())
            raise CustomerError(
                f"the model in {self._directory} cannot predict: {reason}"
            ) from None
        if not np.isfinite(found).all():
            raise CustomerError(
                f"the model in {self._directory} answers {found.tolist()}: its weights are not all "
                "numbers, train it anew"
            )
