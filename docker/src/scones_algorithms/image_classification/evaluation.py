"""What the validation images say of a model, in counts: the rest can be worked out from them."""

from typing import Any, Final

import numpy as np

from scones_algorithms.image_classification.calibration import (
    REPORTED_CONFIDENCE,
    Doubles,
    Labels,
    pulled,
    softmax,
)
from scones_algorithms.preprocess import Floats

STEPS: Final = 10  # of confidence, of equal width
MOST_CLASSES: Final = 20  # of a confusion matrix: a SageMaker model card takes no larger one


def evaluate(
    logits: Floats, labels: Labels, temperature: float, share: Doubles | None = None
) -> dict[str, Any]:
    """Count what is right, and at which confidence.

    Args:
        logits: (n, classes) of validation images.
        labels: (n,) their classes.
        temperature: by which the logits are divided.
        share: (n,) of each image's probabilities, from which they are pulled towards 1/K.

    Returns:
        images, right; threshold, and how many images pass it (passed) and are right
        (passed_right); reliability, a row of low, high, images, right and mean confidence for each
        step of confidence that has images; confusion, images by true class (row) and predicted
        class, None where the classes are too many.
    """
    probabilities = pulled(softmax(logits, temperature), share)
    confidences, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    right, passed = predicted == labels, confidences >= REPORTED_CONFIDENCE
    classes = probabilities.shape[1]
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    return {
        "images": len(labels),
        "right": int(right.sum()),
        "threshold": REPORTED_CONFIDENCE,
        "passed": int(passed.sum()),
        "passed_right": int((right & passed).sum()),
        "reliability": _reliability(confidences, right),
        "confusion": confusion.tolist() if classes <= MOST_CLASSES else None,
    }


def _reliability(confidences: Doubles, right: Any) -> list[list[float]]:
    places = np.minimum((confidences * STEPS).astype(np.int64), STEPS - 1)
    rows = []
    for place in np.unique(places).tolist():
        here = places == place
        mean = round(float(confidences[here].mean()), 6)
        low, high = place / STEPS, (place + 1) / STEPS
        rows.append([low, high, int(here.sum()), int(right[here].sum()), mean])
    return rows
