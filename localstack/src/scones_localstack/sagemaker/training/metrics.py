"""Figures that MetricDefinitions find in a training log: FinalMetricDataList.

Source: "Define Training Metrics" in the SageMaker developer guide; the first group of the regular
expression is the value, and the last match is the final one.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def final_metrics(
    log: Path, definitions: Sequence[dict[str, str]], moment: float
) -> list[dict[str, Any]]:
    """Return the last value of each metric that the log has; blocks while it reads.

    Args:
        log: the job's log file.
        definitions: AWS's MetricDefinitions.
        moment: the time to give the values, in seconds since the epoch.
    """
    patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
    values: dict[str, float] = {}
    if patterns and log.is_file():
        with log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                for name, pattern in patterns:
                    value = _number(pattern.search(line))
                    if value is not None:
                        values[name] = value
    return [
        {"MetricName": name, "Value": value, "Timestamp": moment} for name, value in values.items()
    ]


def _number(match: re.Match[str] | None) -> float | None:
    if match is None or not match.groups():
        return None
    try:
        return float(match.group(1))
    except (TypeError, ValueError):
        return None
