"""A baseline and a check of a deployed project: captures in S3 to its topic and CloudWatch."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scones.aws import Aws
from scones.config import Settings
from scones.deploy import StackOutputs
from scones.monitor.baseline.publish import NAMESPACE
from scones.project import Project
from scones.steps.captures import report_all, report_since
from scones.steps.monitoring import Source, check, make_baseline
from tests.scones.stack_fixtures.fixtures import PROJECT

ENDPOINT = f"{PROJECT}-classifier"


@pytest.fixture
def project(aws: Aws, deployed: StackOutputs, tmp_path: Path) -> Project:
    ports = {
        f"{name}_port": int(aws.client(service).meta.endpoint_url.rpartition(":")[2])
        for name, service in (("localstack", "s3"), ("sagemaker", "sagemaker"))
    }
    routes = [
        {"class": name, "loading_bay": "A", "order_range": "near"}
        for name in ("bicycle", "motorcycle")
    ]
    return Project(
        Settings(
            project=PROJECT,
            state_dir=tmp_path / ".scones",
            routes=routes,  # type: ignore[arg-type]
            profiles={"local": ports},
        )
    )


@pytest.fixture
def inbox(aws: Aws, deployed: StackOutputs) -> Iterator[Any]:
    """Reads what the stack's topic says."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    queue = sqs.create_queue(QueueName="monitoring-test")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    subscription = sns.subscribe(
        TopicArn=deployed.topic_arn, Protocol="sqs", Endpoint=arn["QueueArn"]
    )["SubscriptionArn"]

    def read() -> Any:
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        return json.loads(json.loads(message["Body"])["Message"])

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def fill(s3: Any, bucket: str, day: int, confidence: float) -> None:
    lines = []
    for number in range(150):
        value = confidence + (number % 10) / 1000
        document = {
            "captureData": {
                "endpointOutput": {"data": json.dumps([value, 1 - value]), "encoding": "JSON"}
            },
            "eventMetadata": {
                "eventId": f"{day}-{number}",
                "inferenceTime": f"2026-01-{day:02d}T05:00:00Z",
            },
        }
        lines.append(json.dumps(document) + "\n")
    key = f"data_capture/{ENDPOINT}/AllTraffic/2026/01/{day:02d}/05/00-00-000-a.jsonl"
    s3.put_object(Bucket=bucket, Key=key, Body="".join(lines).encode())


def test_captures_become_a_baseline_a_check_an_alarm_and_a_report(
    project: Project, aws: Aws, s3: Any, inbox: Any
) -> None:
    bucket = project.outputs.data_bucket
    fill(s3, bucket, 1, 0.95)
    fill(s3, bucket, 2, 0.7)
    boundary = datetime(2026, 1, 2, tzinfo=UTC)
    usual, later = Source(until=boundary), Source(since=boundary)

    made, files = make_baseline(project, usual)
    place = f"s3://{bucket}/monitoring/{ENDPOINT}/baseline"
    assert files == [f"{place}/statistics.json", f"{place}/constraints.json"]
    assert made.statistics.item_count == 150

    quiet = check(project, usual)
    assert (quiet.compared.alarming, quiet.message_id) == (False, None)
    assert quiet.metrics > 0

    loud = check(project, later)
    assert loud.compared.checked.status == "CompletedWithViolations"
    told = inbox()
    assert told["endpoint"] == ENDPOINT
    assert told["violations"] == loud.compared.checked.as_json()["violations"]
    assert {"confidence", "passed"} <= set(told["drifted"])
    results = told["results"].removeprefix(f"s3://{bucket}/")
    written = s3.get_object(Bucket=bucket, Key=f"{results}/constraint_violations.json")
    assert json.loads(written["Body"].read())["violations"] == told["violations"]
    listed = aws.client("cloudwatch").list_metrics(
        Namespace=NAMESPACE, MetricName="feature_baseline_drift_confidence"
    )["Metrics"]
    dimensions = {d["Name"]: d["Value"] for d in listed[0]["Dimensions"]}
    assert dimensions == {"Endpoint": ENDPOINT, "MonitoringSchedule": f"{ENDPOINT}-monitor"}

    report = report_all(project, later)
    assert report.summary["records"] == 150
    assert report.summary["comparison"]["status"] == "CompletedWithViolations"
    assert report_since(project, boundary, 150).summary["records"] == 150
    assert check(project, later, publish=False).message_id is None
