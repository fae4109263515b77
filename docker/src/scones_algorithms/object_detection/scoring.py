"""Mean average precision of a network on images, by GluonCV's metric."""

from typing import Any, Final

import mxnet as mx
import numpy as np
from gluoncv.utils.metrics.voc_detection import VOCMApMetric

from scones_algorithms.object_detection.augment import padded
from scones_algorithms.object_detection.dataset import Scenes
from scones_algorithms.object_detection.detection import detect
from scones_algorithms.preprocess import to_batch

OVERLAP: Final = 0.5  # from which a box counts as found
SIDE: Final = 10_000.0  # GluonCV's metric makes each box a pixel larger; of so many that is nothing


def mean_average_precision(
    heads: Any, scenes: Scenes, num_classes: int, nms_threshold: float, batch_size: int
) -> float:
    """Tell the mean over classes of the area under precision and recall, as PASCAL VOC since 2010.

    Args:
        heads: hybridized.
        scenes: images and their boxes.
        num_classes: a class without any box in the scenes does not count.
        nms_threshold: as in serving.
        batch_size: images at a time; a new size is costly, so the last batch is filled up.
    """
    metric = VOCMApMetric(OVERLAP, [str(number) for number in range(num_classes)])
    for start in range(0, len(scenes), batch_size):
        pixels = scenes.pixels[start : start + batch_size]
        boxes = scenes.boxes[start : start + batch_size]
        missing = batch_size - len(pixels)
        filled = np.concatenate([pixels, np.repeat(pixels[:1], missing, axis=0)])
        scores, offsets, anchors = heads(mx.nd.array(to_batch(filled)))
        found = detect(mx.nd, scores, offsets, anchors, nms_threshold)
        answers = found.asnumpy()[: len(pixels)]
        objects = padded(boxes, max(1, *(len(one) for one in boxes), 1))
        metric.update(
            *(SIDE * answers[:, :, 2:], answers[:, :, 0], answers[:, :, 1]),
            *(SIDE * objects[:, :, 1:], objects[:, :, 0]),
        )
    names, values = metric.get()
    score = dict(zip(names, values, strict=True))["mAP"]
    return float(score) if np.isfinite(score) else 0.0
