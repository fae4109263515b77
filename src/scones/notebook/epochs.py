"""A training job's accuracies by epoch, from its log.

CloudWatch keeps metrics by the minute, in which a quick job has many epochs; the log has them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scones.aws import Aws
from scones.sagemaker_sdk.job_log import follow
from scones.training import EPOCH_LINE


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training images.

    Attributes:
        number: From 1.
        train: Accuracy on the training images, 0 to 1; None where it was not logged.
        validation: The same on the validation images.
    """

    number: int
    train: float | None
    validation: float | None


def read_epochs(aws: Aws, job_name: str) -> list[Epoch]:
    """Return the epochs of a training job, once it has ended.

    Args:
        aws: The session.
        job_name: A job of the image-classification algorithm, ours or AWS's.
    """
    return parse(follow(aws, job_name))


def parse(lines: Iterable[str]) -> list[Epoch]:
    """Return the epochs that log lines tell of, in order.

    Source: the log lines of the built-in image classification (`Epoch[0] Train-accuracy=0.5`).
    """
    found: dict[int, dict[str, float]] = {}
    for line in lines:
        if match := EPOCH_LINE.search(line):
            found.setdefault(int(match[1]) + 1, {})[match[2]] = float(match[3])
    return [
        Epoch(number, values.get("Train-accuracy"), values.get("Validation-accuracy"))
        for number, values in sorted(found.items())
    ]
