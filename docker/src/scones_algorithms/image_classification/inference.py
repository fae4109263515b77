"""How a network predicts, the same in validation and in the saved model."""

from typing import Any


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
    if not mirror:
        return network(data)
    both = network(operators.concat(data, operators.flip(data, axis=3), dim=0))
    num_classes = network.output.weight.shape[0]
    return operators.mean(operators.reshape(both, shape=(2, -1, num_classes)), axis=0)
