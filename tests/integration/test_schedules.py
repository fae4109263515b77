"""Model Monitor on a running stack: the SDK's classes unchanged, and `scones monitor schedule`."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from .conftest import ROOT, Scones

EXAMPLE = ROOT / "examples" / "monitor_endpoint.py"

type Kept = tuple[Scones, dict[str, Any]]


def nothing_is_scheduled(scones: Scones) -> bool:
    sagemaker = scones.aws.client("sagemaker")
    return not any(
        (
            sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"],
            sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"],
            sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"],
        )
    )


@pytest.fixture(scope="module")
def shown(kept: Kept) -> dict[str, Any]:
    """What the example prints at its end."""
    scones, _ = kept
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "local"],
        cwd=ROOT,
        env=scones.environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr + scones.logs()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_sdk_finds_nothing_in_what_is_usual(kept: Kept, shown: dict[str, Any]) -> None:
    _, summary = kept
    usual = shown["as_usual"]
    assert usual["status"] == "Completed"
    assert usual["violations"] == []
    assert usual["executions"] == 1
    assert usual["statistics"]["dataset"]["item_count"] == summary["captured_records"]
    names = {feature["name"] for feature in usual["statistics"]["features"]}
    assert {"confidence", "predicted_class", "passed", "brightness"} <= names


def test_the_sdk_reads_violations(shown: dict[str, Any]) -> None:
    assert shown["stricter"]["status"] == "CompletedWithViolations"
    [violation] = shown["stricter"]["violations"]
    assert violation["constraint_check_type"] == "missing_column_check"
    assert "altitude" in violation["description"]


def test_the_sdk_reads_model_quality(kept: Kept, shown: dict[str, Any]) -> None:
    _, summary = kept
    quality = shown["quality"]
    assert quality["status"] == "Completed", "the baseline is of the same predictions"
    metrics = quality["statistics"]["binary_classification_metrics"]
    matrix = metrics["confusion_matrix"]
    count = sum(sum(row.values()) for row in matrix.values())
    assert count == quality["statistics"]["dataset"]["item_count"] == summary["test_images"]
    right = matrix["0"]["0"] + matrix["1"]["1"]
    assert metrics["accuracy"]["value"] == pytest.approx(right / count)


def test_the_sdk_leaves_nothing_scheduled(kept: Kept, shown: dict[str, Any]) -> None:
    assert shown
    assert nothing_is_scheduled(kept[0])


def test_a_schedule_of_the_command_line_from_baseline_to_deletion(kept: Kept) -> None:
    scones, summary = kept
    assert "run `scones monitor baseline` first" in scones.refused(
        "monitor", "schedule", "create", "--now", code=1
    )
    assert "--ground-truth" in scones.refused(
        "monitor", "schedule", "create", "--kind", "model-quality", code=2
    )
    assert nothing_is_scheduled(scones)
    scones.ok("monitor", "baseline")

    found = scones.json("monitor", "schedule", "create", "--now")
    assert found["status"] == "Completed", found
    s3 = scones.aws.client("s3")
    bucket, key = found["results"].removeprefix("s3://").split("/", 1)
    body = s3.get_object(Bucket=bucket, Key=f"{key}/statistics.json")["Body"].read()
    assert json.loads(body)["dataset"]["item_count"] == summary["captured_records"]

    hourly = scones.json("monitor", "schedule", "create")
    name = hourly["schedule"]
    listed = scones.json("monitor", "schedule", "list")
    assert listed["schedules"] == {name: "Scheduled"}
    assert [each["status"] for each in listed["executions"] if each["schedule"] == name] == [
        "Completed"
    ]
    scones.ok("monitor", "schedule", "stop")
    assert scones.json("monitor", "schedule", "list")["schedules"] == {name: "Stopped"}
    scones.ok("monitor", "schedule", "start")
    assert scones.json("monitor", "schedule", "list")["schedules"] == {name: "Scheduled"}
    scones.ok("monitor", "schedule", "delete")
    assert nothing_is_scheduled(scones)


def test_a_finding_is_exit_code_3_reaches_the_topic_and_cloudwatch(kept: Kept) -> None:
    scones, _ = kept
    scones.ok("monitor", "baseline")
    project = scones.project()
    endpoint, bucket = project.settings.endpoint_name, project.outputs.data_bucket
    s3 = scones.aws.client("s3")
    prefix = f"monitoring/{endpoint}/baseline"
    document = json.load(s3.get_object(Bucket=bucket, Key=f"{prefix}/constraints.json")["Body"])
    document["features"].append(
        {"name": "altitude", "inferred_type": "Fractional", "completeness": 1.0}
    )
    for name, body in (
        ("constraints.json", json.dumps(document).encode()),
        (
            "statistics.json",
            s3.get_object(Bucket=bucket, Key=f"{prefix}/statistics.json")["Body"].read(),
        ),
    ):
        s3.put_object(Bucket=bucket, Key=f"stricter/{name}", Body=body)

    done = scones.run(
        "monitor", "schedule", "create", "--now", "--baseline", f"s3://{bucket}/stricter", "--json"
    )

    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert [item["constraint_check_type"] for item in found["violations"]] == [
        "missing_column_check"
    ]
    deadline = time.monotonic() + 90
    while not any("1 violations" in mail for mail in mails(scones)):
        assert time.monotonic() < deadline, mails(scones)
        time.sleep(0.1)
    metrics = scones.aws.client("cloudwatch").list_metrics(
        Namespace="/aws/sagemaker/Endpoints/data-metrics", MetricName="feature_data_confidence"
    )["Metrics"]
    schedules = {
        dimension["Value"]
        for metric in metrics
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "MonitoringSchedule"
    }
    assert found["schedule"] in schedules


def mails(scones: Scones) -> list[str]:
    return [path.read_text() for path in (scones.state_dir / "inbox").glob("*.eml")]


def test_destroy_removes_schedules_definitions_and_logs(kept: Kept) -> None:
    scones, _ = kept
    assert not nothing_is_scheduled(scones)
    removed = scones.json("destroy")["removed"]
    for label in (
        "monitoring schedule ",
        "job definition ",
        "log stream /aws/sagemaker/ProcessingJobs/data-quality-monitoring-",
    ):
        assert any(found.startswith(label) for found in removed), removed
