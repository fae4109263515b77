"""A model that AWS's own built-in algorithm has trained: what its files say of it.

Such a model has no model-metadata.json. It needs none: its network normalises images itself, by a
layer of batch normalisation before all others, and takes them as they are, red, green and blue from
0 to 255, stretched to its size. Nothing here imports MXNet.

Source: container/neo_template_image_classification.py of github.com/neo-ai/neo-ai-dlr, by which
AWS serves the built-in's models after their compilation; symbols/resnet.py of
github.com/apache/mxnet, example/image-classification, for the network.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.files import SHAPES_FILE, SYMBOL_FILE

INPUT: Final = "data"
PASSES_ON: Final = ("_copy", "identity")  # operators that leave an image as it is
HALF_PRECISION: Final = "Cast"  # the operator before all others where precision_dtype is float16
LAYER_OF_UNIT: Final = re.compile(r"stage\d+_unit\d+_conv\d+")


@dataclass(frozen=True)
class BuiltInModel:
    """The network of a built-in's model.

    Attributes:
        image_shape: channels, height, width.
        normalisation: the name of its first layer.
        last_layer: the name of its last fully connected layer, whose answers are logits.
        num_classes: outputs of that layer.
        num_layers: its depth; None where the names of its layers do not tell it.
    """

    image_shape: tuple[int, int, int]
    normalisation: str
    last_layer: str
    num_classes: int
    num_layers: int | None


def read_built_in(directory: Path) -> BuiltInModel | None:
    """Read the description of an unpacked model; None where its network is not the built-in's.

    Raises:
        CustomerError: it is, and one of its files cannot be used.
    """
    try:
        nodes = json.loads((directory / SYMBOL_FILE).read_text(encoding="utf-8"))["nodes"]
        first = _first_layer(nodes)
        layers = [node for node in nodes if node["op"] == "FullyConnected"]
        if first and first["op"] == HALF_PRECISION:
            raise ValueError("it computes in float16, which a CPU does not: train in float32")
        if first is None or first["op"] != "BatchNorm" or not layers:
            return None
        return BuiltInModel(
            _image_shape(directory / SHAPES_FILE),
            first["name"],
            layers[-1]["name"],
            int(_attributes(layers[-1])["num_hidden"]),
            _depth(nodes),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CustomerError(
            f"the model of AWS's own algorithm in {directory} cannot be used: "
            f"{type(error).__name__} {error}"
        ) from None


def _first_layer(nodes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find what first changes an image."""
    carriers = {number for number, node in enumerate(nodes) if node["name"] == INPUT}
    for number, node in enumerate(nodes):
        if node["op"] == "null" or not node["inputs"] or node["inputs"][0][0] not in carriers:
            continue
        if node["op"] not in PASSES_ON:
            return node
        carriers.add(number)
    return None


def _attributes(node: dict[str, Any]) -> dict[str, str]:
    """Return what MXNet has kept under three names over its versions."""
    for name in ("attrs", "attr", "param"):
        if name in node:
            return dict(node[name])
    return {}


def _depth(nodes: list[dict[str, Any]]) -> int | None:
    """Count the layers as ResNets are named: those of the units, the first one and the last one."""
    names = [node["name"] for node in nodes if node["op"] == "Convolution"]
    found = [name for name in names if LAYER_OF_UNIT.fullmatch(name)]
    return len(found) + 2 if found else None


def _image_shape(path: Path) -> tuple[int, int, int]:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    shapes = json.loads(path.read_text(encoding="utf-8"))
    (shape,) = (one["shape"] for one in shapes if one["name"] == INPUT)
    depth, height, width = shape[-3:]
    if depth != 3:
        raise ValueError(f"{path.name} says {depth} colour channels, and 3 are supported")
    return depth, height, width
