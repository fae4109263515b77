"""A saved network with its weights and buffers, ready to predict."""

from typing import Any

import mxnet as mx


def bind(symbol: Any, weights: dict[str, Any], image_shape: tuple[int, ...]) -> Any:
    """Give a network its weights, and buffers for one image at a time.

    Args:
        symbol: with one input, `data`.
        weights: by name, as saved: "arg:..." and "aux:...".
        image_shape: channels, height, width.
    """
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", data=(1, *image_shape))
    by_kind: dict[str, dict[str, Any]] = {"arg": {}, "aux": {}}
    for name, values in weights.items():
        kind, _, parameter = name.partition(":")
        by_kind[kind][parameter] = values
    # An embedding leaves the last layer's weights out.
    executor.copy_params_from(by_kind["arg"], by_kind["aux"], allow_extra_params=True)
    return executor
