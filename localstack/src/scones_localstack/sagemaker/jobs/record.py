"""AWS's states of a job, as its record shows them.

InProgress ─▶ Completed, Failed
    └─▶ Stopping ─▶ Stopped, Failed
"""

from enum import Enum, StrEnum, auto

from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.store import Resource, now

FAILURE_REASON_CHARACTERS = 1024


class Status(StrEnum):
    """TransformJobStatus, ProcessingJobStatus, TrainingJobStatus."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


RUNNING = (Status.IN_PROGRESS, Status.STOPPING)


class StopCause(Enum):
    """Why a job is stopped before it has ended by itself."""

    REQUEST = auto()
    MAX_RUNTIME = auto()
    SHUTDOWN = auto()


def set_status(job: Resource, names: JobNames, status: Status) -> None:
    """Bring a job's record into a state."""
    job.status = status
    job.document[names.status] = str(status)


def finish(job: Resource, names: JobNames, status: Status, reason: str = "") -> None:
    """Bring a job's record into a final state.

    Args:
        job: the job.
        names: its family's.
        status: a final one.
        reason: FailureReason, of which AWS keeps the first 1,024 characters.
    """
    set_status(job, names, status)
    if reason:
        job.document["FailureReason"] = reason[:FAILURE_REASON_CHARACTERS]
    job.document[names.end] = now()
