"""What is done about findings: images are set aside for labelling, and a model is trained anew.

The state machine that trains and deploys is started once for the same baseline, training images
and hyperparameters. People label what was set aside; once it is staged, training is worth another
start.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from scones.errors import UsageError
from scones.etl.dataset import Dataset
from scones.monitor.baseline import Baseline, Compared
from scones.monitor.labelling import SetAside, set_aside
from scones.project import Project
from scones.steps.model import hyperparameters_of, retraining_request
from scones.steps.monitoring import Source
from scones.workflow.executions import start_execution

LABELLING_PREFIX = "labelling"
LEAST_ACCURACY = 0.8


class OnViolation(StrEnum):
    """What is to be done about findings."""

    RETRAIN = "retrain"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What was done.

    Attributes:
        set_aside: The images for labelling.
        execution_arn: The execution that trains, or that keeps another from being started.
        started: Whether it was started just now.
        status: The execution's.
        reason: Why none was started, if none was.
    """

    set_aside: SetAside
    execution_arn: str
    started: bool
    status: str
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {
            "set_aside": self.set_aside.as_json(),
            "execution": self.execution_arn,
            "started": self.started,
            "status": self.status,
            "reason": self.reason,
        }


def check_reaction(project: Project, source: Source) -> Dataset:
    """Make sure, before anything is read, that a model can be trained.

    Raises:
        UsageError: The captures are of another endpoint than the one that would be retrained.
        DataError: No images are staged.
    """
    own = project.settings.endpoint_name
    if source.folder is None and source.endpoint(project) != own:
        raise UsageError(
            f"--on-violation retrain trains a model for '{own}', not for "
            f"'{source.endpoint(project)}': leave out --endpoint"
        )
    return project.dataset()


def retrain_for(
    project: Project, source: Source, compared: Compared, *, least_accuracy: float = LEAST_ACCURACY
) -> Reaction:
    """Set the low-confidence images aside, and start the state machine that trains and deploys.

    It is not waited for. It is started once for the same baseline, training images and
    hyperparameters: the same training again would give the same model.

    Args:
        project: The project.
        source: The captures in which something was found.
        compared: What was found.
        least_accuracy: On the validation images; a model below it is not deployed.

    Raises:
        UsageError: The captures are of another endpoint.
        DataError: No images are staged, captures cannot be read, or S3 refuses.
        WorkflowError: The state machine is not there, or refuses.
    """
    dataset = check_reaction(project, source)
    aside = set_aside(
        project.aws.client("s3"),
        source.open(project),
        project.outputs.data_bucket,
        f"{LABELLING_PREFIX}/{project.settings.endpoint_name}",
        classes=project.classes,
        threshold=project.settings.threshold,
        time=datetime.now(UTC),
        reporter=project.reporter,
    )
    name = retraining_name(project, dataset, compared.baseline)
    machine = project.outputs.train_state_machine_arn
    hindrance = _same(project, machine, name) or _running(project, machine)
    if hindrance is not None:
        arn, status, reason = hindrance
        return Reaction(aside, arn, started=False, status=status, reason=reason)
    request = retraining_request(project, dataset, name, least_accuracy)
    arn = start_execution(project.aws, machine, name, request.document)
    return Reaction(aside, arn, started=True, status="RUNNING")


def retraining_name(project: Project, dataset: Dataset, baseline: Baseline) -> str:
    """Name of the execution and its training job: the same for what would train the same."""
    about = [
        project.settings.endpoint_name,
        baseline.statistics.as_json(),
        baseline.constraints.as_json(),
        dataset.fingerprint,
        hyperparameters_of(project, dataset),
        project.training_image,
    ]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()
    return f"{project.settings.project}-drift-{digest[:12]}"


def _same(project: Project, machine_arn: str, name: str) -> tuple[str, str, str] | None:
    """The execution of this name, or its training job where the execution is forgotten."""
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    reason = "these images were trained on for this baseline before"
    try:
        found = project.aws.client("stepfunctions").describe_execution(executionArn=arn)
        return arn, str(found["status"]), reason
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
    try:
        job = project.aws.client("sagemaker").describe_training_job(TrainingJobName=name)
        return arn, str(job["TrainingJobStatus"]), reason
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
    return None


def _running(project: Project, machine_arn: str) -> tuple[str, str, str] | None:
    """An execution that runs already, whatever started it: two would deploy over each other."""
    found = project.aws.client("stepfunctions").list_executions(
        stateMachineArn=machine_arn, statusFilter="RUNNING", maxResults=1
    )["executions"]
    if not found:
        return None
    return found[0]["executionArn"], "RUNNING", "another training runs: run this again after it"
