"""Model Monitor's schedules of the project's endpoint: checks by the clock, or at once.

A schedule runs a job definition, which cannot be changed: an update makes a new one and removes
the old. Its name is `<endpoint>-<kind>`, so one endpoint has one schedule of each kind.
"""

import json
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scones.errors import DataError, UsageError
from scones.monitor.analyzer.job import CLASSES_ENV, THRESHOLD_ENV, TOPIC_ENV
from scones.monitor.baseline.store import CONSTRAINTS, STATISTICS
from scones.project import Project
from scones.steps.monitoring import MONITORING_PREFIX, Source, baseline_place, find_baseline
from scones.tags import as_list
from scones.training_request import volume_key

HOURLY = "cron(0 * ? * * *)"
NOW = "NOW"
IMAGE = "scones/monitor-analyzer"
PROGRAM = "scones-monitor-analyzer"
_NAME_MAX = 63
_INPUT = "/opt/ml/processing/input/endpoint"
_OUTPUT = "/opt/ml/processing/output"


class Kind(StrEnum):
    """What a schedule checks."""

    DATA = "data-quality"
    MODEL = "model-quality"

    @property
    def word(self) -> str:
        """The kind in SageMaker's API."""
        return {Kind.DATA: "DataQuality", Kind.MODEL: "ModelQuality"}[self]

    @property
    def operation(self) -> str:
        """The kind in the names of boto3's methods."""
        return f"{self.value.replace('-', '_')}_job_definition"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule is to do.

    Attributes:
        endpoint: Name of the endpoint.
        kind: What it checks.
        expression: When: one of SageMaker's cron expressions, or NOW.
        hours: How far back NOW looks.
        baseline: Where statistics.json and constraints.json are: an S3 URI.
        ground_truth: Prefix of the labels in S3, by hour; for model quality.
        image: The analyzer's image.
    """

    endpoint: str
    kind: Kind = Kind.DATA
    expression: str = HOURLY
    hours: int = 1
    baseline: str | None = None
    ground_truth: str | None = None
    image: str | None = None

    @property
    def name(self) -> str:
        """The schedule's name."""
        return schedule_name(self.endpoint, self.kind)


def schedule_name(endpoint: str, kind: Kind) -> str:
    """Return the name of an endpoint's schedule."""
    return f"{endpoint[: _NAME_MAX - len(kind) - 1].rstrip('-')}-{kind}"


def put_schedule(project: Project, plan: Plan) -> str:
    """Create the schedule, or change the one there is; one that was stopped goes on.

    Returns:
        Its name.

    Raises:
        UsageError: An option is missing.
        DataError: There is no baseline.
    """
    sagemaker = project.aws.client("sagemaker")
    request = _definition(project, plan)
    name = request["JobDefinitionName"]
    getattr(sagemaker, f"create_{plan.kind.operation}")(**request)
    config = {
        "ScheduleConfig": _times(plan),
        "MonitoringJobDefinitionName": name,
        "MonitoringType": plan.kind.word,
    }
    asked = {"MonitoringScheduleName": plan.name, "MonitoringScheduleConfig": config}
    former = None
    try:
        sagemaker.create_monitoring_schedule(**asked, Tags=as_list(project.tags))
    except sagemaker.exceptions.ResourceInUse:
        former = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=plan.name)
        sagemaker.update_monitoring_schedule(**asked)
        if former["MonitoringScheduleStatus"] == "Stopped":
            sagemaker.start_monitoring_schedule(MonitoringScheduleName=plan.name)
    except BaseException:
        getattr(sagemaker, f"delete_{plan.kind.operation}")(JobDefinitionName=name)
        raise
    if former is not None:
        old = former["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"]
        getattr(sagemaker, f"delete_{plan.kind.operation}")(JobDefinitionName=old)
    return plan.name


def statuses(project: Project, endpoint: str) -> dict[str, str]:
    """Return the status of each of an endpoint's schedules by name."""
    pages = project.aws.client("sagemaker").get_paginator("list_monitoring_schedules")
    return {
        found["MonitoringScheduleName"]: found["MonitoringScheduleStatus"]
        for page in pages.paginate(EndpointName=endpoint)
        for found in page["MonitoringScheduleSummaries"]
    }


def start(project: Project, name: str) -> None:
    """Put a schedule that was stopped onto the timetable again."""
    project.aws.client("sagemaker").start_monitoring_schedule(MonitoringScheduleName=name)


