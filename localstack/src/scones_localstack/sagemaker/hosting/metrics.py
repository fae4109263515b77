"""Invocations in CloudWatch, counted off the hot path.

An invocation adds to a few sums in memory. Every few seconds these become one statistic set for
each metric and go out with one PutMetricData for each region. What CloudWatch does not take is kept
for the next time; a service that is killed loses the counts of its last seconds.

Source: "Amazon SageMaker AI metrics in Amazon CloudWatch" in the SageMaker developer guide.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.store import now

NAMESPACE = "AWS/SageMaker"
COUNT = "Count"
MICROSECONDS = "Microseconds"
# PutMetricData takes no more at once.
_BATCH_DATA = 1000
_KEPT_DATA = 20_000
_log = logging.getLogger(__name__)

type Datum = dict[str, Any]


@dataclass
class Series:
    """The sum, the number and the bounds of some values."""

    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        """Take one more value in."""
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)

    def statistics(self) -> dict[str, float]:
        """Return CloudWatch's StatisticSet."""
        return {
            "SampleCount": self.count,
            "Sum": self.total,
            "Minimum": self.low,
            "Maximum": self.high,
        }


class Counts:
    """What has happened since the last delivery, for one set of dimensions."""

    def __init__(self, dimensions: dict[str, str]) -> None:
        """Count for the resource that these dimensions name."""
        self._dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        self._series: dict[tuple[str, str], Series] = {}

    def add(self, metric: str, value: float, unit: str = COUNT) -> None:
        """Take in one value of a metric."""
        series = self._series.get((metric, unit))
        if series is None:
            series = self._series[metric, unit] = Series()
        series.add(value)

    def invocation(
        self, status: int, model_seconds: float, overhead_seconds: float, instances: int
    ) -> None:
        """Take in an invocation that has reached a model server.

        Args:
            status: of the model server's answer; 0 if there was none.
            model_seconds: from the request to the model server to its answer.
            overhead_seconds: what this service took before and after.
            instances: of the variant.
        """
        self.add("Invocations", 1)
        self.add("InvocationsPerInstance", 1 / max(1, instances))
        self.add("ModelLatency", model_seconds * 1e6, MICROSECONDS)
        self.add("OverheadLatency", overhead_seconds * 1e6, MICROSECONDS)
        self.add("Invocation4XXErrors", 400 <= status < 500)
        self.add("Invocation5XXErrors", status >= 500)
        self.add("InvocationModelErrors", not 200 <= status < 300)

    def take(self, moment: float) -> list[Datum]:
        """Return CloudWatch's data for what was counted, and begin anew."""
        series, self._series = self._series, {}
        return [
            {
                "MetricName": metric,
                "Dimensions": self._dimensions,
                "Timestamp": moment,
                "StatisticValues": values.statistics(),
                "Unit": unit,
            }
            for (metric, unit), values in series.items()
        ]


class InvocationMetrics:
    """The counts of all endpoints, on their way to CloudWatch."""

    def __init__(self, aws: Aws, interval_seconds: float) -> None:
        """Deliver to this AWS, so often."""
        self._aws = aws
        self._interval = interval_seconds
        self._counts: dict[tuple[str, ...], Counts] = {}
        self._waiting: dict[str, deque[Datum]] = {}
        self._away = False
        self._delivering = asyncio.Lock()

    def of(self, region: str, endpoint: str, variant: str = "") -> Counts:
        """Return where to count for an endpoint, or for one of its variants."""
        key = (region, endpoint, variant)
        if key not in self._counts:
            dimensions = {"EndpointName": endpoint} | ({"VariantName": variant} if variant else {})
            self._counts[key] = Counts(dimensions)
        return self._counts[key]

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                # Not cancelled: a batch whose fate is unknown would be counted twice.
                await asyncio.shield(self.flush())
            except Exception:
                _log.exception("delivering metrics; the next attempt follows")

    async def flush(self) -> None:
        """Deliver what there is now."""
        async with self._delivering:
            moment = now()
            for (region, *_), counts in list(self._counts.items()):
                waiting = self._waiting.setdefault(region, deque(maxlen=_KEPT_DATA))
                waiting.extend(counts.take(moment))
            for region, waiting in self._waiting.items():
                await self._deliver(region, waiting)

    async def _deliver(self, region: str, waiting: deque[Datum]) -> None:
        while waiting:
            batch = list(islice(waiting, _BATCH_DATA))
            if not await self._put(region, batch):
                break
            for _ in batch:
                waiting.popleft()

    async def _put(self, region: str, batch: list[Datum]) -> bool:
        try:
            client = self._aws.client("cloudwatch", region)
            await asyncio.to_thread(client.put_metric_data, Namespace=NAMESPACE, MetricData=batch)
        except (ClientError, BotoCoreError) as error:
            if not self._away:
                _log.warning("CloudWatch does not take metrics; they are kept: %s", error)
            self._away = True
            return False
        self._away = False
        return True
