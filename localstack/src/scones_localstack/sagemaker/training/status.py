"""AWS's states of a training job, and SecondaryStatusTransitions kept in step with them."""

from enum import StrEnum

from scones_localstack.sagemaker.jobs.record import FAILURE_REASON_CHARACTERS, Status
from scones_localstack.sagemaker.store import Resource, now


class Secondary(StrEnum):
    """SecondaryStatus."""

    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    COMPLETED = "Completed"
    FAILED = "Failed"


MESSAGES = {
    Secondary.STARTING: "Starting the training job",
    Secondary.DOWNLOADING: "Downloading input data",
    Secondary.TRAINING: "Training image download completed. Training in progress.",
    Secondary.UPLOADING: "Uploading generated training model",
    Secondary.STOPPING: "Stopping the training job",
    Secondary.STOPPED: "Training job stopped",
    Secondary.MAX_RUNTIME_EXCEEDED: "Training job runtime exceeded MaxRuntimeInSeconds provided",
    Secondary.COMPLETED: "Training job completed",
    Secondary.FAILED: "Training job failed",
}

FINAL = {
    Secondary.COMPLETED: Status.COMPLETED,
    Secondary.FAILED: Status.FAILED,
    Secondary.STOPPED: Status.STOPPED,
    Secondary.MAX_RUNTIME_EXCEEDED: Status.STOPPED,
}


def move(job: Resource, secondary: Secondary) -> None:
    """Bring a job into a state: end the present transition, begin the next.

    A job that is being stopped stays `Stopping` until a final state, as AWS shows it.
    """
    moment = now()
    transitions = job.document.setdefault("SecondaryStatusTransitions", [])
    if transitions:
        transitions[-1].setdefault("EndTime", moment)
    transition = {
        "Status": str(secondary),
        "StartTime": moment,
        "StatusMessage": MESSAGES[secondary],
    }
    if secondary in FINAL:
        transition["EndTime"] = moment
        job.status = FINAL[secondary]
    elif secondary is Secondary.STOPPING:
        job.status = Status.STOPPING
    elif job.status != Status.STOPPING:
        job.status = Status.IN_PROGRESS
    transitions.append(transition)
    job.document["TrainingJobStatus"] = str(job.status)
    job.document["SecondaryStatus"] = str(secondary)


def finish(job: Resource, secondary: Secondary, reason: str = "") -> None:
    """Bring a job into a final state and reckon its times.

    Args:
        job: the job.
        secondary: a final state.
        reason: FailureReason, of which AWS keeps the first 1,024 characters.
    """
    move(job, secondary)
    document = job.document
    if reason:
        document["FailureReason"] = reason[:FAILURE_REASON_CHARACTERS]
    document["TrainingEndTime"] = document["SecondaryStatusTransitions"][-1]["EndTime"]
    if "TrainingStartTime" in document:
        seconds = round(document["TrainingEndTime"] - document["TrainingStartTime"])
        document["TrainingTimeInSeconds"] = document["BillableTimeInSeconds"] = max(1, seconds)
