"""Step Functions waits for EventBridge at the start and at the end of every execution.

Each "Execution Status Change" event is an HTTP request back to LocalStack, on the execution's own
time. AWS sends these events beside the execution, with best effort; here one thread sends them.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
LOG = logging.getLogger(__name__)


class _Deliveries:
    """Events on their way, in the order they came."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Callable[[], Any], Any]] = queue.SimpleQueue()
        threading.Thread(target=self._deliver, name="status-events", daemon=True).start()

    def add(self, client: Callable[[], Any], entries: Any) -> None:
        self._waiting.put((client, entries))

    def _deliver(self) -> None:
        while True:
            client, entries = self._waiting.get()
            try:
                client().put_events(Entries=entries)
            except Exception:
                LOG.exception("A status change could not be delivered to EventBridge: %s", entries)


class _Deferred:
    """Stands for an EventBridge client; what it is given is sent later, by that client."""

    def __init__(self, deliveries: _Deliveries, client: Callable[[], Any]) -> None:
        self._deliveries = deliveries
        self._client = client

    def put_events(self, Entries: Any) -> None:  # noqa: N803
        """Take the events; a failure is logged, as it is without this patch."""
        self._deliveries.add(self._client, Entries)


def apply() -> None:
    """Give executions the client that delivers later."""
    from localstack.services.stepfunctions.backend.execution import Execution

    original = Execution._get_events_client
    deliveries = _Deliveries()
    Execution._get_events_client = lambda self: _Deferred(deliveries, lambda: original(self))
