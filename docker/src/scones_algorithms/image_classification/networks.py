"""Which program computes a model's network: ONNX Runtime where it can, else MXNet.

The artifact always carries the network for MXNet; training adds the same network for ONNX Runtime,
which starts sooner, takes less memory and predicts faster (docs/decisions/0021-onnx-serving.md).
"""

import logging
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final, Protocol

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.metadata import Metadata
from scones_algorithms.mxnet_start import start_mxnet
from scones_algorithms.preprocess import Floats
from scones_algorithms.threads import limit_threads, serving_threads

log = logging.getLogger(__name__)

PREDICT_WITH_ENV: Final = "SCONES_PREDICT_WITH"
ONNX_RUNTIME: Final = "onnxruntime"
MXNET: Final = "mxnet"
CHOICES: Final = (ONNX_RUNTIME, MXNET)


class Network(Protocol):
    """A network with its weights.

    Attributes:
        at_once: how many threads should call it at the same time; more would wait.
        largest_batch: how many images it is worth giving it together.
    """

    at_once: int
    largest_batch: int

    def __call__(self, batch: Floats) -> Floats:
        """Turn (n, channels, height, width) into (n, classes), or into (n, features)."""


def open_network(
    directory: Path,
    metadata: Metadata,
    *,
    embedding: bool = False,
    environ: MutableMapping[str, str] = os.environ,
) -> Network:
    """Open a model's network with what suits it best, and log with what and why.

    Args:
        directory: with the model's files.
        metadata: of the model.
        embedding: give the last hidden layer's features instead of probabilities.
        environ: SCONES_PREDICT_WITH asks for one of the two; OMP_NUM_THREADS sets the threads.

    Raises:
        CustomerError: the files are not those that training wrote, or what was asked for
            cannot be had.
    """
    obstacle = _obstacle_to_onnx(directory, metadata, environ)
    if obstacle is None and metadata.onnx:
        from scones_algorithms.image_classification.onnx_network import OnnxNetwork

        threads = serving_threads(environ)
        network = OnnxNetwork(directory, metadata.onnx, embedding=embedding, threads=threads)
        log.info("predicting with %s", network.description)
        return network
    log.info("predicting with MXNet: %s", obstacle)
    limit_threads(environ)
    start_mxnet(lean=True)
    from scones_algorithms.image_classification.mxnet_network import MxnetNetwork

    return MxnetNetwork(directory, metadata.image_shape, embedding=embedding)


def _obstacle_to_onnx(
    directory: Path, metadata: Metadata, environ: Mapping[str, str]
) -> str | None:
    """Say why ONNX Runtime cannot be used, or is not to be."""
    obstacle: str | None
    wanted = environ.get(PREDICT_WITH_ENV, "")
    if wanted and wanted not in CHOICES:
        raise CustomerError(f"{PREDICT_WITH_ENV}={wanted!r} must be one of {', '.join(CHOICES)}")
    if wanted == MXNET:
        return f"{PREDICT_WITH_ENV} says so"
    if metadata.onnx is None:
        obstacle = "the model has no network for ONNX Runtime: train it anew to get one"
    elif not (directory / metadata.onnx.name).is_file():
        obstacle = f"{metadata.onnx.name}, which the model's metadata names, is missing"
    else:
        obstacle = _import_problem()
    if wanted and obstacle:
        raise CustomerError(f"{PREDICT_WITH_ENV}={wanted} cannot be done: {obstacle}")
    return obstacle


def _import_problem() -> str | None:
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return f"onnxruntime cannot be imported: {error}"
    return None
