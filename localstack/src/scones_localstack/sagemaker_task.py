"""The Task state of `arn:aws:states:::sagemaker:...`, with and without `.sync`.

A task without `.sync` calls the operation. One with `.sync` starts a job and waits for its end: its
output is what AWS's own integration takes from SageMaker's events, the job's description with
times in milliseconds and tags as one object. A job that ends in any way but Completed fails
the task, and so does a task that ends before its job, which is stopped then.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails
from localstack.aws.spec import load_service
from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (  # noqa: E501
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (  # noqa: E501
    resource as resources,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (  # noqa: E501
    state_task_service_callback as callback,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.utils.boto_client import boto_client_for
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

LOG = logging.getLogger(__name__)
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
_GROWTH = 1.5
_RUNNING = ("InProgress", "Stopping")
# AWS's Java SDK, in which the integration is written, has classes for these errors alone; all
# others are its general one.
_NAMED_ERRORS = ("ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ConflictException")


@dataclass(frozen=True)
class Job:
    """How one kind of job is described and stopped; `name` is the start of AWS's names for it."""

    name: str

    def describe(self, client: Any, job_name: str) -> dict[str, Any]:
        """Return the Describe answer."""
        operation = f"describe_{self._snake}"
        answer: dict[str, Any] = getattr(client, operation)(**{f"{self.name}Name": job_name})
        return answer

    def stop(self, client: Any, job_name: str) -> None:
        """Ask the job to stop."""
        getattr(client, f"stop_{self._snake}")(**{f"{self.name}Name": job_name})

    @property
    def _snake(self) -> str:
        return f"{self.name.removesuffix('Job').lower()}_job"


JOBS = {
    "createProcessingJob": Job("ProcessingJob"),
    "createTrainingJob": Job("TrainingJob"),
    "createTransformJob": Job("TransformJob"),
}
ACTIONS = {*JOBS, "createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"}


class StateTaskServiceSageMaker(callback.StateTaskServiceCallback):
    """A Task state that calls SageMaker; shared by the executions of one definition."""

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={resources.ResourceCondition.Sync})

    def _get_supported_parameters(self) -> set[str] | None:
        """Return the parameters; None makes the definition invalid, as an unknown resource is."""
        action, condition = self.resource.api_action, self.resource.condition
        waits = condition == resources.ResourceCondition.Sync and action in JOBS
        if action not in ACTIONS or not (condition is None or waits):
            return None
        operation = action[0].upper() + action[1:]
        return set(load_service("sagemaker").operation_model(operation).input_shape.members)

    def _eval_service_task(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        client = _client(resource_runtime_part, state_credentials)
        if self.resource.condition is not None:
            started_by = _started_by(env)
            tags = normalised_parameters.get("Tags") or []
            normalised_parameters["Tags"] = [*tags, *started_by]
        answer = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        answer.pop("ResponseMetadata", None)
        env.stack.append(answer)

    def _build_sync_resolver(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> "_Watch":
        env.stack.pop()
        job = JOBS[self.resource.api_action]
        client = _client(resource_runtime_part, state_credentials)
        return _Watch(client, job, normalised_parameters[f"{job.name}Name"])

    def _eval_sync(self, env: Any, sync_resolver: "_Watch", **_: Any) -> dict[str, Any]:
        """Wait for the job's end; replaces LocalStack's wait, which asks twice a second."""
        for seconds in _waits():
            description = sync_resolver()
            if description is not None:
                return self._outcome(env, sync_resolver, description)
            env.program_state_event.wait(seconds)
            if not env.is_running():
                break
        # The task has timed out, or the execution has been stopped: what is returned now goes
        # nowhere, and an error would turn an execution that was stopped into a failed one.
        env.event_manager = _NoHistory()
        return sync_resolver.stop()

    def _outcome(self, env: Any, watch: "_Watch", description: dict[str, Any]) -> dict[str, Any]:
        if watch.status(description) != "Completed":
            cause = to_json_str(description, separators=(",", ":"))
            name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            raise FailureEventException(self._failure(env, name, cause))
        return description

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        code = ex.response["Error"]["Code"]
        metadata = ex.response["ResponseMetadata"]
        cause = (
            f"{ex.response['Error']['Message']} (Service: AmazonSageMaker; "
            f"Status Code: {metadata['HTTPStatusCode']}; Error Code: {code}; "
            f"Request ID: {metadata.get('RequestId')}; Proxy: null)"
        )
        return self._failure(env, CustomErrorName(_error_name(code)), cause)

    def _failure(self, env: Any, name: Any, cause: str) -> Any:
        return FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    resource=self._get_sfn_resource(),
                    resourceType=self._get_sfn_resource_type(),
                    error=name.error_name,
                    cause=cause,
                )
            ),
        )


class _Watch:
    """Looks at one job until it has ended."""

    def __init__(self, client: Any, job: Job, job_name: str) -> None:
        self._client = client
        self._job = job
        self._job_name = job_name

    def __call__(self) -> dict[str, Any] | None:
        """Return the job's description once it has ended; None before, or if nobody answers."""
        try:
            answer = self._job.describe(self._client, self._job_name)
        except ClientError as error:
            # The service is being started again, and tells then what has become of the job.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            return None
        if self.status(answer) in _RUNNING:
            return None
        arn = answer[f"{self._job.name}Arn"]
        tags = self._client.list_tags(ResourceArn=arn)["Tags"]
        return _description(answer) | {"Tags": {tag["Key"]: tag["Value"] for tag in tags}}

    def status(self, description: dict[str, Any]) -> str:
        """Return the job's status."""
        return str(description[f"{self._job.name}Status"])

    def stop(self) -> dict[str, Any]:
        """Stop the job, by best effort as AWS does, and return its description if there is one."""
        try:
            self._job.stop(self._client, self._job_name)
            return _description(self._job.describe(self._client, self._job_name))
        except (ClientError, BotoCoreError) as error:
            LOG.warning("%s %s is not stopped: %s", self._job.name, self._job_name, error)
            return {}


class _NoHistory:
    """Takes the place of the history's writer for a task whose end is no longer of interest."""

    def add_event(self, **_: Any) -> int:
        """Write nothing."""
        return 0


def _description(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a Describe answer in the form of SageMaker's events, without its tags.

    AWS's integration hears of a job's end by such an event, which does not carry the metrics.
    """
    described: dict[str, Any] = _in_milliseconds(answer)
    for member in ("ResponseMetadata", "FinalMetricDataList"):
        described.pop(member, None)
    return described


def _waits() -> Iterator[float]:
    """Yield the seconds between one look and the next: a short job is short, a long one cheap."""
    seconds = FIRST_WAIT_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * _GROWTH, LONGEST_WAIT_SECONDS)


def _client(resource_runtime_part: Any, state_credentials: Any) -> Any:
    return boto_client_for(
        service="sagemaker",
        region=resource_runtime_part.region,
        state_credentials=state_credentials,
    )


def _started_by(env: Any) -> list[dict[str, str]]:
    """Return the tags by which AWS tells the jobs that Step Functions has started."""
    execution = env.states.context_object.context_object_data["Execution"]["Id"]
    return [
        {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
        {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": execution},
    ]


def _error_name(code: str) -> str:
    if code not in _NAMED_ERRORS:
        return "SageMaker.AmazonSageMakerException"
    return f"SageMaker.{code.removesuffix('Exception')}Exception"


def _in_milliseconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {name: _in_milliseconds(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_in_milliseconds(item) for item in value]
    return value
