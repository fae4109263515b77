"""Invocations in CloudWatch, as AWS counts them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS, variant
from tests.emulator.sagemaker.test_async import ask, wait_for
from tests.emulator.sagemaker.test_async import config as asynchronous


def statistics(bench, metric, endpoint, variant_name="AllTraffic"):
    """A metric's sums over the last minutes, by the names of CloudWatch."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}]
    if variant_name:
        dimensions.append({"Name": "VariantName", "Value": variant_name})
    now = datetime.now(UTC)
    answer = bench.emulator.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=10),
        Period=1200,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum", "Average"],
    )
    [point] = answer["Datapoints"] or [{"SampleCount": 0}]
    return point


def counted(bench, metric, endpoint, samples, variant_name="AllTraffic"):
    def enough():
        return statistics(bench, metric, endpoint, variant_name)["SampleCount"] >= samples

    wait_until(enough, SECONDS, f"{samples} samples of {metric}")
    # Asked again: LocalStack reads one statistic after the other, and a delivery may come between.
    return statistics(bench, metric, endpoint, variant_name)


def test_invocations_are_counted_and_timed(bench):
    name = bench.deploy(bench.model())
    for body in [b"x"] * 10 + [b"slow0.2"]:
        bench.invoke(name, body)
    for status in (415, 500, 500):
        with pytest.raises(bench.runtime.exceptions.ModelError):
            bench.invoke(name, f"status {status}".encode())

    sums = {
        metric: counted(bench, metric, name, 14)["Sum"]
        for metric in (
            "Invocations",
            "InvocationsPerInstance",
            "Invocation4XXErrors",
            "Invocation5XXErrors",
            "InvocationModelErrors",
        )
    }
    latency = counted(bench, "ModelLatency", name, 14)
    overhead = counted(bench, "OverheadLatency", name, 14)

    assert sums == {
        "Invocations": 14,
        "InvocationsPerInstance": 14,
        "Invocation4XXErrors": 1,
        "Invocation5XXErrors": 2,
        "InvocationModelErrors": 3,
    }
    assert latency["Unit"] == overhead["Unit"] == "Microseconds"
    assert 200_000 <= latency["Maximum"] < 60_000_000  # and not nanoseconds
    assert 0 < latency["Minimum"] < 200_000
    assert 0 < overhead["Minimum"] <= overhead["Average"] <= overhead["Maximum"]


def test_variants_are_counted_apart_and_instances_share(bench):
    model = bench.model()
    name = bench.serve(
        bench.variants(variant("A", model, InitialInstanceCount=2), variant("B", model))
    )
    for target in ("A", "A", "A", "A", "B"):
        bench.invoke(name, TargetVariant=target)

    assert counted(bench, "Invocations", name, 4, "A")["Sum"] == 4
    assert counted(bench, "InvocationsPerInstance", name, 4, "A")["Sum"] == 2
    assert counted(bench, "Invocations", name, 1, "B")["Sum"] == 1


def test_asynchronous_requests_are_counted_too(bench):
    name = bench.deploy(bench.model(), AsyncInferenceConfig=asynchronous(bench))
    for body in (b"x", b"status 500"):
        _, accepted = ask(bench, name, body)
        kind = "FailureLocation" if body.startswith(b"status") else "OutputLocation"
        wait_for(bench, accepted[kind])

    assert counted(bench, "InvocationsProcessed", name, 2, "")["Sum"] == 2
    assert counted(bench, "InvocationFailures", name, 2, "")["Sum"] == 1
    assert counted(bench, "Invocation5XXErrors", name, 2)["Sum"] == 1


def test_counts_are_delivered_when_the_service_ends(own):
    name = own.deploy(own.model())
    for _ in range(5):
        own.invoke(name)

    own.service.stop()

    assert statistics(own, "Invocations", name)["Sum"] == 5
    own.service.start()
