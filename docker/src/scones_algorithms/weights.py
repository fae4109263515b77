"""A network's parameters as a whole: set, and compared between hosts."""

import hashlib
from collections.abc import Mapping
from typing import Any

import mxnet as mx
import numpy.typing as npt


def set_weights(network: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a network's parameters the values that stand under their names."""
    for name, parameter in network.collect_params().items():
        if name in arrays:
            parameter.set_data(mx.nd.array(arrays[name]))


def digest(network: Any) -> str:
    """Return the SHA-256 of all parameters, by which hosts can be compared."""
    found = hashlib.sha256()
    for name, parameter in sorted(network.collect_params().items()):
        found.update(name.encode())
        found.update(parameter.data().asnumpy().tobytes())
    return found.hexdigest()
