"""Monitor an endpoint with Model Monitor's own classes: baseline, schedule, findings, clean-up.

    scones demo --keep                          # an endpoint that has captured something
    python examples/monitor_endpoint.py local   # scones' SageMaker API, on this machine

One word says where, as in train_and_deploy.py. What usually takes a day runs at once: the schedule
is NOW, and looks at the last hour.
"""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import scones

session = scones.sagemaker_session(sys.argv[1])  # before the SDK's imports: it quiets them
where = session.target

from sagemaker.model_monitor import (
    CronExpressionGenerator,
    DefaultModelMonitor,
    ModelQualityMonitor,
)
from sagemaker.model_monitor.dataset_format import DatasetFormat
from sagemaker.s3 import S3Uploader

from scones.monitor import read_captures

project = where.project
endpoint = project.settings.endpoint_name
place = f"s3://{session.default_bucket()}/monitor-endpoint"
captures_uri = f"{project.capture_uri}/{endpoint}"
now = {
    "schedule_cron_expression": CronExpressionGenerator.now(),
    "data_analysis_start_time": "-PT1H",
    "data_analysis_end_time": "-PT0H",
}


def monitor_of(kind: Any) -> Any:
    """Make a monitor of the SDK's; the analyzer learns the classes by its variables."""
    return kind(
        role=where.role_arn,
        instance_type="ml.m5.large",
        max_runtime_in_seconds=1800,
        sagemaker_session=session,
        env={
            "SCONES_CLASSES": json.dumps(list(project.classes)),
            "SCONES_THRESHOLD": str(project.settings.threshold),
        },
    )


def findings(monitor: Any, seconds: float = 300) -> dict[str, Any]:
    """Wait for the schedule's first execution to end, and return what it has found."""
    deadline = time.monotonic() + seconds
    while True:
        schedule = monitor.describe_schedule()
        last = schedule.get("LastMonitoringExecutionSummary", {})
        status = last.get("MonitoringExecutionStatus", "Pending")
        if status not in ("Pending", "InProgress"):
            break
        if time.monotonic() > deadline:
            sys.exit(f"no execution has ended within {seconds:.0f} s")
        time.sleep(0.5)
    if status not in ("Completed", "CompletedWithViolations"):
        sys.exit(f"the execution ended as {status}: {last.get('FailureReason')}")
    return {
        "status": status,
        "executions": len(monitor.list_executions()),
        "statistics": monitor.latest_monitoring_statistics().body_dict,
        "violations": monitor.latest_monitoring_constraint_violations().body_dict["violations"],
    }


# Data quality: what was captured so far is the baseline.
data = monitor_of(DefaultModelMonitor)
data.suggest_baseline(
    baseline_dataset=captures_uri,
    dataset_format=DatasetFormat.sagemaker_capture_json(),
    output_s3_uri=f"{place}/data-baseline",
    wait=True,
    logs=False,
)
constraints = data.suggested_constraints()
data.create_monitoring_schedule(
    endpoint_input=endpoint,
    output_s3_uri=f"{place}/data",
    statistics=data.baseline_statistics(),
    constraints=constraints,
    **now,
)
as_usual = findings(data)

# A constraint that the captures cannot meet.
constraints.body_dict["features"].append(
    {"name": "altitude", "inferred_type": "Fractional", "completeness": 1.0}
)
constraints.save(f"{place}/stricter/constraints.json")
data.delete_monitoring_schedule()
data.create_monitoring_schedule(
    endpoint_input=endpoint,
    output_s3_uri=f"{place}/data",
    statistics=data.baseline_statistics(),
    constraints=f"{place}/stricter/constraints.json",
    **now,
)
stricter = findings(data)

# Model quality: the project's test images say what is true.
labels = {
    f"{prefix}/{entry.path}": entry.label
    for entry in project.dataset().entries("test")
    for prefix in ("test", "incoming")  # where classify, and whoever uploads, puts an image
}
log = read_captures(session.boto_session.client("s3"), captures_uri)
known = [
    (capture.inference_id, capture.predicted, labels[capture.inference_id])
    for capture in log
    if capture.inference_id in labels and capture.predicted is not None
]
table = "\n".join(["prediction,label", *(f"{said},{true}" for _, said, true in known)])
S3Uploader.upload_string_as_file_body(table, f"{place}/validation.csv", sagemaker_session=session)
truth = "\n".join(
    json.dumps(
        {
            "groundTruthData": {"data": str(true), "encoding": "CSV"},
            "eventMetadata": {"eventId": inference_id},
            "eventVersion": "0",
        }
    )
    for inference_id, _, true in known
)
hour = datetime.now(UTC).strftime("%Y/%m/%d/%H")
S3Uploader.upload_string_as_file_body(
    truth, f"{place}/labels/{hour}/labels.jsonl", sagemaker_session=session
)
model = monitor_of(ModelQualityMonitor)
model.suggest_baseline(
    baseline_dataset=f"{place}/validation.csv",
    dataset_format=DatasetFormat.csv(header=True),
    problem_type="BinaryClassification",
    inference_attribute="prediction",
    ground_truth_attribute="label",
    output_s3_uri=f"{place}/model-baseline",
    wait=True,
    logs=False,
)
model.create_monitoring_schedule(
    endpoint_input=endpoint,
    ground_truth_input=f"{place}/labels",
    problem_type="BinaryClassification",
    constraints=model.suggested_constraints(),
    output_s3_uri=f"{place}/model",
    **now,
)
quality = findings(model)

# Hourly from here on would be one call more; here everything goes again.
data.start_monitoring_schedule()
data.stop_monitoring_schedule()
for monitor in (data, model):
    monitor.delete_monitoring_schedule()
print()  # the SDK has printed dots while it waited
print(json.dumps({"as_usual": as_usual, "stricter": stricter, "quality": quality}))
