"""Retrain: the state machine trains a model and puts it into service if it is accurate enough.

The work is done by `asl/train_and_deploy.asl.json`, which needs nobody who waits: an interrupted
command leaves it running, and the next one picks it up.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import ClientError

from scones import hosting, training
from scones.aws import Aws
from scones.errors import TrainingError, WorkflowError
from scones.progress import SILENT, Reporter
from scones.tags import as_list
from scones.training_request import TrainingRequest, parameters
from scones.workflow.executions import start_execution, wait_for_end

DEPLOY_SECONDS = 1800.0
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class RetrainingRequest:
    """What the state machine is told.

    Attributes:
        state_machine_arn: The state machine.
        training: The job; its name is the model's and the endpoint configuration's too.
        instance_type: Of the endpoint, such as ml.m5.large.
        instances: Of the endpoint, at first.
        capture_uri: S3 prefix for the endpoint's data capture.
        least_accuracy: On the validation images, 0 to 1; a model below it is not deployed.
    """

    state_machine_arn: str
    training: TrainingRequest
    instance_type: str
    capture_uri: str
    least_accuracy: float
    instances: int = 1

    @property
    def document(self) -> dict[str, Any]:
        """The execution's input."""
        return {
            "name": self.training.job_name,
            "tags": as_list(self.training.tags),
            "training": parameters(self.training),
            "endpoint": {
                "instance_type": self.instance_type,
                "instances": self.instances,
                "data_capture": hosting.data_capture(self.capture_uri, self.training.kms_key_arn),
            },
            "least_accuracy": self.least_accuracy,
        }


@dataclass(frozen=True)
class UnderWay:
    """An execution that runs.

    Attributes:
        arn: Its own.
        job_name: Of its training job.
        least_accuracy: What it was told.
    """

    arn: str
    job_name: str
    least_accuracy: float

    @classmethod
    def read(cls, arn: str, document: Mapping[str, Any]) -> Self:
        """Read it from its input."""
        return cls(arn, document["name"], float(document["least_accuracy"]))


@dataclass(frozen=True)
class Retraining:
    """What became of it.

    Attributes:
        deployed: Whether the model is in service now.
        job_name: The training job.
        accuracy: On the validation images.
        least_accuracy: What it had to reach.
        model_uri: The artifact.
        endpoint_name: The endpoint that serves it, or that is as it was.
        execution_arn: The execution.
    """

    deployed: bool
    job_name: str
    accuracy: float
    least_accuracy: float
    model_uri: str
    endpoint_name: str
    execution_arn: str


def running(aws: Aws, state_machine_arn: str) -> UnderWay | None:
    """Return the execution that runs, if there is one.

    Raises:
        WorkflowError: There is no such state machine.
    """
    states = aws.client("stepfunctions")
    try:
        found = states.list_executions(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
    except ClientError as error:
        if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
            raise
        raise WorkflowError(
            f"there is no state machine {state_machine_arn}: run `scones deploy`"
        ) from error
    if not found["executions"]:
        return None
    arn = found["executions"][0]["executionArn"]
    return UnderWay.read(arn, json.loads(states.describe_execution(executionArn=arn)["input"]))


def start(aws: Aws, request: RetrainingRequest) -> UnderWay:
    """Start an execution.

    Raises:
        WorkflowError: There is no such state machine, or it refuses.
    """
    document = request.document
    name = request.training.job_name
    arn = start_execution(aws, request.state_machine_arn, name, document)
    return UnderWay.read(arn, document)


def wait(aws: Aws, under_way: UnderWay, *, reporter: Reporter = SILENT) -> Retraining:
    """Follow an execution's training job by its log, and wait for the execution's end.

    Raises:
        WorkflowError: The execution failed; nothing has been put into service.
    """
    name, arn = under_way.job_name, under_way.arn
    if _job_started(aws, name, arn):
        try:
            training.wait(aws, name, reporter=reporter)
        except TrainingError as error:
            reporter.note(str(error))  # the execution's end says the same, and notifies
    execution = wait_for_end(aws, arn, DEPLOY_SECONDS)
    if execution["status"] != "SUCCEEDED":
        raise WorkflowError(f"execution {arn} {_failure(execution)}")
    output = json.loads(execution["output"])
    return Retraining(
        deployed=output["deployed"],
        job_name=output["name"],
        accuracy=output["accuracy"],
        least_accuracy=under_way.least_accuracy,
        model_uri=output["model_uri"],
        endpoint_name=output["endpoint_name"],
        execution_arn=arn,
    )


def _job_started(aws: Aws, name: str, execution_arn: str) -> bool:
    """Wait until the execution has made its job; return False if it has ended without."""
    sagemaker, states = aws.client("sagemaker"), aws.client("stepfunctions")
    while states.describe_execution(executionArn=execution_arn)["status"] == "RUNNING":
        try:
            sagemaker.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False


def _failure(execution: dict[str, Any]) -> str:
    """Say how an execution has ended; a job's failure is in its description, which is the cause."""
    cause = execution.get("cause", "")
    with contextlib.suppress(AttributeError, ValueError):
        cause = json.loads(cause).get("FailureReason", cause)
    error = execution.get("error", "")
    return ": ".join(filter(None, (f"ended as {execution['status']}", error, cause)))
