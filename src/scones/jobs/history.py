"""Reads a project's training jobs, and which endpoint serves what they made, from SageMaker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import TrainingError


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training job.

    Attributes:
        name: The job's name.
        status: Such as Completed.
        created: When it was asked for.
        stages: Seconds by secondary status, in order: Starting, Downloading, Training, Uploading.
        hyperparameters: As given, all text.
        metrics: The final value of each metric, such as validation:accuracy.
        model_uri: The artifact; None where there is none.
        reason: Why it failed, where it did.
        image: URI of the image that trained; empty where an algorithm resource did.
        endpoints: Names of the endpoints that serve the artifact.
    """

    name: str
    status: str
    created: datetime
    stages: Mapping[str, float]
    hyperparameters: Mapping[str, str]
    metrics: Mapping[str, float]
    model_uri: str | None
    reason: str | None
    endpoints: Sequence[str] = field(default=())
    image: str = ""

    @property
    def seconds(self) -> float:
        """From the job's first stage to the end of its last."""
        return sum(self.stages.values())


def runs(aws: Aws, project: str, *, names: Sequence[str] = (), most: int = 10) -> list[TrainingRun]:
    """Return training jobs, the newest first.

    Args:
        aws: The session.
        project: Jobs whose names begin with it.
        names: These alone, in this order.
        most: How many at the most, where none is named.

    Raises:
        TrainingError: There is no job of one of the names.
    """
    served = _served(aws)
    chosen = list(names) or _newest(aws, project, most)
    return [_run(aws, name, served) for name in chosen]


def told_apart(runs: Sequence[TrainingRun]) -> list[str]:
    """Return the names of the hyperparameters in which the jobs differ."""
    names = {name for run in runs for name in run.hyperparameters}
    return sorted(n for n in names if len({run.hyperparameters.get(n) for run in runs}) > 1)


def _newest(aws: Aws, project: str, most: int) -> list[str]:
    pages = aws.client("sagemaker").get_paginator("list_training_jobs")
    found: list[str] = []
    for page in pages.paginate(NameContains=project, SortBy="CreationTime", SortOrder="Descending"):
        names = (job["TrainingJobName"] for job in page["TrainingJobSummaries"])
        found += [name for name in names if name.startswith(f"{project}-")]
        if len(found) >= most:
            break
    return found[:most]


def _run(aws: Aws, name: str, served: Mapping[str, Sequence[str]]) -> TrainingRun:
    try:
        job = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise TrainingError(f"no training job '{name}': {message}") from error
    model_uri = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    return TrainingRun(
        name=job["TrainingJobName"],
        status=job["TrainingJobStatus"],
        created=job["CreationTime"],
        stages=_stages(job),
        hyperparameters=job.get("HyperParameters", {}),
        metrics={m["MetricName"]: m["Value"] for m in job.get("FinalMetricDataList", [])},
        model_uri=model_uri,
        reason=job.get("FailureReason"),
        endpoints=served.get(model_uri, ()) if model_uri else (),
        image=job["AlgorithmSpecification"].get("TrainingImage", ""),
    )


def _stages(job: Mapping[str, Any]) -> dict[str, float]:
    """Add up the seconds of each stage that has ended."""
    found: dict[str, float] = {}
    for step in job.get("SecondaryStatusTransitions", []):
        if "EndTime" in step and step["EndTime"] > step["StartTime"]:
            spent = (step["EndTime"] - step["StartTime"]).total_seconds()
            found[step["Status"]] = found.get(step["Status"], 0.0) + spent
    return found


def _served(aws: Aws) -> dict[str, list[str]]:
    """Return the names of the endpoints that serve an artifact, by its URI."""
    sagemaker = aws.client("sagemaker")
    found: dict[str, list[str]] = {}
    for page in sagemaker.get_paginator("list_endpoints").paginate():
        for endpoint in page["Endpoints"]:
            for uri in _artifacts(sagemaker, endpoint["EndpointName"]):
                found.setdefault(uri, []).append(endpoint["EndpointName"])
    return found


def _artifacts(sagemaker: Any, endpoint: str) -> set[str]:
    """Return what an endpoint serves; nothing of one that goes away under one's eyes."""
    try:
        config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)
        models = {variant["ModelName"] for variant in variants["ProductionVariants"]}
        containers = [sagemaker.describe_model(ModelName=name) for name in models]
    except ClientError:
        return set()
    uris = (model.get("PrimaryContainer", {}).get("ModelDataUrl") for model in containers)
    return {uri for uri in uris if uri}
