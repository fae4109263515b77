"""The executions' records, kept in step with their processing jobs.

    Pending ─▶ InProgress ─▶ Completed, CompletedWithViolations, Failed
       │            └─▶ Stopping ─▶ Stopped
       └─▶ Failed: nothing was captured, or the job cannot be created

What a container leaves in /opt/ml/output/message tells whether there were violations: it begins
with the word CompletedWithViolations, as that of AWS's own container does.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from scones_localstack.sagemaker.arns import PROCESSING_JOB
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.jobs.record import FAILURE_REASON_CHARACTERS
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.store import Listing, Resource, Store

KIND = "monitoring-execution"

_FILTERS = {
    "MonitoringScheduleName": ("MonitoringScheduleName", "="),
    "EndpointName": ("EndpointName", "="),
    "MonitoringJobDefinitionName": ("MonitoringJobDefinitionName", "="),
    "MonitoringTypeEquals": ("MonitoringType", "="),
    "ScheduledTimeAfter": ("ScheduledTime", ">"),
    "ScheduledTimeBefore": ("ScheduledTime", "<"),
}
_WORDS = {"DataQuality": "data-quality", "ModelQuality": "model-quality"}


class ExecutionStatus(StrEnum):
    """MonitoringExecutionStatus."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    WITH_VIOLATIONS = "CompletedWithViolations"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


UNDER_WAY = (ExecutionStatus.PENDING, ExecutionStatus.IN_PROGRESS, ExecutionStatus.STOPPING)


class Executions:
    """All executions that there have been; those of a schedule that is deleted stay."""

    def __init__(self, store: Store) -> None:
        """Follow the processing jobs of this store from now on."""
        self._store = store
        store.watch(self._follow)

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {"ListMonitoringExecutions": self.list}

    async def list(self, call: Call) -> Document:
        """Return summaries of executions, the newest first."""
        asked = call.parameters
        members = [
            (member, operator, asked[name])
            for name, (member, operator) in _FILTERS.items()
            if name in asked
        ]
        summaries = "MonitoringExecutionSummaries"
        return page(self._store, call, KIND, summaries, summary, members=members)

    def add(self, schedule: Resource, scheduled: float) -> Resource:
        """Keep a new execution of a schedule; its name is that of its processing job."""
        config = schedule.document["MonitoringScheduleConfig"]
        definition = config.get("MonitoringJobDefinitionName")
        kind = schedule.document["MonitoringType"]
        when = datetime.fromtimestamp(scheduled, UTC)
        word = _WORDS[kind] if definition else "model"
        document = {
            "MonitoringScheduleName": schedule.name,
            "ScheduledTime": scheduled,
            "EndpointName": schedule.document["EndpointName"],
            "MonitoringType": kind,
            "MonitoringExecutionStatus": str(ExecutionStatus.PENDING),
        }
        if definition:
            document["MonitoringJobDefinitionName"] = definition
        name = f"{word}-monitoring-{when:%Y%m%d%H%M}-{uuid.uuid4().hex[:24]}"
        execution = Resource(KIND, schedule.region, name, document, status=ExecutionStatus.PENDING)
        self._store.add(execution)
        return execution

    def fail(self, execution: Resource, reason: str) -> None:
        """Tell that an execution cannot be made."""
        self._set(execution, ExecutionStatus.FAILED, reason)

    def last(self, schedule: Resource) -> Resource | None:
        """Return the newest execution of a schedule; None if there is none."""
        listing = Listing(descending=True, limit=1, members=(_of(schedule),))
        found = self._store.select(KIND, schedule.region, listing)
        return found[0] if found else None

    def under_way(self, schedule: Resource) -> Sequence[Resource]:
        """Return the executions of a schedule that have not ended."""
        return [
            execution
            for status in UNDER_WAY
            for execution in self._store.select(
                KIND, schedule.region, Listing(status=status, limit=-1, members=(_of(schedule),))
            )
        ]

    def pending(self) -> Sequence[Resource]:
        """Return the executions that an earlier service has not come to."""
        return [each for each in self._store.every(KIND) if each.status == ExecutionStatus.PENDING]

    def _follow(self, job: Resource) -> None:
        """Bring an execution into the state of its processing job."""
        if job.kind != PROCESSING_JOB or "MonitoringScheduleArn" not in job.document:
            return
        execution = self._store.find(KIND, job.region, job.name)
        if execution is None:
            return
        execution.document["ProcessingJobArn"] = job.document["ProcessingJobArn"]
        status = ExecutionStatus(job.status)
        message = job.document.get("ExitMessage", "")
        if status is ExecutionStatus.COMPLETED and message.startswith(
            ExecutionStatus.WITH_VIOLATIONS
        ):
            status = ExecutionStatus.WITH_VIOLATIONS
        self._set(execution, status, job.document.get("FailureReason", ""))

    def _set(self, execution: Resource, status: ExecutionStatus, reason: str) -> None:
        execution.status = status
        execution.document["MonitoringExecutionStatus"] = str(status)
        if reason:
            execution.document["FailureReason"] = reason[:FAILURE_REASON_CHARACTERS]
        self._store.save(execution)


def _of(schedule: Resource) -> tuple[str, str, str | float]:
    return "MonitoringScheduleName", "=", schedule.name


def summary(execution: Resource) -> Document:
    """Return an execution as ListMonitoringExecutions shows it."""
    return execution.document | {
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
    }
