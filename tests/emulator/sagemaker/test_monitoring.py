"""Monitoring schedules, by boto3 alone: definitions, schedules, executions as processing jobs."""

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS, Service, Workbench, unique
from tests.emulator.sagemaker.schedules import (
    LATER,
    NOW,
    OUTPUT_PATH,
    application,
    capturing,
    definition,
    described,
    ended,
    endpoint_input,
    executions,
    inline,
    reaches,
    schedule,
)


@pytest.fixture
def endpoint(bench):
    return capturing(bench)


def test_now_checks_the_captures_of_the_window_by_a_processing_job(bench, endpoint):
    bench.put("baseline/constraints.json", b"{}")
    bench.put("baseline/statistics.json", b"{}")
    baseline = {
        "ConstraintsResource": {"S3Uri": f"s3://{bench.bucket}/baseline/constraints.json"},
        "StatisticsResource": {"S3Uri": f"s3://{bench.bucket}/baseline/statistics.json"},
    }
    message = "CompletedWithViolations: Job completed successfully with 2 violations."
    environment = {"message": message, "dataset_source": "mine"}
    job = inline(bench, endpoint, BaselineConfig=baseline, Environment=environment)
    name = schedule(bench, NOW, MonitoringJobDefinition=job)
    execution = ended(bench, name)

    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert execution["EndpointName"] == endpoint
    assert execution["MonitoringType"] == "DataQuality"
    job_name = execution["ProcessingJobArn"].rpartition("/")[2]
    run = bench.processed(job_name)
    assert run["MonitoringScheduleArn"] == described(bench, name)["MonitoringScheduleArn"]
    assert run["ExitMessage"] == message
    folder = run["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert folder.startswith(f"s3://{bench.bucket}/results/{endpoint}/{name}/")
    seen = json.loads(bench.get(f"{folder}/seen.json"))
    captured = [path for path in seen["files"] if "/endpoint/" in path]
    assert captured
    for path in captured:
        hour = path.removeprefix(f"processing/input/endpoint/{endpoint}/AllTraffic/")[:13]
        passed = datetime.now(UTC) - datetime.strptime(f"{hour}+0000", "%Y/%m/%d/%H%z")
        assert timedelta() <= passed < timedelta(hours=2)
    assert "processing/baseline/constraints/constraints.json" in seen["files"]
    variables = seen["variables"]
    begin, end = (datetime.fromisoformat(variables[key]) for key in ("start_time", "end_time"))
    assert end - begin == timedelta(hours=1)
    assert variables["dataset_source"].endswith("/processing/input/endpoint")
    assert variables["baseline_statistics"].endswith("/processing/baseline/stats/statistics.json")
    assert json.loads(variables["dataset_format"]) == {
        "sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}
    }
    assert variables["sagemaker_endpoint_name"] == endpoint
    assert variables["sagemaker_monitoring_schedule_name"] == name
    assert variables["publish_cloudwatch_metrics"] == "Enabled"
    last = reaches(bench, name, "Stopped")["LastMonitoringExecutionSummary"]
    assert last["MonitoringExecutionStatus"] == "CompletedWithViolations"


def test_metrics_that_a_container_leaves_are_in_cloudwatch(bench, endpoint):
    name = schedule(bench, NOW, MonitoringJobDefinition=inline(bench, endpoint))
    assert ended(bench, name)["MonitoringExecutionStatus"] == "Completed"
    moment = datetime.now(UTC)
    [metric] = wait_until(
        lambda: bench.emulator.client("cloudwatch").get_metric_statistics(
            Namespace="/aws/sagemaker/Endpoints/data-metrics",
            MetricName="feature_data_x",
            Dimensions=[
                {"Name": "Endpoint", "Value": endpoint},
                {"Name": "MonitoringSchedule", "Value": name},
            ],
            StartTime=moment - timedelta(hours=1),
            EndTime=moment + timedelta(hours=1),
            Period=3600 * 4,
            Statistics=["Sum"],
        )["Datapoints"],
        SECONDS,
        "the metric",
    )
    assert metric["Sum"] == 7


def test_model_quality_brings_the_ground_truth_of_the_window(bench, endpoint):
    moment = datetime.now(UTC)
    bench.put(f"labels/{moment:%Y/%m/%d/%H}/labels.jsonl", b"{}")
    bench.put("labels/2001/01/01/00/labels.jsonl", b"{}")
    named = definition(
        bench,
        endpoint,
        "ModelQuality",
        ModelQualityJobInput=endpoint_input(
            endpoint, InferenceAttribute="0", ProbabilityThresholdAttribute=0.5
        )
        | {"GroundTruthS3Input": {"S3Uri": f"s3://{bench.bucket}/labels"}},
    )
    name = schedule(bench, NOW, MonitoringJobDefinitionName=named, MonitoringType="ModelQuality")
    execution = ended(bench, name)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert execution["MonitoringJobDefinitionName"] == named
    run = bench.processed(execution["ProcessingJobArn"].rpartition("/")[2])
    folder = run["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    seen = json.loads(bench.get(f"{folder}/seen.json"))
    assert [path for path in seen["files"] if "groundtruth" in path] == [
        f"processing/groundtruth/{moment:%Y/%m/%d/%H}/labels.jsonl"
    ]
    told = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "inference_attribute": "0",
        "probability_threshold_attribute": "0.5",
    }
    assert told.items() <= seen["variables"].items()
    assert seen["variables"]["ground_truth_source"].endswith("/processing/groundtruth")


def test_without_captures_or_labels_an_execution_fails_in_awss_words(bench, endpoint):
    earlier = NOW | {"DataAnalysisStartTime": "-PT9H", "DataAnalysisEndTime": "-PT8H"}
    name = schedule(bench, earlier, MonitoringJobDefinition=inline(bench, endpoint))
    execution = ended(bench, name)
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Job inputs had no data"
    assert "ProcessingJobArn" not in execution

    named = definition(bench, endpoint, "ModelQuality")
    name = schedule(bench, NOW, MonitoringJobDefinitionName=named, MonitoringType="ModelQuality")
    assert "no ground truth under s3://" in ended(bench, name)["FailureReason"]


def test_a_schedule_is_described_listed_updated_stopped_started_and_deleted(bench, endpoint):
    named = definition(bench, endpoint, "DataQuality")
    name = schedule(bench, LATER, MonitoringJobDefinitionName=named, MonitoringType="DataQuality")
    document = reaches(bench, name, "Scheduled")
    assert document["EndpointName"] == endpoint
    assert document["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == named
    client = bench.sagemaker
    for asked in (
        {"EndpointName": endpoint},
        {"MonitoringJobDefinitionName": named},
        {"NameContains": name, "MonitoringTypeEquals": "DataQuality", "StatusEquals": "Scheduled"},
    ):
        [found] = client.list_monitoring_schedules(**asked)["MonitoringScheduleSummaries"]
        assert found["MonitoringScheduleName"] == name
    other = {"NameContains": name, "MonitoringTypeEquals": "ModelQuality"}
    assert client.list_monitoring_schedules(**other)["MonitoringScheduleSummaries"] == []

    with pytest.raises(ClientError, match="is used by Monitoring Schedule"):
        client.delete_data_quality_job_definition(JobDefinitionName=named)
    client.stop_monitoring_schedule(MonitoringScheduleName=name)
    assert described(bench, name)["MonitoringScheduleStatus"] == "Stopped"
    with pytest.raises(ClientError, match="stopped already"):
        client.stop_monitoring_schedule(MonitoringScheduleName=name)
    config = described(bench, name)["MonitoringScheduleConfig"] | {"ScheduleConfig": NOW}
    client.update_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
    assert described(bench, name)["MonitoringScheduleStatus"] == "Stopped"
    assert executions(bench, name) == []
    client.start_monitoring_schedule(MonitoringScheduleName=name)
    ended(bench, name)
    reaches(bench, name, "Stopped")
    client.start_monitoring_schedule(MonitoringScheduleName=name)
    ended(bench, name, 2)
    by_time = executions(bench, name, SortBy="ScheduledTime", SortOrder="Ascending")
    assert by_time[0]["ScheduledTime"] < by_time[1]["ScheduledTime"]
    later = executions(bench, name, ScheduledTimeAfter=by_time[0]["ScheduledTime"])
    assert [e["ProcessingJobArn"] for e in later] == [by_time[1]["ProcessingJobArn"]]

    client.delete_monitoring_schedule(MonitoringScheduleName=name)
    with pytest.raises(client.exceptions.ResourceNotFound, match=name):
        described(bench, name)
    assert len(executions(bench, name)) == 2
    client.delete_data_quality_job_definition(JobDefinitionName=named)


def test_deleting_a_schedule_stops_what_it_has_running(bench, endpoint):
    waiting = {"ImageUri": "fake", "ContainerEntrypoint": ["python3", "-c", "while 1: 0"]}
    job = inline(bench, endpoint, MonitoringAppSpecification=waiting)
    name = schedule(bench, NOW, MonitoringJobDefinition=job)
    wait_until(
        lambda: [e for e in executions(bench, name) if "ProcessingJobArn" in e],
        SECONDS,
        "an execution under way",
    )
    bench.sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    assert ended(bench, name)["MonitoringExecutionStatus"] == "Stopped"


@pytest.mark.parametrize("word", ["DataQuality", "ModelQuality"])
def test_a_job_definition_is_created_described_listed_and_deleted(bench, endpoint, word):
    name = definition(bench, endpoint, word, Tags=[{"Key": "team", "Value": "one"}])
    snake = "data_quality" if word == "DataQuality" else "model_quality"

    def call(verb: str, plural: str = "", **asked: object) -> dict[str, object]:
        return getattr(bench.sagemaker, f"{verb}_{snake}_job_definition{plural}")(**asked)

    document = call("describe", JobDefinitionName=name)
    assert document[f"{word}JobInput"]["EndpointInput"]["EndpointName"] == endpoint
    kind = f"{word.lower().replace('quality', '-quality')}-job-definition"
    assert document["JobDefinitionArn"].endswith(f":{kind}/{name}")
    tags = bench.sagemaker.list_tags(ResourceArn=document["JobDefinitionArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "one"}]
    [found] = call("list", "s", EndpointName=endpoint)["JobDefinitionSummaries"]
    assert found["MonitoringJobDefinitionName"] == name
    assert call("list", "s", EndpointName="another")["JobDefinitionSummaries"] == []
    with pytest.raises(bench.sagemaker.exceptions.ResourceInUse):
        call("create", **{k: v for k, v in document.items() if k in inputs_of(word)})
    call("delete", JobDefinitionName=name)
    with pytest.raises(bench.sagemaker.exceptions.ResourceNotFound):
        call("describe", JobDefinitionName=name)


def inputs_of(word: str) -> set[str]:
    parts = ("AppSpecification", "JobInput", "JobOutputConfig")
    return {"JobDefinitionName", "JobResources", "RoleArn", *(f"{word}{part}" for part in parts)}


def refusal(bench: Workbench, config: dict[str, object]) -> str:
    with pytest.raises(ClientError) as refused:
        bench.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=unique("schedule"), MonitoringScheduleConfig=config
        )
    assert refused.value.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound")
    return refused.value.response["Error"]["Message"]


def test_what_cannot_be_met_is_refused_before_anything_is_kept(bench, endpoint):
    job = inline(bench, endpoint)
    script = application() | {"RecordPreprocessorSourceUri": "s3://bucket/script.py"}
    piped = [endpoint_input(endpoint, S3InputMode="Pipe")]
    silent = bench.deploy(bench.model())
    expected = {
        "Specify one of": {},
        "MonitoringType is required": {"MonitoringJobDefinitionName": "x"},
        "not found": {"MonitoringJobDefinitionName": "x", "MonitoringType": "DataQuality"},
        "ModelBias is not supported": {
            "MonitoringJobDefinitionName": "x",
            "MonitoringType": "ModelBias",
        },
        "needs a job definition": {
            "MonitoringJobDefinition": job,
            "MonitoringType": "ModelQuality",
        },
        "Could not find endpoint": {"MonitoringJobDefinition": inline(bench, "nobody")},
        "has no DataCaptureConfig": {"MonitoringJobDefinition": inline(bench, silent)},
        "RecordPreprocessorSourceUri is not supported": {
            "MonitoringJobDefinition": job | {"MonitoringAppSpecification": script}
        },
        "S3InputMode Pipe": {"MonitoringJobDefinition": job | {"MonitoringInputs": piped}},
        "Cannot find image": {
            "MonitoringJobDefinition": job
            | {"MonitoringAppSpecification": {"ImageUri": "unheard-of"}}
        },
        "Could not find requested job": {
            "MonitoringJobDefinition": job | {"BaselineConfig": {"BaseliningJobName": "nobody"}}
        },
        "Invalid ScheduleExpression": {
            "MonitoringJobDefinition": job,
            "ScheduleConfig": {"ScheduleExpression": "rate(1 hour)"},
        },
    }
    for said, config in expected.items():
        assert said in refusal(bench, config)
    assert (
        bench.sagemaker.list_monitoring_schedules(EndpointName=endpoint)[
            "MonitoringScheduleSummaries"
        ]
        == []
    )


def test_a_baselining_job_tells_where_the_baseline_is(bench, endpoint):
    program = """
import os, pathlib
output = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "processing" / "output"
for name in ("statistics.json", "constraints.json"):
    (output / name).write_text("{}")
"""
    place = {"S3Uri": f"s3://{bench.bucket}/base", "LocalPath": OUTPUT_PATH}
    outputs = {"Outputs": [{"OutputName": "o", "S3Output": place | {"S3UploadMode": "EndOfJob"}}]}
    baselining = bench.process(program, ProcessingOutputConfig=outputs)
    bench.processed(baselining)
    job = inline(bench, endpoint, BaselineConfig={"BaseliningJobName": baselining})
    name = schedule(bench, NOW, MonitoringJobDefinition=job)
    run = bench.processed(ended(bench, name)["ProcessingJobArn"].rpartition("/")[2])
    uris = [entry["S3Input"]["S3Uri"] for entry in run["ProcessingInputs"]]
    assert f"s3://{bench.bucket}/base/constraints.json" in uris
    assert f"s3://{bench.bucket}/base/statistics.json" in uris


def test_a_schedule_whose_endpoint_is_gone_fails(bench):
    endpoint = capturing(bench)
    name = schedule(bench, NOW, MonitoringJobDefinition=inline(bench, endpoint))
    ended(bench, name)
    reaches(bench, name, "Stopped")
    bench.delete(endpoint)
    bench.sagemaker.start_monitoring_schedule(MonitoringScheduleName=name)
    assert "Could not find endpoint" in ended(bench, name, 2)["FailureReason"]
    assert "Could not find endpoint" in reaches(bench, name, "Failed")["FailureReason"]


def test_schedules_and_executions_outlive_a_kill(emulator, tmp_path):
    service = Service(tmp_path / "state", emulator)
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    with service:
        bench = Workbench(service, emulator, bucket)
        endpoint = capturing(bench)
        later = schedule(bench, LATER, MonitoringJobDefinition=inline(bench, endpoint))
        reaches(bench, later, "Scheduled")
        waiting = {"ImageUri": "fake", "ContainerEntrypoint": ["python3", "-c", "while 1: 0"]}
        job = inline(bench, endpoint, MonitoringAppSpecification=waiting)
        once = schedule(bench, NOW, MonitoringJobDefinition=job)
        wait_until(
            lambda: [e for e in executions(bench, once) if "ProcessingJobArn" in e],
            SECONDS,
            "an execution under way",
        )
        service.signal(signal.SIGKILL)
        service.start()
        assert described(bench, later)["MonitoringScheduleStatus"] == "Scheduled"
        execution = ended(bench, once)
        assert execution["MonitoringExecutionStatus"] == "Failed"
        assert "service ended while the job was running" in execution["FailureReason"]
        reaches(bench, once, "Stopped")
