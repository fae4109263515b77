"""Reads the course of a training from the log lines of the built-in algorithms, and of ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Image classification says "Epoch[3] Validation-accuracy=0.81", object detection
# "#quality_metric: host=algo-1, epoch=3, validation mAP <score>=(0.42)".
_CLASSIFICATION = re.compile(r"Epoch\[(\d+)\] (?:(Train|Validation)-(\w+)|(Time cost))=(\S+)")
_DETECTION = re.compile(
    r"#quality_metric: .*?epoch=(\d+), (?:batch=\d+ )?(train|validation) (\w+) <\w+>=\((\S+)\)"
)
SECONDS = "epoch:seconds"


@dataclass(frozen=True, slots=True)
class Course:
    """How a training went.

    Attributes:
        values: Value by epoch (from 0) by metric, such as validation:accuracy; the last that was
            logged of an epoch. `epoch:seconds` is what the passes over the images took.
    """

    values: Mapping[str, Mapping[int, float]]

    @property
    def epoch_seconds(self) -> float:
        """What all passes over the training images took together; 0 where the log is silent."""
        return sum(self.values.get(SECONDS, {}).values())


def read_course(lines: Iterable[str]) -> Course:
    """Find the metrics of each epoch; other lines are passed over."""
    values: dict[str, dict[int, float]] = {}
    for line in lines:
        if found := _CLASSIFICATION.search(line):
            epoch, part, metric, _, text = found.groups()
            name = f"{part.lower()}:{metric}" if part else SECONDS
        elif found := _DETECTION.search(line):
            epoch, part, metric, text = found.groups()
            name = f"{part}:{metric}"
        else:
            continue
        try:
            values.setdefault(name, {})[int(epoch)] = float(text)
        except ValueError:
            continue
    return Course({name: by_epoch for name, by_epoch in values.items() if by_epoch})
