"""What a project leaves outside its stack: endpoints, models, jobs under way and logs.

Names tell what belongs to a project: they start with `{project}-`. Where another project's name
starts so too ("scones" and "scones-berlin"), the longer name wins.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.deploy.settings import DeploySettings
from scones.errors import DeployError
from scones.progress import SILENT, Reporter

TRAINING_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
PROCESSING_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
TRANSFORM_LOG_GROUP = "/aws/sagemaker/TransformJobs"
LOG_GROUP_PREFIXES = ("/aws/lambda/", "/aws/sagemaker/Endpoints/")
DEADLINE_SECONDS = 600.0
FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 2.0

_GONE = {
    "NoSuchEntity",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NotFound",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",  # SageMaker's, also for what cannot be deleted yet
}
_STACK_SUFFIX = "-core"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Decides by its name whether something belongs to a project."""

    project: str
    longer_projects: tuple[str, ...] = ()

    def __call__(self, name: str) -> bool:
        """Return whether a thing of this name is the project's."""
        others = (f"{project}-" for project in self.longer_projects)
        return name.startswith(f"{self.project}-") and not name.startswith(tuple(others))


def ownership(aws: Aws, settings: DeploySettings) -> Ownership:
    """Return the rule, after looking which other projects are deployed."""
    pages = aws.client("cloudformation").get_paginator("list_stacks").paginate()
    names = (
        summary["StackName"].removesuffix(_STACK_SUFFIX)
        for page in pages
        for summary in page["StackSummaries"]
        if summary["StackName"].endswith(_STACK_SUFFIX)
        and summary["StackStatus"] != "DELETE_COMPLETE"  # AWS lists those for 90 days
    )
    longer = {name for name in names if name.startswith(f"{settings.project}-")}
    return Ownership(settings.project, tuple(sorted(longer)))


@dataclass(frozen=True, slots=True)
class Remainder:
    """One thing outside the stack.

    Attributes:
        label: What it is and its name, for a person.
        remove: Removes it; does nothing where it has gone by itself.
    """

    label: str
    remove: Callable[[], None]


def hosting(aws: Aws, is_ours: Ownership) -> Iterator[Remainder]:
    """Yield endpoints, then their configurations, then models and model cards."""
    sagemaker = aws.client("sagemaker")
    for kind, listed, field, parameter in (
        ("endpoint", "list_endpoints", "Endpoints", "EndpointName"),
        (
            "endpoint configuration",
            "list_endpoint_configs",
            "EndpointConfigs",
            "EndpointConfigName",
        ),
        ("model", "list_models", "Models", "ModelName"),
        ("model card", "list_model_cards", "ModelCardSummaries", "ModelCardName"),
    ):
        delete = getattr(sagemaker, f"delete_{listed.removeprefix('list_').removesuffix('s')}")
        pages = sagemaker.get_paginator(listed).paginate(NameContains=is_ours.project)
        for name in [entry[parameter] for page in pages for entry in page[field]]:
            if is_ours(name):
                yield Remainder(
                    f"{kind} {name}", partial(delete_if_there, delete, **{parameter: name})
                )


def monitoring(aws: Aws, is_ours: Ownership) -> Iterator[Remainder]:
    """Yield monitoring schedules, then their job definitions."""
    sagemaker = aws.client("sagemaker")
    schedules = sagemaker.get_paginator("list_monitoring_schedules").paginate(
        NameContains=is_ours.project
    )
    for found in [each for page in schedules for each in page["MonitoringScheduleSummaries"]]:
        if is_ours(name := found["MonitoringScheduleName"]):
            delete = sagemaker.delete_monitoring_schedule
            yield Remainder(
                f"monitoring schedule {name}",
                partial(delete_if_there, delete, MonitoringScheduleName=name),
            )
    for kind in ("data_quality", "model_quality"):
        pages = sagemaker.get_paginator(f"list_{kind}_job_definitions").paginate(
            NameContains=is_ours.project
        )
        delete = getattr(sagemaker, f"delete_{kind}_job_definition")
        for found in [each for page in pages for each in page["JobDefinitionSummaries"]]:
            if is_ours(name := found["MonitoringJobDefinitionName"]):
                yield Remainder(
                    f"job definition {name}",
                    partial(delete_if_there, delete, JobDefinitionName=name),
                )


