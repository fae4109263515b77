"""GluonCV's SSD over a choice of base networks, and its raw heads.

    features (feature maps, finest first) ──▶ per map: class scores, box offsets, anchors
        ──▶ concatenated over all maps

`wide` and `small` are ours, sized for one core: `wide` has the base network's layers, `small` six
blocks of two convolutions. The others are GluonCV's.
Anchors lie in every cell of every map; their sizes are shares of the input's side.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import mxnet as mx
from gluoncv.model_zoo.ssd.ssd import SSD
from gluoncv.model_zoo.ssd.vgg_atrous import VGGAtrousExtractor, extra_spec, vgg_spec
from mxnet import gluon
from mxnet.gluon import nn

from scones_algorithms.object_detection.job import Job
from scones_algorithms.object_detection.layers import convolution
from scones_algorithms.object_detection.wide import WideFeatures

SMALL_STEM: Final = 24  # channels of the first convolution, which halves the image
SMALL_BLOCKS: Final = (32, 64, 128, 128, 128, 128)  # channels; all but the first halve the image
SMALL_MAPS: Final = 4  # of the last blocks, whose outputs carry anchors

SQUARE_AND_TWO: Final = (1, 2, 0.5)
SIX: Final = (1, 2, 0.5, 3, 1.0 / 3)
GLUONCV_RATIOS: Final = (SQUARE_AND_TWO, SIX, SIX, SIX, SQUARE_AND_TWO, SQUARE_AND_TWO)


@dataclass(frozen=True)
class Anchors:
    """Anchor boxes by feature map, finest first.

    Attributes:
        sizes: shares of the input's side, one more than there are maps.
        steps: pixels of the input from one cell to the next.
        ratios: widths by heights.
    """

    sizes: tuple[float, ...]
    steps: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]


SMALL_ANCHORS = Anchors((0.12, 0.25, 0.45, 0.7, 0.95), (8, 16, 32, 64), (SQUARE_AND_TWO,) * 4)
WIDE_ANCHORS = Anchors((0.24, 0.38, 0.58, 0.8, 0.95), (8, 16, 32, 64), ((1, 1.6, 0.625),) * 4)
# As GluonCV's own detectors have them, so that their weights fit.
EXPANDED_STEPS: Final = (16, 32, 64, 128, 256, 512)
MOBILENET_ANCHORS = Anchors(
    (0.1, 0.2, 0.37, 0.54, 0.71, 0.88, 0.961), EXPANDED_STEPS, GLUONCV_RATIOS
)
RESNET_ANCHORS = Anchors((0.1, 0.26, 0.42, 0.58, 0.74, 0.9, 1.06), EXPANDED_STEPS, GLUONCV_RATIOS)
VGG_ANCHORS = Anchors(
    (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05), (8, 16, 32, 64, 100, 300), GLUONCV_RATIOS
)


class SmallFeatures(gluon.HybridBlock):  # type: ignore[misc]
    """A stem and six blocks of one or two convolutions; the last four give the maps."""

    def __init__(self, **_: Any) -> None:
        super().__init__()
        with self.name_scope():
            self.stem = convolution(SMALL_STEM, stride=2)
            self.blocks = nn.HybridSequential()
            for channels in SMALL_BLOCKS:
                block = nn.HybridSequential()
                block.add(convolution(channels))
                if len(self.blocks):  # on the largest map a second one costs as much as all else
                    block.add(convolution(channels))
                self.blocks.add(block)

    def hybrid_forward(self, operators: Any, x: Any) -> list[Any]:
        """Return the feature maps, finest first."""
        x = self.stem(x)
        maps = []
        for number, block in enumerate(self.blocks):
            if number:
                x = operators.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
            x = block(x)
            maps.append(x)
        return maps[-SMALL_MAPS:]

    @staticmethod
    def cells(side: int) -> list[int]:
        """Tell how many cells each map has across an image of a side."""
        found = [-(-side // 2)]
        for _ in SMALL_BLOCKS[1:]:
            found.append(found[-1] // 2)
        return found[-SMALL_MAPS:]


class Heads(gluon.HybridBlock):  # type: ignore[misc]
    """What an SSD says of every anchor, in training and in prediction alike.

    GluonCV's own forward pass decodes in prediction, and a network hybridized in training goes on
    giving raw heads; this one always gives them.

    Args:
        ssd: GluonCV's network.
        side: of its input, in pixels.
    """

    def __init__(self, ssd: Any, side: int) -> None:
        super().__init__(prefix="")
        self.ssd = ssd
        self._side = side

    def hybrid_forward(self, operators: Any, x: Any) -> tuple[Any, Any, Any]:
        """Look at images.

        Returns:
            Class scores (batch, anchors, classes + 1), box offsets (batch, anchors, 4), and anchors
            (1, anchors, 4): left, top, right, bottom as shares of the side.
        """
        ssd = self.ssd
        maps = ssd.features(x)
        scores = _said(operators, maps, ssd.class_predictors, ssd.num_classes + 1)
        offsets = _said(operators, maps, ssd.box_predictors, 4)
        return scores, offsets, self.anchors(operators, maps)

    def anchors(self, operators: Any, maps: list[Any]) -> Any:
        """Lay the anchors of all maps end to end, (1, anchors, 4)."""
        anchors = [
            operators.reshape(generate(one), shape=(1, -1))
            for one, generate in zip(maps, self.ssd.anchor_generators, strict=True)
        ]
        centred = operators.reshape(operators.concat(*anchors, dim=1), shape=(1, -1, 4))
        centre = operators.slice_axis(centred, axis=2, begin=0, end=2) / self._side
        half = operators.slice_axis(centred, axis=2, begin=2, end=4) / (2 * self._side)
        return operators.concat(centre - half, centre + half, dim=2)


def build_heads(job: Job) -> Any:
    """Build a detector with random weights from MXNet's seed, ready to train."""
    with mx.name.NameManager():  # counts from 0: names do not depend on networks built before
        heads = Heads(BUILDERS[job.network](job.side, job.num_classes), job.side)
    initialize(heads)
    if job.begins_with_base:
        heads.ssd.features.spare_base()
    heads.hybridize(static_alloc=True, static_shape=True)
    heads(mx.nd.zeros((1, 3, job.side, job.side)))  # fixes the shapes of all weights
    return heads


