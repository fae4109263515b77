"""What MetricDefinitions a job has, its own or those of a built-in algorithm.

Source: "Define Training Metrics" in the SageMaker developer guide; the first group of the regular
expression is the value, and the last match is the final one.
"""

import re
from collections.abc import Sequence

from scones_localstack.sagemaker.images import repository_of

# What AWS's built-in algorithms have without being asked.
BUILT_IN = {
    "image-classification": [
        {"Name": "train:accuracy", "Regex": r"Train-accuracy=(\S+)"},
        {"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"},
    ],
    "object-detection": [
        {"Name": "train:smooth_l1", "Regex": r"train smooth_l1 <loss>=\((\S+)\)"},
        {"Name": "train:cross_entropy", "Regex": r"train cross_entropy <loss>=\((\S+)\)"},
        {"Name": "train:throughput", "Regex": r"train throughput=\((\S+)\) records/second"},
        {"Name": "validation:mAP", "Regex": r"validation mAP <score>=\((\S+)\)"},
    ],
}


def built_in_definitions(image: str) -> list[dict[str, str]]:
    """Return the metrics of a built-in algorithm; none for other images."""
    name = repository_of(image).rpartition("/")[2]
    return [dict(definition) for definition in BUILT_IN.get(name, ())]


def invalid_pattern(definitions: Sequence[dict[str, str]]) -> str:
    """Return the first definition's pattern that is not a regular expression, or nothing."""
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error:
            return definition["Regex"]
    return ""
