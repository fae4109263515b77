"""What a check finds reaches CloudWatch under AWS's names, and the topic's subscribers."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scones.aws import Aws
from scones.monitor.baseline import Baseline, Compared, compare, notify, put_metrics, suggest
from scones.monitor.baseline.constraints import read_constraints
from scones.monitor.baseline.publish import NAMESPACE, metrics
from tests.scones.monitor.baseline.rows import statistics

WAIT_SECONDS = 30.0


@pytest.fixture
def compared() -> Compared:
    before = statistics(500)
    return compare(Baseline("b", before, suggest(before)), statistics(500, 1, shift=1.0))


def test_metrics_arrive_under_awss_names_and_dimensions(aws: Aws, compared: Compared) -> None:
    cloudwatch, name, now = aws.client("cloudwatch"), f"e-{uuid.uuid4().hex[:8]}", datetime.now(UTC)
    count = put_metrics(cloudwatch, compared, endpoint=name, schedule="hourly", time=now)
    assert count == 8  # three of each number, two of the category
    dimensions = [
        {"Name": "Endpoint", "Value": name},
        {"Name": "MonitoringSchedule", "Value": "hourly"},
    ]

    def read(metric: str, *kinds: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = cloudwatch.get_metric_statistics(
                Namespace=NAMESPACE,
                MetricName=metric,
                Dimensions=dimensions,
                StartTime=now - timedelta(minutes=5),
                EndTime=now + timedelta(minutes=5),
                Period=3600,
                Statistics=list(kinds),
            )["Datapoints"]
            if found:
                point: dict[str, Any] = found[0]
                return point
            time.sleep(0.2)
        raise AssertionError(f"no data of {metric}")

    assert NAMESPACE == "/aws/sagemaker/Endpoints/data-metrics"
    drift = read("feature_baseline_drift_score", "Average")["Average"]
    assert drift == pytest.approx(compared.checked.distances["score"])
    data = read("feature_data_score", "Maximum", "Minimum", "SampleCount")
    numbers = compared.statistics.features["score"].numbers
    assert numbers is not None
    assert (data["SampleCount"], data["Maximum"]) == (500, pytest.approx(numbers.largest))
    assert data["Minimum"] == pytest.approx(numbers.least)
    assert read("feature_non_null_colour", "Sum")["Sum"] == 500


def test_metrics_can_be_switched_off_for_one_feature_or_all(compared: Compared) -> None:
    document = compared.baseline.constraints.as_json()
    document["features"][0]["monitoring_config_overrides"] = {"emit_metrics": "Disabled"}

    def names() -> set[str]:
        constraints = read_constraints(json.dumps(document), "c")
        baseline = Baseline("b", compared.baseline.statistics, constraints)
        return {item["MetricName"] for item in metrics(compare(baseline, compared.statistics))}

    assert "feature_data_size" in names()
    assert not any(name.endswith("_score") for name in names())
    document["monitoring_config"]["emit_metrics"] = "Disabled"
    assert names() == set()


def test_a_violation_reaches_the_topics_subscribers(aws: Aws, compared: Compared) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"])
    sent = notify(sns, topic, compared, endpoint="bay", results="s3://b/results")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["MessageId"] == sent
    assert envelope["Subject"] == "1 violations, 1 features drifted: bay"
    told = json.loads(envelope["Message"])
    assert told["status"] == "CompletedWithViolations"
    assert told["drifted"] == ["score"]
    assert told["violations"] == compared.checked.as_json()["violations"]


def test_a_message_of_very_many_violations_is_cut_to_what_a_topic_takes() -> None:
    before = statistics(20)
    many = {f"column {n} {'x' * 200}": "a" for n in range(2_000)}
    wide = type(before).of([many] * 2)
    later = type(before).of([dict.fromkeys(many, "b")] * 2)
    compared = compare(Baseline("b", wide, suggest(wide)), later)
    assert len(compared.checked.violations) >= 2_000
    sent: dict[str, str] = {}

    class Topic:
        def publish(self, **message: str) -> dict[str, str]:
            sent.update(message)
            return {"MessageId": "1"}

    notify(Topic(), "arn", compared, endpoint="e" * 200, results="r")
    assert len(sent["Message"].encode()) < 262_144
    assert len(sent["Subject"]) <= 100
    told = json.loads(sent["Message"])
    left = told["violations_left_out"]
    assert left + len(told["violations"]) == len(compared.checked.violations)