def initialize(heads: Any) -> None:
    """Draw the weights; anchors are constants among the parameters and keep their values."""
    for name, parameter in heads.collect_params().items():
        if isinstance(parameter, gluon.parameter.Constant) or not name.endswith("weight"):
            parameter.initialize()
        else:
            parameter.initialize(mx.init.Xavier(magnitude=2.24))


def joined(operators: Any, said: list[Any], width: int) -> Any:
    """Lay what is said of all maps end to end, (batch, anchors, width)."""
    flat = [operators.flatten(operators.transpose(one, axes=(0, 2, 3, 1))) for one in said]
    return operators.reshape(operators.concat(*flat, dim=1), shape=(0, -1, width))


def _said(operators: Any, maps: list[Any], predictors: Any, width: int) -> Any:
    said = [predict(one) for one, predict in zip(maps, predictors, strict=True)]
    return joined(operators, said, width)


def _ssd(side: int, num_classes: int, anchors: Anchors, **network: Any) -> Any:
    return SSD(
        base_size=side,
        sizes=[size * side for size in anchors.sizes],
        ratios=[list(ratios) for ratios in anchors.ratios],
        steps=list(anchors.steps),
        classes=[str(number) for number in range(num_classes)],
        anchor_alloc_size=max(16, int(-(-side // anchors.steps[0])) + 1),
        prefix="",
        **network,
    )


def _own(features: Any, anchors: Anchors) -> Callable[[int, int], Any]:
    def build(side: int, num_classes: int) -> Any:
        # Cells cover the side evenly, so that they lie the same way round in a mirror image.
        even = replace(anchors, steps=tuple(side / cells for cells in features.cells(side)))
        return _ssd(side, num_classes, even, network=None, features=features, num_filters=None)

    return build


def _expanded(name: str, features: list[str], anchors: Anchors) -> Callable[[int, int], Any]:
    def build(side: int, num_classes: int) -> Any:
        filters = [512, 512, 256, 256]
        return _ssd(
            side, num_classes, anchors, network=name, features=features, num_filters=filters
        )

    return build


def _vgg(side: int, num_classes: int) -> Any:
    def features(**_: Any) -> Any:
        return VGGAtrousExtractor(*vgg_spec[16], extra_spec[300])

    return _ssd(side, num_classes, VGG_ANCHORS, network=None, features=features, num_filters=None)


BUILDERS: Final[dict[str, Callable[[int, int], Any]]] = {
    "wide": _own(WideFeatures, WIDE_ANCHORS),
    "small": _own(SmallFeatures, SMALL_ANCHORS),
    "mobilenet": _expanded("mobilenet1.0", ["relu22_fwd", "relu26_fwd"], MOBILENET_ANCHORS),
    "resnet-50": _expanded(
        "resnet50_v1", ["stage3_activation5", "stage4_activation2"], RESNET_ANCHORS
    ),
    "vgg-16": _vgg,
}