def stop(project: Project, name: str) -> None:
    """Take a schedule off the timetable."""
    project.aws.client("sagemaker").stop_monitoring_schedule(MonitoringScheduleName=name)


def delete(project: Project, name: str, kind: Kind) -> None:
    """Remove a schedule and its job definition; the results stay in S3."""
    sagemaker = project.aws.client("sagemaker")
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    definition = found["MonitoringScheduleConfig"].get("MonitoringJobDefinitionName")
    if definition:
        getattr(sagemaker, f"delete_{kind.operation}")(JobDefinitionName=definition)


def _times(plan: Plan) -> dict[str, str]:
    if plan.expression != NOW:
        return {"ScheduleExpression": plan.expression}
    return {
        "ScheduleExpression": NOW,
        "DataAnalysisStartTime": f"-PT{plan.hours}H",
        "DataAnalysisEndTime": "-PT0H",
    }


def _definition(project: Project, plan: Plan) -> dict[str, Any]:
    """Return the request for a job definition."""
    word, target = plan.kind.word, project.settings.target
    place = f"s3://{project.outputs.data_bucket}/{MONITORING_PREFIX}/schedules"
    output = {"S3Uri": place, "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"}
    source: dict[str, Any] = {"EndpointInput": {"EndpointName": plan.endpoint, "LocalPath": _INPUT}}
    application = _application(project, plan)
    if plan.kind is Kind.MODEL:
        if plan.ground_truth is None:
            raise UsageError("model quality needs labels: give --ground-truth s3://BUCKET/PREFIX")
        source["GroundTruthS3Input"] = {"S3Uri": plan.ground_truth}
        two = len(project.classes) == 2
        problem = "BinaryClassification" if two else "MulticlassClassification"
        application["ProblemType"] = problem
    cluster = {
        "InstanceCount": 1,
        "InstanceType": target.endpoint_instance_type,
        "VolumeSizeInGB": 20,
        **volume_key(target.endpoint_instance_type, target.kms_key_arn),
    }
    key = {"KmsKeyId": target.kms_key_arn} if target.kms_key_arn else {}
    request = {
        "JobDefinitionName": f"{plan.name[: _NAME_MAX - 9].rstrip('-')}-{uuid.uuid4().hex[:8]}",
        f"{word}AppSpecification": application,
        f"{word}JobInput": source,
        f"{word}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}], **key},
        "JobResources": {"ClusterConfig": cluster},
        "RoleArn": project.outputs.sagemaker_role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "Tags": as_list(project.tags),
    }
    if target.vpc_config:
        request["NetworkConfig"] = {"VpcConfig": target.vpc_config}
    if baseline := _baseline(project, plan):
        request[f"{word}BaselineConfig"] = baseline
    return request


def _application(project: Project, plan: Plan) -> dict[str, Any]:
    if plan.image is None and not project.settings.target.emulated:
        raise UsageError(
            "name the analyzer's image with --image: push scones/tools to ECR (AWS's own analyzer "
            "reads tables, not photos)"
        )
    application: dict[str, Any] = {
        "ImageUri": plan.image or IMAGE,
        "Environment": {
            "publish_cloudwatch_metrics": "Enabled",
            CLASSES_ENV: json.dumps(list(project.classes)),
            THRESHOLD_ENV: str(project.settings.threshold),
            TOPIC_ENV: project.outputs.topic_arn,
        },
    }
    if plan.image is not None:
        application["ContainerEntrypoint"] = [PROGRAM]
    return application


def _baseline(project: Project, plan: Plan) -> dict[str, Any]:
    """Return the definition's baseline; model quality may do without, and then suggests one."""
    if plan.baseline is not None and not plan.baseline.startswith("s3://"):
        raise UsageError(f"a schedule's baseline is in S3, not in {plan.baseline}")
    if plan.kind is Kind.MODEL:
        if plan.baseline is None:
            return {}
        return {"ConstraintsResource": {"S3Uri": f"{plan.baseline.rstrip('/')}/{CONSTRAINTS}"}}
    source = Source(endpoint_name=plan.endpoint)
    place = (plan.baseline or baseline_place(project, source)).rstrip("/")
    if find_baseline(project, source, plan.baseline) is None:
        raise DataError(f"there is no baseline in {place}: run `scones monitor baseline` first")
    return {
        "ConstraintsResource": {"S3Uri": f"{place}/{CONSTRAINTS}"},
        "StatisticsResource": {"S3Uri": f"{place}/{STATISTICS}"},
    }
