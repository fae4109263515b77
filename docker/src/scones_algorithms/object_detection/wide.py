"""Features of a detector from the base network that comes with this package.

    image ──▶ halved, so that objects are of the size that the base has learned from
        ──▶ the base's three stages ──▶ finest map ──▶ three blocks ──▶ three coarser maps
        ◀── each finer map gets what the coarser one has seen of its surroundings

The base is image classification's for use_pretrained_model=1: trained on small photos, of which it
has seen neither bicycles nor motorcycles.
"""

from typing import Any, Final

import mxnet as mx
from gluoncv.model_zoo.cifarresnet import CIFARBasicBlockV1, CIFARResNetV1
from mxnet import gluon
from mxnet.gluon import nn

from scones_algorithms.image_classification.initial import BASE_FILE, read_base
from scones_algorithms.image_classification.network import WIDE_CHANNELS
from scones_algorithms.object_detection.layers import convolution

BLOCKS: Final = 3  # after the base
CHANNELS: Final = 128  # of the blocks, and of all maps
BASE_PACE: Final = 0.3  # learning rate of the base's layers, as a share of that of the others
KEPT: Final = 3  # first layers of the base that stay: a convolution, its normalisation, a stage


class WideFeatures(gluon.HybridBlock):  # type: ignore[misc]
    """The base network without its last layers, and three blocks; all give maps but the stem."""

    def __init__(self, **_: Any) -> None:
        super().__init__()
        with self.name_scope():
            stages = CIFARResNetV1(CIFARBasicBlockV1, [1, 1, 1], WIDE_CHANNELS, prefix="base_")
            self.base = stages.features[:-1]  # without the mean over all places
            self.blocks = nn.HybridSequential()
            self.narrow = nn.Conv2D(CHANNELS, 1)
            self.mixed = nn.HybridSequential()
            for _block in range(BLOCKS):
                self.blocks.add(convolution(CHANNELS))
                self.mixed.add(convolution(CHANNELS))

    def hybrid_forward(self, operators: Any, x: Any) -> list[Any]:
        """Return the feature maps, finest first."""
        x = self.base(operators.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg"))
        maps = [self.narrow(x)]
        for block in self.blocks:
            x = block(_halved(operators, x))
            maps.append(x)
        for at in reversed(range(BLOCKS)):
            around = operators.UpSampling(maps[at + 1], scale=2, sample_type="nearest")
            around = operators.slice_like(around, maps[at], axes=(2, 3))
            maps[at] = self.mixed[at](maps[at] + around)
        return maps

    @staticmethod
    def cells(side: int) -> list[int]:
        """Tell how many cells each map has across an image of a side."""
        cells = side // 2
        found = []
        for _ in range(2 + BLOCKS):  # two stages of the base halve it, too
            cells = -(-cells // 2)
            found.append(cells)
        return found[1:]

    def spare_base(self) -> None:
        """Let training change the base slowly, and its first stage, half of the work, not at all.

        Means and variances of normalisation follow the images all the same.
        """
        for parameter in self.base.collect_params().values():
            parameter.lr_mult = BASE_PACE
        for parameter in self.base[:KEPT].collect_params().values():
            parameter.grad_req = "null"

    def take_base(self) -> str:
        """Take over the base network's weights; returns its file's name."""
        arrays = read_base(BASE_FILE)
        for name, parameter in self.base.collect_params().items():
            parameter.set_data(mx.nd.array(arrays[name.partition("base_")[2]]))
        return BASE_FILE.name


def _halved(operators: Any, x: Any) -> Any:
    """Halve a map, an odd side rounded up, so that twice as large it covers the map again."""
    return operators.Pooling(
        x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full"
    )