def jobs(aws: Aws, is_ours: Ownership) -> Iterator[Remainder]:
    """Yield training and transform jobs under way; AWS keeps those that have ended."""
    sagemaker = aws.client("sagemaker")
    for kind in ("Training", "Transform"):
        pages = sagemaker.get_paginator(f"list_{kind.lower()}_jobs")
        stop = getattr(sagemaker, f"stop_{kind.lower()}_job")
        for status in ("InProgress", "Stopping"):
            found = pages.paginate(NameContains=is_ours.project, StatusEquals=status)
            for job in [job for page in found for job in page[f"{kind}JobSummaries"]]:
                name = job[f"{kind}JobName"]
                if is_ours(name):
                    yield Remainder(
                        f"{kind.lower()} job {name}",
                        partial(delete_if_there, stop, **{f"{kind}JobName": name}),
                    )


def logs(aws: Aws, is_ours: Ownership) -> Iterator[Remainder]:
    """Yield log groups of functions and endpoints, and log streams of jobs."""
    client = aws.client("logs")
    for prefix in LOG_GROUP_PREFIXES:
        pages = client.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=f"{prefix}{is_ours.project}-"
        )
        for group in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
            if is_ours(group.removeprefix(prefix)):
                yield Remainder(
                    f"log group {group}",
                    partial(delete_if_there, client.delete_log_group, logGroupName=group),
                )
    streams = [
        *(
            (group, stream)
            for group in (TRAINING_LOG_GROUP, TRANSFORM_LOG_GROUP)
            for stream in _streams(client, group, f"{is_ours.project}-")
            if is_ours(stream)
        ),
        *((PROCESSING_LOG_GROUP, stream) for stream in _monitoring_streams(aws, is_ours)),
    ]
    for group, stream in streams:
        yield Remainder(
            f"log stream {group}/{stream}",
            partial(
                delete_if_there,
                client.delete_log_stream,
                logGroupName=group,
                logStreamName=stream,
            ),
        )


def remove_all(
    find: Callable[[], Iterator[Remainder]], *, reporter: Reporter = SILENT
) -> list[str]:
    """Remove what is found until nothing more is found; return the labels.

    An endpoint that is being created cannot be deleted yet, and a job takes time to stop, so each
    is told again until it has gone.

    Raises:
        DeployError: Something is still there after DEADLINE_SECONDS.
    """
    removed: dict[str, None] = {}
    deadline = time.monotonic() + DEADLINE_SECONDS
    interval = FIRST_POLL_SECONDS
    while found := list(find()):
        if time.monotonic() > deadline:
            left = ", ".join(remainder.label for remainder in found)
            raise DeployError(
                f"still there after {DEADLINE_SECONDS:.0f} s: {left}: run `scones destroy` again"
            )
        for remainder in found:
            if remainder.label not in removed:
                reporter.note(f"removing {remainder.label}")
                removed[remainder.label] = None
            remainder.remove()
        time.sleep(interval)
        interval = min(2 * interval, LONGEST_POLL_SECONDS)
    return list(removed)


def _monitoring_streams(aws: Aws, is_ours: Ownership) -> list[str]:
    """Return the streams of the jobs that the project's schedules have started."""
    pages = aws.client("sagemaker").get_paginator("list_monitoring_executions").paginate()
    jobs = {
        found["ProcessingJobArn"].rpartition("/")[2]
        for page in pages
        for found in page["MonitoringExecutionSummaries"]
        if "ProcessingJobArn" in found and is_ours(found["MonitoringScheduleName"])
    }
    if not jobs:
        return []
    names = (
        name
        for prefix in ("data-quality-monitoring-", "model-quality-monitoring-")
        for name in _streams(aws.client("logs"), PROCESSING_LOG_GROUP, prefix)
    )
    return [name for name in names if name.partition("/")[0] in jobs]


def _streams(client: Any, group: str, prefix: str) -> list[str]:
    try:
        pages = client.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=prefix
        )
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise


def delete_if_there(call: Callable[..., Any], **name: str | int) -> None:
    """Call a delete or stop operation; something that is no longer there is as good."""
    try:
        call(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
