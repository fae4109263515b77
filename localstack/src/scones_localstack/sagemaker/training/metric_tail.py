"""Metrics of a training job while it runs: from its log to CloudWatch, and the last ones kept."""

import asyncio
import logging
import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.store import Resource, now

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_INTERVAL_SECONDS = 1.0
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


class JobMetrics:
    """The metrics of one training job, on their way to CloudWatch and into its record."""

    def __init__(self, aws: Aws, job: Resource, log_path: Path) -> None:
        """Prepare to read a log that is not there yet."""
        definitions = job.document["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._tail = MetricTail(log_path, definitions)
        self._lock = threading.Lock()
        self._aws = aws
        self._job = job

    async def keep_publishing(self) -> None:
        """Publish what the log brings until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await asyncio.to_thread(self._publish)

    def conclude(self) -> None:
        """Publish what is left in the log. Blocks."""
        self._publish(to_the_end=True)

    def final(self) -> list[dict[str, Any]]:
        """Return FinalMetricDataList."""
        return self._tail.final()

    def _publish(self, *, to_the_end: bool = False) -> None:
        """Take what is new to CloudWatch, where SageMaker's SDK looks for it.

        What CloudWatch does not take is lost; the log says so.
        """
        with self._lock:
            found = self._tail.read(to_the_end=to_the_end)
        dimensions = [{"Name": "TrainingJobName", "Value": self._job.name}]
        data = [item | {"Dimensions": dimensions} for item in found]
        try:
            for start in range(0, len(data), _MAX_PER_CALL):
                self._aws.client("cloudwatch", self._job.region).put_metric_data(
                    Namespace=NAMESPACE, MetricData=data[start : start + _MAX_PER_CALL]
                )
        except (ClientError, BotoCoreError) as error:
            name = self._job.name
            _log.warning("metrics of training job %s are not in CloudWatch: %s", name, error)


def _number(match: re.Match[str] | None) -> float | None:
    """Return the first group as a number; None for what neither API can carry."""
    if match is None or not match.groups():
        return None
    try:
        value = float(match.group(1))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
