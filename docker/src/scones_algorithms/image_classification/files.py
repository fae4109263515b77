"""Names of a model's files, and which of its weights count; imports nothing of MXNet."""

import json
from pathlib import Path
from typing import Final

from scones_algorithms.errors import CustomerError

PREFIX: Final = "image-classification"
SYMBOL_FILE: Final = f"{PREFIX}-symbol.json"
SHAPES_FILE: Final = "model-shapes.json"
METADATA_FILE: Final = "model-metadata.json"


def onnx_name(epochs: int) -> str:
    """Name the network for ONNX Runtime after some epochs, as its weights are named."""
    return f"{PREFIX}-{epochs:04d}.onnx"


def epoch_of(weights: Path) -> int:
    """Return the number in the name of a file of weights."""
    return int(weights.stem.rpartition("-")[2])


def latest_weights(directory: Path) -> Path:
    """Find the weights of a model: those that its metadata names, else those of the last epoch.

    Raises:
        CustomerError: it is not a model's folder.
    """
    found = sorted(directory.glob(f"{PREFIX}-*.params"))
    if not found or not (directory / SYMBOL_FILE).exists():
        raise CustomerError(
            f"{directory} must hold {SYMBOL_FILE} and {PREFIX}-NNNN.params: "
            "is it the unpacked model.tar.gz of a training job?"
        )
    try:
        epoch = json.loads((directory / METADATA_FILE).read_text(encoding="utf-8"))["epochs"]
    except (OSError, ValueError, KeyError, TypeError):
        return found[-1]
    return next((path for path in found if epoch_of(path) == epoch), found[-1])
