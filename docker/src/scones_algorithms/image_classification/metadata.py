"""What serving needs to know of a model: from model-metadata.json, or of AWS's own models."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.builtin_model import read_built_in
from scones_algorithms.image_classification.files import METADATA_FILE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OnnxFile:
    """The network as ONNX Runtime reads it.

    Attributes:
        name: of a file beside the metadata.
        sha256: of its content.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class Metadata:
    """How images are to be prepared for a model, and what may predict with it.

    Attributes:
        image_shape: channels, height, width.
        mean: of red, green and blue.
        std: of red, green and blue.
        onnx: None in the models of older versions.
    """

    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    onnx: OnnxFile | None = None


def read_metadata(directory: Path) -> Metadata:
    """Read the metadata of an unpacked model; one of AWS's built-in algorithm has none.

    Raises:
        CustomerError: it is not there, or not what training writes.
    """
    path = directory / METADATA_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        depth, height, width = document["image_shape"]
        normalization = document["normalization"]
        return Metadata(
            image_shape=(depth, height, width),
            mean=tuple(normalization["mean"]),
            std=tuple(normalization["std"]),
            onnx=_onnx_file(document.get("onnx")),
        )
    except FileNotFoundError:
        return _of_built_in(directory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CustomerError(f"{path} cannot be used: {type(error).__name__} {error}") from None


def _of_built_in(directory: Path) -> Metadata:
    """Tell how AWS prepares images for the models of its built-in algorithm."""
    model = read_built_in(directory)
    if model is None:
        raise CustomerError(
            f"{directory / METADATA_FILE} is missing: is {directory} the unpacked model.tar.gz of "
            "a training job?"
        )
    log.info(
        "no %s: a model of AWS's built-in algorithm, which takes colours from 0 to 255",
        METADATA_FILE,
    )
    return Metadata(model.image_shape, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _onnx_file(about: Any) -> OnnxFile | None:
    if about is None:
        return None
    name, sha256 = about["file"], about["sha256"]
    if not isinstance(name, str) or Path(name).name != name:
        raise ValueError(f"onnx.file {name!r} is not the name of a file")
    return OnnxFile(name, str(sha256))
