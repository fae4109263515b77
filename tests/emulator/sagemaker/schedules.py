"""What tests of monitoring ask for: schedules, definitions, and an endpoint that captures."""

from datetime import UTC, datetime
from pathlib import Path

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import ROLE_ARN, SECONDS, Workbench, unique

ENDPOINT_PATH = "/opt/ml/processing/input/endpoint"
OUTPUT_PATH = "/opt/ml/processing/output"
# Once a day, and not within the next hours: it does not begin while a test looks at it.
LATER = {"ScheduleExpression": f"cron(0 {(datetime.now(UTC).hour + 12) % 24} ? * * *)"}
NOW = {
    "ScheduleExpression": "NOW",
    "DataAnalysisStartTime": "-PT1H",
    "DataAnalysisEndTime": "PT0H",
}
FAKE_MONITOR = Path(__file__).parent / "fake_monitor.py"
RESOURCES = {
    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 1}
}


def application() -> dict[str, object]:
    return {"ImageUri": "fake", "ContainerEntrypoint": ["python3", str(FAKE_MONITOR)]}


def endpoint_input(endpoint: str, **more: str) -> dict[str, object]:
    return {"EndpointInput": {"EndpointName": endpoint, "LocalPath": ENDPOINT_PATH, **more}}


def output(bench: Workbench) -> dict[str, object]:
    place = {"S3Uri": f"s3://{bench.bucket}/results", "LocalPath": OUTPUT_PATH}
    return {"MonitoringOutputs": [{"S3Output": place}]}


def inline(bench: Workbench, endpoint: str, **more: object) -> dict[str, object]:
    return {
        "MonitoringInputs": [endpoint_input(endpoint)],
        "MonitoringOutputConfig": output(bench),
        "MonitoringResources": RESOURCES,
        "MonitoringAppSpecification": application(),
        "RoleArn": ROLE_ARN,
        **more,
    }


def definition(bench: Workbench, endpoint: str, word: str, **more: object) -> str:
    """Create a job definition and return its name."""
    name = unique("definition")
    truth = {"GroundTruthS3Input": {"S3Uri": f"s3://{bench.bucket}/labels"}}
    kind = {"ProblemType": "BinaryClassification"} if word == "ModelQuality" else {}
    source = endpoint_input(endpoint) | (truth if word == "ModelQuality" else {})
    request = {
        "JobDefinitionName": name,
        f"{word}AppSpecification": application() | kind,
        f"{word}JobInput": source,
        f"{word}JobOutputConfig": output(bench),
        "JobResources": RESOURCES,
        "RoleArn": ROLE_ARN,
        **more,
    }
    operation = "create_data_quality_job_definition"
    if word == "ModelQuality":
        operation = "create_model_quality_job_definition"
    getattr(bench.sagemaker, operation)(**request)
    return name


def schedule(bench: Workbench, times: dict[str, str], **config: object) -> str:
    """Create a schedule and return its name."""
    name = unique("schedule")
    bench.sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={"ScheduleConfig": times, **config},
    )
    return name


def described(bench: Workbench, name: str) -> dict[str, object]:
    return bench.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)


def reaches(bench: Workbench, name: str, status: str) -> dict[str, object]:
    def same():
        document = described(bench, name)
        return document if document["MonitoringScheduleStatus"] == status else None

    return wait_until(same, SECONDS, f"schedule {name} reaching {status}")


def executions(bench: Workbench, name: str, **more: object) -> list[dict[str, object]]:
    answer = bench.sagemaker.list_monitoring_executions(MonitoringScheduleName=name, **more)
    return answer["MonitoringExecutionSummaries"]


def ended(bench: Workbench, name: str, count: int = 1) -> dict[str, object]:
    """Wait until so many executions have ended, and return the newest."""

    def final():
        found = executions(bench, name)
        busy = ("Pending", "InProgress", "Stopping")
        done = [e for e in found if e["MonitoringExecutionStatus"] not in busy]
        return done[0] if len(done) == count else None

    return wait_until(final, SECONDS, f"{count} ended executions of {name}")


def capturing(bench: Workbench, invocations: int = 1) -> str:
    """Deploy an endpoint that captures, invoke it, and wait for its captures in S3."""
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/data_capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "JsonContentTypes": ["application/json"],
            "CsvContentTypes": ["text/csv"],
        },
    }
    endpoint = bench.serve(bench.config(bench.model(), DataCaptureConfig=capture))
    for _ in range(invocations):
        bench.invoke(endpoint, ContentType="text/csv", Accept="application/json")
    wait_until(lambda: bench.keys(f"data_capture/{endpoint}/"), SECONDS, "captures in S3")
    return endpoint
