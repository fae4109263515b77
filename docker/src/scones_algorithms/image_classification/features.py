"""What a model's last hidden layer says of an image: its embedding."""

import json
from typing import Any, Final

import mxnet as mx

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.familiarity import PREFIX
from scones_algorithms.image_classification.inference import mean_of_both

LAST_LAYER: Final = "FullyConnected"
MIRROR: Final = "reverse"  # the operator behind `flip`


def last_features(symbol: Any) -> Any:
    """Cut a classifier's network before its last fully connected layer.

    Args:
        symbol: from `data` to class probabilities, as training saves it.

    Returns:
        A symbol of (images, features), called "embedding". Where the network looks at an image and
        its mirror image, it is the mean of both.

    Raises:
        CustomerError: the network has no fully connected layer.
    """
    nodes = json.loads(symbol.tojson())["nodes"]
    found = [node["name"] for node in nodes if node["op"] == LAST_LAYER]
    layers = [name for name in found if not name.startswith(PREFIX)]
    if not layers:
        raise CustomerError(f"the model has no {LAST_LAYER} layer, so it gives no embedding")
    features = mx.sym.flatten(symbol.get_internals()[f"{layers[-1]}_output"].get_children()[0])
    mirror = any(node["op"] == MIRROR for node in nodes)
    return mx.sym.identity(mean_of_both(mx.sym, features, mirror=mirror), name="embedding")
