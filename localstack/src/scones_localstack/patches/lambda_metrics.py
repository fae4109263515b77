"""Lambda starts a thread and sends an HTTP request to CloudWatch for every invocation's metrics.

That costs more than the invocation: three quarters of its processor time. The same numbers are
collected here and sent once a second.
"""

import collections
import logging
import threading
from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
EVERY_SECONDS = 1.0
_MOST_PER_REQUEST = 500
LOG = logging.getLogger(__name__)

type _Place = tuple[str, str]
type _Metric = tuple[str, str]


class MetricCollector:
    """Counts per account and region, function and metric, until they are sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[_Place, collections.Counter[_Metric]] = {}
        self._counted = threading.Event()

    def count(self, account_id: str, region: str, function_name: str, metric: str) -> None:
        """Add one to a metric."""
        with self._lock:
            place = self._counts.setdefault((account_id, region), collections.Counter())
            place[function_name, metric] += 1
        self._counted.set()

    def run(self) -> None:
        """Send what has been counted, for as long as the process lives."""
        while True:
            self._counted.wait()
            threading.Event().wait(EVERY_SECONDS)
            self._counted.clear()
            with self._lock:
                counts, self._counts = self._counts, {}
            for place, counter in counts.items():
                try:
                    _send(place, counter)
                except Exception as error:
                    LOG.warning("Lambda's metrics of %s could not be sent: %s", place, error)


def _send(place: _Place, counter: "collections.Counter[_Metric]") -> None:
    from localstack.aws.connect import connect_to

    account_id, region = place
    client = connect_to(aws_access_key_id=account_id, region_name=region).cloudwatch
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": function_name}],
            # As many samples of 1 as there were invocations, in one entry.
            "Values": [1.0],
            "Counts": [float(number)],
        }
        for (function_name, metric), number in counter.items()
    ]
    for start in range(0, len(data), _MOST_PER_REQUEST):
        client.put_metric_data(
            Namespace="AWS/Lambda", MetricData=data[start : start + _MOST_PER_REQUEST]
        )


def apply() -> None:
    """Count in the invocation's own thread, and send in one of ours."""
    from localstack.services.lambda_.invocation import version_manager
    from localstack.utils.bootstrap import is_api_enabled

    if not is_api_enabled("cloudwatch"):
        return
    collector = MetricCollector()
    threading.Thread(target=collector.run, name="lambda-metrics", daemon=True).start()
    start_thread = version_manager.start_thread

    def count(function_name: str, account_id: str, region_name: str, *metrics: str) -> None:
        for metric in metrics:
            collector.count(account_id, region_name, function_name, metric)

    def record_invocation(**where: Any) -> None:
        count(*(where[name] for name in _ARGUMENTS), "Invocations")

    def record_error(**where: Any) -> None:
        count(*(where[name] for name in _ARGUMENTS), "Invocations", "Errors")

    def run_or_start(method: Any, *arguments: Any, name: str = "", **options: Any) -> Any:
        if name.startswith("record-cloudwatch-metric"):
            return method()
        return start_thread(method, *arguments, name=name, **options)

    version_manager.record_cw_metric_invocation = record_invocation
    version_manager.record_cw_metric_error = record_error
    version_manager.start_thread = run_or_start


_ARGUMENTS = ("function_name", "account_id", "region_name")
