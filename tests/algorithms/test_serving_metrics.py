"""GET /metrics: what a server has counted, as Prometheus reads it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from tests.algorithms.jobs import Trained
from tests.algorithms.pictures import encoded, picture
from tests.algorithms.servers import Server

PNG = encoded(picture(0, np.random.default_rng(1)))


def figures(server: Server) -> dict[tuple[str, ...], float]:
    """Ask for the figures; by name, then the values of their labels."""
    status, content_type, text = server.request("GET", "/metrics")
    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_invocations_are_counted_by_status_timed_and_batched(trained: Trained) -> None:
    own = Server(trained.base)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(own.classify, [PNG] * 40))
        own.request("POST", "/invocations", b"no image", Content_Type="image/png")
        own.request("POST", "/invocations", PNG, Content_Type="text/csv")
        own.request("GET", "/ping")
        own.request("GET", "/nowhere")
        found = figures(own)
    finally:
        assert own.stop() == 0
    by_status = {key[1]: n for key, n in found.items() if key[0] == "scones_invocations_total"}
    assert by_status == {"200": 40, "400": 1, "415": 1}
    assert found["scones_invocation_seconds_count",] == 42
    assert 0 < found["scones_invocation_seconds_sum",] < 42 * 30
    assert found["scones_batch_images_sum",] == 41  # with the first, on which /ping waits
    assert found["scones_batch_images_bucket", "4.0"] == found["scones_batch_images_count",]
    assert found["scones_images_waiting",] == 0
    assert found["scones_connections",] >= 1  # the one that asks
    assert found["process_resident_memory_bytes",] > 1e7
