"""Executions of Model Monitor's schedules, and what they found."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scones.errors import WorkflowError
from scones.monitor.baseline.store import VIOLATIONS, Store
from scones.project import Project

WAIT_SECONDS = 600.0
POLL_SECONDS = 0.5
_BUSY = ("Pending", "InProgress", "Stopping")


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution, and what it found, if it has ended."""

    status: str
    scheduled: datetime
    schedule: str
    reason: str
    job_name: str
    results: str
    violations: tuple[dict[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The execution, ready for JSON."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return document | {
            "scheduled": self.scheduled.isoformat(),
            "violations": list(self.violations),
        }


def await_execution(project: Project, name: str, since: datetime) -> Execution:
    """Wait for the end of the execution that was created since a moment.

    Raises:
        WorkflowError: It has not ended within WAIT_SECONDS.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for found in _summaries(project, MonitoringScheduleName=name):
            fresh = found["CreationTime"] >= since
            if fresh and found["MonitoringExecutionStatus"] not in _BUSY:
                return _execution(project, found)
        if time.monotonic() > deadline:
            raise WorkflowError(
                f"no execution of {name} has ended within {WAIT_SECONDS:.0f} s: "
                "`scones monitor schedule list` shows them"
            )
        time.sleep(POLL_SECONDS)


def of_endpoint(project: Project, endpoint: str) -> list[Execution]:
    """Return the executions of an endpoint's schedules, the newest first."""
    return [_execution(project, found) for found in _summaries(project, EndpointName=endpoint)]


def _summaries(project: Project, **asked: str) -> Iterator[dict[str, Any]]:
    pages = project.aws.client("sagemaker").get_paginator("list_monitoring_executions")
    for page in pages.paginate(**asked):
        yield from page["MonitoringExecutionSummaries"]


def _execution(project: Project, found: dict[str, Any]) -> Execution:
    """Return an execution with what it found."""
    status = found["MonitoringExecutionStatus"]
    job_name = found.get("ProcessingJobArn", "").rpartition("/")[2]
    reason, results, violations = found.get("FailureReason", ""), "", ()
    if job_name:
        sagemaker = project.aws.client("sagemaker")
        job = sagemaker.describe_processing_job(ProcessingJobName=job_name)
        results = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        if status == "Failed":
            reason = job.get("ExitMessage") or reason
        if status == "CompletedWithViolations":
            content = Store(results, project.aws.client("s3")).read(VIOLATIONS)
            violations = tuple(json.loads(content)["violations"]) if content else ()
    return Execution(
        status=status,
        scheduled=found["ScheduledTime"].astimezone(UTC),
        schedule=found["MonitoringScheduleName"],
        reason=reason,
        job_name=job_name,
        results=results,
        violations=violations,
    )
