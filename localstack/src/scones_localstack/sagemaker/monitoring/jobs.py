"""What a monitoring job is, whichever of the three ways it was asked for.

MonitoringJobDefinition          inline in a schedule: data quality
DataQualityJobDefinition         by name
ModelQualityJobDefinition        by name, with ground truth
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.monitoring.expression import offset
from scones_localstack.sagemaker.objects import S3Uri
from scones_localstack.sagemaker.processing.contract import PROCESSING, relative
from scones_localstack.sagemaker.requests import s3_uri

DEFAULT_MAX_RUNTIME_SECONDS = 3600


class MonitoringType(StrEnum):
    """What a monitoring job looks at."""

    DATA_QUALITY = "DataQuality"
    MODEL_QUALITY = "ModelQuality"


@dataclass(frozen=True)
class MonitoringJob:
    """A monitoring job, in AWS's own structures.

    Attributes:
        kind: what it looks at.
        endpoint: EndpointInput.
        application: ImageUri, ContainerEntrypoint, ContainerArguments.
        environment: variables that the request gives.
        output: S3Output of its one output.
        resources: MonitoringResources.
        role_arn: RoleArn.
        baseline: BaseliningJobName, ConstraintsResource, StatisticsResource, as far as given.
        ground_truth: prefix of the labels; None for data quality.
        problem_type: such as BinaryClassification; empty for data quality.
        extras: StoppingCondition and NetworkConfig, as far as given.
    """

    kind: MonitoringType
    endpoint: Mapping[str, Any]
    application: Mapping[str, Any]
    environment: Mapping[str, str]
    output: Mapping[str, Any]
    resources: Mapping[str, Any]
    role_arn: str
    baseline: Mapping[str, Any]
    ground_truth: S3Uri | None = None
    problem_type: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def endpoint_name(self) -> str:
        """Whose captures it looks at."""
        return str(self.endpoint["EndpointName"])


def of_inline(asked: Mapping[str, Any]) -> MonitoringJob:
    """Return the job of a MonitoringJobDefinition.

    Raises:
        ValidationException: it contradicts itself, or asks for what is not there.
    """
    [source] = asked["MonitoringInputs"]
    return _checked(
        MonitoringJob(
            kind=MonitoringType.DATA_QUALITY,
            endpoint=_endpoint(source, "MonitoringInputs"),
            application=asked["MonitoringAppSpecification"],
            environment=asked.get("Environment", {}),
            output=asked["MonitoringOutputConfig"]["MonitoringOutputs"][0]["S3Output"],
            resources=asked["MonitoringResources"],
            role_arn=asked["RoleArn"],
            baseline=asked.get("BaselineConfig", {}),
            extras=_extras(asked),
        )
    )


def of_definition(kind: MonitoringType, asked: Mapping[str, Any]) -> MonitoringJob:
    """Return the job of a DataQuality- or ModelQualityJobDefinition, or of a request for one.

    Raises:
        ValidationException: it contradicts itself, or asks for what is not there.
    """
    application = asked[f"{kind}AppSpecification"]
    source = asked[f"{kind}JobInput"]
    truth = source.get("GroundTruthS3Input")
    if truth is not None and "S3Uri" not in truth:
        raise ValidationException(f"{kind}JobInput.GroundTruthS3Input.S3Uri is missing.")
    if kind is MonitoringType.MODEL_QUALITY and not application.get("ProblemType"):
        raise ValidationException(f"{kind}AppSpecification.ProblemType is missing.")
    return _checked(
        MonitoringJob(
            kind=kind,
            endpoint=_endpoint(source, f"{kind}JobInput"),
            application=application,
            environment=application.get("Environment", {}),
            output=asked[f"{kind}JobOutputConfig"]["MonitoringOutputs"][0]["S3Output"],
            resources=asked["JobResources"],
            role_arn=asked["RoleArn"],
            baseline=asked.get(f"{kind}BaselineConfig", {}),
            ground_truth=s3_uri(truth["S3Uri"], "GroundTruthS3Input.S3Uri") if truth else None,
            problem_type=application.get("ProblemType", ""),
            extras=_extras(asked),
        )
    )


def _endpoint(source: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    endpoint: Mapping[str, Any] | None = source.get("EndpointInput")
    if endpoint is None:
        raise ValidationException(f"{where}.EndpointInput is missing.")
    return endpoint


def _extras(asked: Mapping[str, Any]) -> dict[str, Any]:
    condition = {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS}
    extras = {"StoppingCondition": asked.get("StoppingCondition", condition)}
    if "NetworkConfig" in asked:
        extras["NetworkConfig"] = asked["NetworkConfig"]
    return extras


def _checked(job: MonitoringJob) -> MonitoringJob:
    for member in ("StartTimeOffset", "EndTimeOffset"):
        if member in job.endpoint:
            offset(job.endpoint[member], f"EndpointInput.{member}")
    if job.endpoint.get("S3InputMode", "File") != "File":
        raise ValidationException(
            "EndpointInput.S3InputMode Pipe is not supported by this service yet: use File."
        )
    if job.resources["ClusterConfig"]["InstanceCount"] > 1:
        raise ValidationException(
            "ClusterConfig.InstanceCount above 1 is not supported by this service yet: use 1."
        )
    s3_uri(job.output["S3Uri"], "S3Output.S3Uri")
    for member, place in (("EndpointInput", job.endpoint), ("S3Output", job.output)):
        if relative(place["LocalPath"]) is None:
            raise ValidationException(
                f"{member}.LocalPath {place['LocalPath']} must begin with {PROCESSING}/."
            )
    for member in ("ConstraintsResource", "StatisticsResource"):
        uri = job.baseline.get(member, {}).get("S3Uri")
        if uri:
            s3_uri(uri, f"{member}.S3Uri")
    return job
