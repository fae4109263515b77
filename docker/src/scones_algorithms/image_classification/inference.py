"""How a network predicts, the same in validation and in the saved model.

image (and its mirror image) ──network──▶ logits ──softmax──┐
└──shrunk──base──▶ familiarity ────────┴──▶ answer
"""

from collections.abc import Mapping
from typing import Any

import mxnet as mx

from scones_algorithms.image_classification.familiarity import PREFIX


def logits(operators: Any, network: Any, data: Any, *, mirror: bool) -> Any:
    """Compute what a network says of images, as arrays or as a symbol to be saved.

    Args:
        operators: `mx.nd` where data is an array, `mx.sym` where it is a symbol.
        network: as built here.
        data: (n, 3, height, width), normalised.
        mirror: take the mean over each image and its mirror image.

    Returns:
        (n, classes), array or symbol.
    """
    both = with_mirror_images(operators, data, mirror=mirror)
    return mean_of_both(operators, network(both), mirror=mirror)


def base_features(operators: Any, base: Any, data: Any, *, mirror: bool) -> Any:
    """Compute what the base network's last hidden layer says, as `familiarity` takes it.

    Args:
        operators: `mx.nd` where data is an array, `mx.sym` where it is a symbol.
        base: the base network.
        data: (n, 3, height, width), normalised and shrunk (`shrinking`).
        mirror: take the mean over each image and its mirror image.

    Returns:
        (n, features): their roots, which are spread more evenly.
    """
    both = with_mirror_images(operators, data, mirror=mirror)
    roots = operators.sqrt(operators.flatten(base.features(both)))
    return mean_of_both(operators, roots, mirror=mirror)


def pull(probabilities: Any, num_classes: int, features: Any, arrays: Mapping[str, Any]) -> Any:
    """Pull probabilities towards 1/K as `Familiarity.share` says; all are symbols.

    Args:
        probabilities: (n, num_classes).
        num_classes: which may be more than had images to be familiar with.
        features: of `base_features`.
        arrays: those of a `Familiarity`, which become parameters.
    """

    def layer(name: str, values: Any) -> Any:
        weight, bias = (mx.sym.var(f"{PREFIX}{name}_{part}") for part in ("weight", "bias"))
        outputs = arrays[f"{PREFIX}{name}_weight"].shape[0]
        return mx.sym.FullyConnected(values, weight, bias, num_hidden=outputs, name=PREFIX + name)

    def half_square(values: Any) -> Any:
        # MXNet would join `square` to the layer before it, though another one needs that as it is.
        return mx.sym.sum(values * values, axis=1, keepdims=True) / 2

    near, far = layer("near", features), layer("far", features)
    nearest = mx.sym.max(layer("classes", near), axis=1, keepdims=True)
    share = mx.sym.sigmoid(layer("slope", nearest - half_square(near) + half_square(far)))
    even = (1 - share) / num_classes
    return mx.sym.broadcast_add(mx.sym.broadcast_mul(probabilities, share), even, name="answer")


def with_mirror_images(operators: Any, data: Any, *, mirror: bool) -> Any:
    """Put the mirror images behind the images."""
    return operators.concat(data, operators.flip(data, axis=3), dim=0) if mirror else data


def mean_of_both(operators: Any, values: Any, *, mirror: bool) -> Any:
    """Take the means of what was said of images and of their mirror images."""
    if not mirror:
        return values
    return operators.mean(operators.reshape(values, shape=(-4, 2, -1, 0)), axis=0)
