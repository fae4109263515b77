"""Mean average precision during training: a box counts where it overlaps by half, not by less."""

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.object_detection.dataset import Scenes
from scones_algorithms.object_detection.scoring import mean_average_precision

TRUTH = np.array([[0, 0.2, 0.2, 0.6, 0.6]], dtype=np.float32)
SURE = 9.0  # logit


def found_at(*box: float):
    """Return a detector that sees one object of class 0 in every picture, there."""

    def heads(images):
        batch = images.shape[0]
        scores = mx.nd.array(np.tile([[[-SURE, SURE]]], (batch, 1, 1)))
        return scores, mx.nd.zeros((batch, 1, 4)), mx.nd.array([[box]])

    return heads


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.2, 0.2, 0.6, 0.6), 1.0),
        ((0.2, 0.2, 0.6, 0.42), 1.0),  # overlaps by 0.55
        ((0.2, 0.2, 0.6, 0.38), 0.0),  # by 0.45
        ((0.6, 0.6, 0.9, 0.9), 0.0),
    ],
)
def test_a_box_counts_from_half_an_overlap_on(
    box: tuple[float, float, float, float], expected: float
) -> None:
    scenes = Scenes(np.zeros((3, 64, 64, 3), dtype=np.uint8), [TRUTH] * 3)
    assert mean_average_precision(found_at(*box), scenes, 1, 0.45, 2) == pytest.approx(expected)
