"""The networks: two small ResNets for small images, and the built-in's ResNets."""

from typing import Any, Final

import mxnet as mx
from gluoncv.model_zoo.cifarresnet import CIFARBasicBlockV1, CIFARResNetV1
from mxnet.gluon.model_zoo.vision.resnet import BasicBlockV1, BottleneckV1, ResNetV1

from scones_algorithms.image_classification.contract import CIFAR_DEPTHS
from scones_algorithms.image_classification.recipe import SMALL_SIDE

SMALL_CHANNELS: Final = (32, 32, 64, 128)  # of the first layer and of three stages, one block each
WIDE_CHANNELS: Final = (32, 32, 96, 192)  # likewise; the base network's
CIFAR_CHANNELS: Final = (16, 16, 32, 64)
BASIC_CHANNELS: Final = (64, 64, 128, 256, 512)
BOTTLENECK_CHANNELS: Final = (64, 256, 512, 1024, 2048)
IMAGENET_BLOCKS: Final = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


def build_network(
    num_layers: int | None,
    num_classes: int,
    image_shape: tuple[int, int, int],
    *,
    wide: bool = False,
    prefix: str = "",
) -> Any:
    """Build a network with random weights, ready to train.

    Args:
        num_layers: depth of a ResNet; None for three stages of one block each.
        num_classes: outputs.
        image_shape: channels, height, width.
        wide: of those three stages, the wider ones.
        prefix: of the parameters' names.

    Returns:
        A hybridized gluon block whose last layer, `output`, gives logits of (batch, classes).
        Its random weights come from MXNet's seed.
    """
    with mx.name.NameManager():  # counts from 0: names do not depend on networks built before
        small = min(image_shape[1:]) < SMALL_SIDE
        network = _block(num_layers, num_classes, prefix, small=small, wide=wide)
    network.initialize(mx.init.Xavier(magnitude=2.24))
    network.hybridize(static_alloc=True, static_shape=True)
    network(mx.nd.zeros((1, *image_shape)))  # fixes the shapes of all weights
    return network


def last_layer(network: Any) -> tuple[str, str]:
    """Return the names of the last layer's weights and biases, which belong to the classes."""
    return network.output.weight.name, network.output.bias.name


def describe_network(num_layers: int | None, *, wide: bool = False) -> str:
    """Name a network for the log and the model's metadata."""
    if num_layers is not None:
        return f"resnet-{num_layers}"
    name, widths = ("wide", WIDE_CHANNELS) if wide else ("small", SMALL_CHANNELS)
    return "-".join([name, *(str(width) for width in widths)])


def _block(
    num_layers: int | None, num_classes: int, prefix: str, *, small: bool, wide: bool
) -> Any:
    options: dict[str, Any] = {"classes": num_classes, "prefix": prefix}
    if num_layers is None:
        channels = WIDE_CHANNELS if wide else SMALL_CHANNELS
        return CIFARResNetV1(CIFARBasicBlockV1, [1, 1, 1], channels, **options)
    if num_layers in CIFAR_DEPTHS:
        blocks = [(num_layers - 2) // 6] * 3
        return CIFARResNetV1(CIFARBasicBlockV1, blocks, CIFAR_CHANNELS, **options)
    basic = num_layers < 50
    return ResNetV1(
        BasicBlockV1 if basic else BottleneckV1,
        IMAGENET_BLOCKS[num_layers],
        BASIC_CHANNELS if basic else BOTTLENECK_CHANNELS,
        thumbnail=small,  # no early shrinking of what is small already
        **options,
    )
