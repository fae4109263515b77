"""The model's files, under the built-in's names.

    image-classification-symbol.json    the network, from `data` to class probabilities
    image-classification-NNNN.params    its weights after NNNN epochs
    image-classification-NNNN.onnx      ours: the same network with its weights, for ONNX Runtime
    model-shapes.json                   the shape of `data`
    model-metadata.json                 ours: how to prepare an image, and how the model came to be

The temperature is folded into the last layer's weights, so whatever loads the model, by
mx.mod.Module or gluon.SymbolBlock, gets calibrated probabilities. So are the base network and
what makes an image familiar, where there is one: they are part of the same network.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import mxnet as mx

from scones_algorithms.image_classification.features import last_features
from scones_algorithms.image_classification.files import (
    METADATA_FILE,
    PREFIX,
    SHAPES_FILE,
    SYMBOL_FILE,
    epoch_of,
    onnx_name,
)
from scones_algorithms.image_classification.inference import logits, pull
from scones_algorithms.image_classification.network import last_layer
from scones_algorithms.image_classification.onlooker import Onlooker
from scones_algorithms.onnx_export import OPSET, export
from scones_algorithms.whole_files import save_arrays, write_whole


def save(
    directory: Path,
    network: Any,
    image_shape: tuple[int, int, int],
    epochs_done: int,
    *,
    mirror: bool,
    temperature: float,
    metadata: dict[str, Any] | None,
    multi_label: bool = False,
    keep_every: int | None = None,
    onlooker: Onlooker | None = None,
) -> Path:
    """Write a model; each file appears whole or not at all, an older model's weights go last.

    Args:
        directory: the container's model folder.
        network: a gluon block with the last layer `output`.
        image_shape: channels, height, width.
        epochs_done: becomes the number in the weights' name.
        mirror: predict from each image and its mirror image.
        temperature: by which logits are divided.
        metadata: goes to model-metadata.json; None where these weights are kept beside those
            that are to be served.
        multi_label: each class has a probability of its own.
        keep_every: weights of every such epoch stay (checkpoint_frequency).
        onlooker: what pulls the probabilities of unfamiliar images towards 1/K.

    Returns:
        The path of the weights.
    """
    directory.mkdir(parents=True, exist_ok=True)
    activation = mx.sym.sigmoid if multi_label else mx.sym.softmax
    arrays = _arrays(network, temperature)
    data = mx.sym.var("data")
    found = logits(mx.sym, network, data, mirror=mirror)
    symbol = activation(found, name=activation.__name__)
    if onlooker:
        arrays |= onlooker.arrays()
        symbol = pull(symbol, network.output._units, onlooker.features(data), arrays)
    weights = _weights(symbol, arrays)
    path = directory / f"{PREFIX}-{epochs_done:04d}.params"
    shapes = [{"shape": [1, *image_shape], "name": "data"}]
    write_whole(path, lambda part: save_arrays(part, weights))
    write_whole(directory / SYMBOL_FILE, lambda part: symbol.save(str(part)))
    write_whole(directory / SHAPES_FILE, lambda part: part.write_text(json.dumps(shapes)))
    if metadata is None:
        return path
    onnx_file = directory / onnx_name(epochs_done)
    onnx = {"onnx": _write_onnx(onnx_file, symbol, weights, image_shape)}
    document = json.dumps(metadata | onnx, indent=2) + "\n"
    write_whole(directory / METADATA_FILE, lambda part: part.write_text(document))
    for older in directory.glob(f"{PREFIX}-*.params"):
        if older != path and not (keep_every and epoch_of(older) % keep_every == 0):
            older.unlink()
    for older in directory.glob(f"{PREFIX}-*.onnx"):
        if older != onnx_file:
            older.unlink()
    return path


def _write_onnx(
    path: Path, symbol: Any, weights: dict[str, Any], image_shape: tuple[int, int, int]
) -> dict[str, Any]:
    """Write the network for ONNX Runtime; return what the metadata says of it."""
    outputs = [mx.sym.identity(symbol, name="probabilities"), last_features(symbol)]
    content = export(mx.sym.Group(outputs), weights, image_shape)
    write_whole(path, lambda part: part.write_bytes(content))
    return {"file": path.name, "opset": OPSET, "sha256": hashlib.sha256(content).hexdigest()}


def _arrays(network: Any, temperature: float) -> dict[str, Any]:
    calibrated = last_layer(network)
    return {
        name: parameter.data() / temperature if name in calibrated else parameter.data()
        for name, parameter in network.collect_params().items()
    }


def _weights(symbol: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{kind}:{name}": arrays[name]
        for kind, names in (
            ("arg", symbol.list_arguments()),
            ("aux", symbol.list_auxiliary_states()),
        )
        for name in names
        if name in arrays
    }
