"""SSD's loss: which anchor is to find which object, and how far from that the heads are.

Cross entropy over all anchors that overlap an object, and over the three times as many others that
look most like one (hard negatives); smooth L1 over the box offsets of the former. Both are divided
by the number of the former. Source: Liu et al. 2016, section 2.2.
"""

from dataclasses import dataclass
from typing import Any, Final

import mxnet as mx
from mxnet import autograd

NEGATIVES_PER_OBJECT: Final = 3
NEGATIVE_OVERLAP: Final = 0.5
VARIANCES: Final = (0.1, 0.1, 0.2, 0.2)  # box offsets are divided by these
IGNORED: Final = -1


@dataclass(frozen=True)
class Losses:
    """The two parts for one batch.

    Attributes:
        cross_entropy: array of (1,).
        smooth_l1: array of (1,).
    """

    cross_entropy: Any
    smooth_l1: Any

    @property
    def total(self) -> Any:
        """What is made smaller."""
        return self.cross_entropy + self.smooth_l1


def losses(
    scores: Any, offsets: Any, anchors: Any, objects: Any, overlap_threshold: float
) -> Losses:
    """Compare what the heads say with the objects that are there.

    Args:
        scores: (batch, anchors, classes + 1), class 0 being the background.
        offsets: (batch, anchors, 4).
        anchors: (1, anchors, 4), corners.
        objects: (batch, most, 5): class, corners; -1 for a row of no object.
        overlap_threshold: overlap from which an anchor is to find an object.
    """
    with autograd.pause():
        wanted_offsets, mask, wanted = mx.nd.contrib.MultiBoxTarget(
            anchors,
            objects,
            scores.transpose((0, 2, 1)),
            overlap_threshold=overlap_threshold,
            ignore_label=IGNORED,
            negative_mining_ratio=NEGATIVES_PER_OBJECT,
            negative_mining_thresh=NEGATIVE_OVERLAP,
            variances=VARIANCES,
        )
        found = mx.nd.maximum((wanted > 0).sum(), 1)
        counted = wanted != IGNORED
    likelihood = mx.nd.pick(mx.nd.log_softmax(scores, axis=-1), mx.nd.maximum(wanted, 0), axis=-1)
    cross_entropy = -(likelihood * counted).sum() / found
    away = (offsets.reshape((0, -1)) - wanted_offsets) * mask
    return Losses(cross_entropy, mx.nd.smooth_l1(away, scalar=1.0).sum() / found)
