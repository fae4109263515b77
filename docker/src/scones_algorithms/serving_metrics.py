"""What a model server counts and times, for Prometheus: `GET /metrics`.

    scones_invocations_total{status}    answers of /invocations by status
    scones_invocation_seconds           from the request's headers to its answer
    scones_batch_images                 images that were predicted together
    scones_images_waiting               images that wait for a prediction to end
    scones_connections                  open connections
    scones_connections_refused_total    connections beyond the limit
    process_*                           CPU time, memory, open files

Source: prometheus.io/docs/instrumenting/exposition_formats
"""

from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

SECONDS: Final = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
IMAGES: Final = (1, 2, 3, 4, 8, 16)


class ServingMetrics:
    """The figures of one server."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        disable_created_metrics()  # the time of a figure's first use, beside each figure
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._invocations = Counter(
            "scones_invocations",
            "Answers of /invocations by status.",
            ["status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "scones_invocation_seconds",
            "Seconds from an invocation's headers to its answer.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self.batch_images = Histogram(
            "scones_batch_images",
            "Images that were predicted together.",
            buckets=IMAGES,
            registry=self._registry,
        )
        self.waiting = Gauge(
            "scones_images_waiting",
            "Images that wait for a prediction to end.",
            registry=self._registry,
        )
        self.connections = Gauge("scones_connections", "Open connections.", registry=self._registry)
        self.refused = Counter(
            "scones_connections_refused",
            "Connections beyond the limit.",
            registry=self._registry,
        )

    def answered(self, status: int, seconds: float) -> None:
        """Count an invocation."""
        self._invocations.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        text: bytes = generate_latest(self._registry)
        return text
