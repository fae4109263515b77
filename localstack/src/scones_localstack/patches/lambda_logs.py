"""Lambda sends every invocation's log lines to CloudWatch Logs in an HTTP request of its own.

Under load that is as much work as the invocations. Here the lines of a tenth of a second travel
together, one request per log stream.
"""

import contextlib
import logging
import queue
import time
from collections.abc import Iterator
from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
WAIT_SECONDS = 0.1
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_MOST_EVENTS = 10_000
LOG = logging.getLogger(__name__)


def apply() -> None:
    """Replace the loop of LocalStack's log handler."""
    from localstack.services.lambda_.invocation.logs import LogHandler

    LogHandler.run_log_loop = _run_log_loop


def _run_log_loop(self: Any, *_args: Any, **_kwargs: Any) -> None:
    from localstack.aws.connect import connect_to
    from localstack.services.lambda_.invocation.logs import QUEUE_SHUTDOWN

    client = None
    while True:
        item = self.log_queue.get()
        items = [(int(time.time() * 1000), item)]
        deadline = time.monotonic() + WAIT_SECONDS
        while item is not QUEUE_SHUTDOWN and (wait := deadline - time.monotonic()) > 0:
            item = _get(self.log_queue, wait)
            if item is not None:
                items.append((int(time.time() * 1000), item))
        for (group, stream), events in _by_stream(items, QUEUE_SHUTDOWN).items():
            try:
                client = (
                    client
                    or connect_to.with_assumed_role(
                        region_name=self.region, role_arn=self.role_arn, service_principal="lambda"
                    ).logs
                )
                _put(client, group, stream, events)
            except Exception as error:
                LOG.warning("Log lines of %s could not be saved: %s", group, error)
        if item is QUEUE_SHUTDOWN:
            return


def _get(waiting: Any, seconds: float) -> Any:
    try:
        return waiting.get(timeout=seconds)
    except queue.Empty:
        return None


def _by_stream(items: list[tuple[int, Any]], end: Any) -> dict[tuple[str, str], list[Any]]:
    streams: dict[tuple[str, str], list[Any]] = {}
    for timestamp, item in items:
        if item is end:
            continue
        events = streams.setdefault((item.log_group, item.log_stream), [])
        events += [
            {"timestamp": timestamp, "message": line + "\n"}
            for line in item.logs.split("\n")
            if line
        ]
    return streams


def _put(client: Any, group: str, stream: str, events: list[Any]) -> None:
    for batch in _batches(events):
        try:
            client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)
        except client.exceptions.ResourceNotFoundException:
            _create(client, group, stream)
            client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)


def _create(client: Any, group: str, stream: str) -> None:
    """Make the stream, and the group only where a template has not: a role need not allow that."""
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        except client.exceptions.ResourceNotFoundException:
            client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName=stream)


def _batches(events: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(events), _MOST_EVENTS):
        yield events[start : start + _MOST_EVENTS]
