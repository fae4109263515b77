"""How boxes come out of the heads, the same in validation and in the saved model."""

from typing import Any, Final

from scones_algorithms.object_detection.loss import VARIANCES

LEAST_SCORE: Final = 0.01  # lower ones are not told
MOST_CANDIDATES: Final = 400  # anchors that compete; as in SSD's own evaluation


def detect(operators: Any, scores: Any, offsets: Any, anchors: Any, nms_threshold: float) -> Any:
    """Decode, and of boxes of a class that overlap keep the likeliest.

    Args:
        operators: `mx.nd` for arrays, `mx.sym` for symbols.
        scores: (batch, anchors, classes + 1).
        offsets: (batch, anchors, 4).
        anchors: (1, anchors, 4), corners.
        nms_threshold: overlap from which the less likely box goes.

    Returns:
        (batch, anchors, 6): class (-1 for none), score, left, top, right, bottom, as shares.
    """
    return operators.contrib.MultiBoxDetection(
        operators.transpose(operators.softmax(scores, axis=-1), axes=(0, 2, 1)),
        operators.reshape(offsets, shape=(0, -1)),
        anchors,
        threshold=LEAST_SCORE,
        nms_threshold=nms_threshold,
        nms_topk=MOST_CANDIDATES,
        variances=VARIANCES,
        name="detection",
    )
