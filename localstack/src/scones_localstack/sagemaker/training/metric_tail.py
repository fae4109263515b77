"""Metrics of a training job while it runs: from its log to CloudWatch, and the last ones kept."""

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.store import now

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_MAX_PER_CALL = 500
_log = logging.getLogger(__name__)


class MetricTail:
    """Reads a log from where it has read it to, and finds what MetricDefinitions define.

    Attributes:
        last: the last value of each metric and when it was found, by name.
    """

    def __init__(self, log_path: Path, definitions: Sequence[dict[str, str]]) -> None:
        self.last: dict[str, tuple[float, float]] = {}
        self._path = log_path
        self._patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._position = 0

    def read(self, *, to_the_end: bool = False) -> list[dict[str, Any]]:
        """Return what has come since the last time, as CloudWatch takes it. Blocks.

        Args:
            to_the_end: the last line counts even if it is not ended.
        """
        found = []
        for line in self._new_lines(to_the_end=to_the_end) if self._patterns else ():
            for name, pattern in self._patterns:
                value = _number(pattern.search(line))
                if value is not None:
                    moment = now()
                    self.last[name] = (value, moment)
                    found.append({"MetricName": name, "Value": value, "Timestamp": moment})
        return found

    def final(self) -> list[dict[str, Any]]:
        """Return FinalMetricDataList."""
        return [
            {"MetricName": name, "Value": value, "Timestamp": moment}
            for name, (value, moment) in self.last.items()
        ]

    def _new_lines(self, *, to_the_end: bool) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                content = file.read()
        except FileNotFoundError:
            return []
        end = len(content) if to_the_end else content.rfind(b"\n") + 1
        self._position += end
        return content[:end].decode(errors="replace").splitlines()


def publish(aws: Aws, region: str, job_name: str, data: Sequence[dict[str, Any]]) -> None:
    """Take values to CloudWatch, where SageMaker's SDK looks for them. Blocks.

    What CloudWatch does not take is lost; the log says so.
    """
    dimensions = [{"Name": "TrainingJobName", "Value": job_name}]
    try:
        for start in range(0, len(data), _MAX_PER_CALL):
            part = [
                item | {"Dimensions": dimensions} for item in data[start : start + _MAX_PER_CALL]
            ]
            aws.client("cloudwatch", region).put_metric_data(Namespace=NAMESPACE, MetricData=part)
    except (ClientError, BotoCoreError) as error:
        _log.warning("metrics of training job %s are not in CloudWatch: %s", job_name, error)


def _number(match: re.Match[str] | None) -> float | None:
    """Return the first group as a number; None for what neither API can carry."""
    if match is None or not match.groups():
        return None
    try:
        value = float(match.group(1))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
