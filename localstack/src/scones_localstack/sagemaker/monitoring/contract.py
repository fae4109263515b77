"""The processing job of an execution: what Model Monitor's containers expect.

Source: "Container Contract Inputs" in the SageMaker developer guide. Captures of an hour are an
input of their own, at `<LocalPath>/<endpoint>/<variant>/yyyy/mm/dd/hh`, as on AWS. Of model quality
AWS merges captures and labels by a job of its own before; here the container finds the labels at
`ground_truth_source` and merges them itself.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scones_localstack.sagemaker.monitoring.expression import HOUR
from scones_localstack.sagemaker.monitoring.jobs import MonitoringJob, MonitoringType
from scones_localstack.sagemaker.objects import S3Uri, parse_uri
from scones_localstack.sagemaker.processing.contract import PROCESSING

CONSTRAINTS_PATH = f"{PROCESSING}/baseline/constraints"
STATISTICS_PATH = f"{PROCESSING}/baseline/stats"
GROUND_TRUTH_PATH = f"{PROCESSING}/groundtruth"
_CAPTURES = json.dumps(
    {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
)
_ATTRIBUTES = {
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
    "ExcludeFeaturesAttribute": "exclude_features_attribute",
}

type Placed = Sequence[tuple[S3Uri, str]]
"""Prefixes in S3, and where they go, relative to a folder."""


@dataclass(frozen=True)
class Occasion:
    """One execution of a schedule; times in seconds since the epoch.

    Attributes:
        schedule: MonitoringScheduleName.
        schedule_arn: MonitoringScheduleArn.
        scheduled: ScheduledTime.
        begin, end: what it looks at.
    """

    schedule: str
    schedule_arn: str
    scheduled: float
    begin: float
    end: float


def processing_request(
    name: str, job: MonitoringJob, occasion: Occasion, captures: Placed, truth: Placed = ()
) -> dict[str, Any]:
    """Return the CreateProcessingJob request of an execution, and its MonitoringScheduleArn.

    Args:
        name: ProcessingJobName.
        job: what is to run.
        occasion: when, and over which span of time.
        captures: hours of captures.
        truth: hours of ground truth.
    """
    constraints, statistics = baseline_files(job)
    inputs = [
        *_baseline("baseline", statistics, STATISTICS_PATH),
        *_baseline("constraints", constraints, CONSTRAINTS_PATH),
        *_folders("groundtruth_input", truth, GROUND_TRUTH_PATH),
        *_folders("endpoint_input", captures, job.endpoint["LocalPath"]),
    ]
    application = ("ImageUri", "ContainerEntrypoint", "ContainerArguments")
    return {
        "ProcessingJobName": name,
        "MonitoringScheduleArn": occasion.schedule_arn,
        "AppSpecification": {
            member: job.application[member] for member in application if member in job.application
        },
        "Environment": _environment(job, occasion, constraints, statistics),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [_output(job, occasion)]},
        "ProcessingResources": dict(job.resources),
        "RoleArn": job.role_arn,
        **job.extras,
    }


def baseline_files(job: MonitoringJob) -> tuple[S3Uri | None, S3Uri | None]:
    """Return where constraints and statistics are; None for what there is none of."""
    found = (
        job.baseline.get(member, {}).get("S3Uri")
        for member in ("ConstraintsResource", "StatisticsResource")
    )
    constraints, statistics = (parse_uri(uri) if uri else None for uri in found)
    return constraints, statistics


def _environment(
    job: MonitoringJob, occasion: Occasion, constraints: S3Uri | None, statistics: S3Uri | None
) -> dict[str, str]:
    variables = {
        "publish_cloudwatch_metrics": "Enabled",
        **job.environment,
        "dataset_format": _CAPTURES,
        "dataset_source": job.endpoint["LocalPath"],
        "output_path": job.output["LocalPath"],
        "start_time": _time(occasion.begin),
        "end_time": _time(occasion.end),
        "metric_time": _time(occasion.begin),
        "sagemaker_endpoint_name": job.endpoint_name,
        "sagemaker_monitoring_schedule_name": occasion.schedule,
    }
    if constraints:
        variables["baseline_constraints"] = f"{CONSTRAINTS_PATH}/{_file(constraints)}"
    if statistics:
        variables["baseline_statistics"] = f"{STATISTICS_PATH}/{_file(statistics)}"
    if job.kind is MonitoringType.MODEL_QUALITY:
        variables["analysis_type"] = "MODEL_QUALITY"
        variables["problem_type"] = job.problem_type
        variables["ground_truth_source"] = GROUND_TRUTH_PATH
    for member, variable in _ATTRIBUTES.items():
        if member in job.endpoint:
            variables[variable] = str(job.endpoint[member])
    return variables


def _baseline(name: str, uri: S3Uri | None, path: str) -> Iterable[dict[str, Any]]:
    return [] if uri is None else [_input(name, uri, path)]


def _folders(name: str, placed: Placed, path: str) -> Iterable[dict[str, Any]]:
    return (
        _input(f"{name}_{number}", S3Uri(uri.bucket, f"{uri.key}/"), f"{path.rstrip('/')}/{below}")
        for number, (uri, below) in enumerate(placed, start=1)
    )


def _input(name: str, uri: S3Uri, path: str) -> dict[str, Any]:
    source = {
        "S3Uri": str(uri),
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def _output(job: MonitoringJob, occasion: Occasion) -> dict[str, Any]:
    """Return the output, in a folder for the hour as on AWS; NOW may have several in an hour."""
    whole = occasion.scheduled % HOUR == 0
    pattern = "%Y/%m/%d/%H" if whole else "%Y/%m/%d/%H/%M-%S"
    when = datetime.fromtimestamp(occasion.scheduled, UTC).strftime(pattern)
    place = parse_uri(job.output["S3Uri"]).below(f"{job.endpoint_name}/{occasion.schedule}/{when}")
    output = {
        "S3Uri": str(place),
        "LocalPath": job.output["LocalPath"],
        "S3UploadMode": job.output.get("S3UploadMode", "EndOfJob"),
    }
    return {"OutputName": "result", "AppManaged": False, "S3Output": output}


def _file(uri: S3Uri) -> str:
    return uri.key.rpartition("/")[2]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
