"""The layer that the networks here are made of."""

from typing import Any

from mxnet.gluon import nn


def convolution(channels: int, stride: int = 1) -> Any:
    """Return a 3x3 convolution, batch normalisation and a rectifier."""
    layer = nn.HybridSequential()
    layer.add(
        nn.Conv2D(channels, 3, stride, 1, use_bias=False), nn.BatchNorm(), nn.Activation("relu")
    )
    return layer
