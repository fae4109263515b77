"""A plain session of the SDK, against our SageMaker API or against AWS.

On AWS it is the SDK's own session. Against the emulation it differs in patience only: the SDK
looks at a training job and at an endpoint every 30 seconds, which is longer than either
takes here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sagemaker
from sagemaker.config import load_sagemaker_config

from scones.errors import InterruptionError
from scones.sagemaker_sdk import job_log
from scones.sagemaker_sdk.target import Target

POLL_SECONDS = 0.5
TELEMETRY_OFF = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


def session(target: Target) -> Any:
    """Return the session of a target that has a SageMaker API."""
    emulated = target.project.settings.target.emulated
    kind = EmulatedApiSession if emulated else ApiSession
    made = kind(
        boto_session=target.project.aws.boto_session,
        default_bucket=target.bucket,
        sagemaker_config=TELEMETRY_OFF if emulated else _callers_defaults(),
    )
    made.target = target
    return made


def _callers_defaults() -> dict[str, Any]:
    """Return the defaults that the caller's configuration files set, without telemetry."""
    defaults: dict[str, Any] = load_sagemaker_config()
    defaults.setdefault("SchemaVersion", "1.0")
    modules = defaults.setdefault("SageMaker", {}).setdefault("PythonSDK", {})
    modules.setdefault("Modules", {})["TelemetryOptOut"] = True
    return defaults


@contextmanager
def interruptible(what_is_left: str) -> Iterator[None]:
    """Turn Ctrl-C into an error: the SDK's telemetry wrapper swallows KeyboardInterrupt.

    Without this `Estimator.fit` returns as if the job had ended well, and the script goes on.

    Raises:
        InterruptionError: Ctrl-C was pressed inside.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptionError(f"interrupted; {what_is_left}") from error


class ApiSession(sagemaker.Session):  # type: ignore[misc]  # the SDK has no strict types
    """The SDK's own session, with its target; Ctrl-C ends the script."""

    target: Target

    def logs_for_job(self, job_name: str, *arguments: Any, **more: Any) -> Any:
        """Show a training job's log, and wait for its end where asked to."""
        with interruptible(f"training job '{job_name}' goes on: stop it with StopTrainingJob"):
            return self._logs_for_job(job_name, *arguments, **more)

    def _logs_for_job(self, job_name: str, *arguments: Any, **more: Any) -> Any:
        return super().logs_for_job(job_name, *arguments, **more)

    def wait_for_job(self, job: str, poll: float = 5) -> Any:
        """Wait for a training job's end, without its log."""
        with interruptible(f"training job '{job}' goes on: stop it with StopTrainingJob"):
            return super().wait_for_job(job, poll)


class EmulatedApiSession(ApiSession):
    """The same with the short waits that suit jobs of seconds."""

    def wait_for_endpoint(
        self, endpoint: str, poll: float = POLL_SECONDS, live_logging: bool = False
    ) -> Any:
        """Wait until an endpoint is in service."""
        return super().wait_for_endpoint(endpoint, min(poll, POLL_SECONDS), live_logging)

    def wait_for_job(self, job: str, poll: float = POLL_SECONDS) -> Any:
        """Wait for a training job's end, without its log."""
        return super().wait_for_job(job, min(poll, POLL_SECONDS))

    def wait_for_processing_job(self, job: str, poll: float = POLL_SECONDS) -> Any:
        """Wait for a processing job's end, such as a baselining job's, without its log."""
        return super().wait_for_processing_job(job, min(poll, POLL_SECONDS))

    def logs_for_processing_job(
        self, job_name: str, wait: bool = False, poll: float = POLL_SECONDS
    ) -> Any:
        """Show a processing job's log, and wait for its end where asked to."""
        return super().logs_for_processing_job(job_name, wait, min(poll, POLL_SECONDS))

    def _logs_for_job(self, job_name: str, wait: bool = False, *arguments: Any, **more: Any) -> Any:
        if not wait:
            return super()._logs_for_job(job_name, wait, *arguments, **more)
        for line in job_log.follow(self.target.project.aws, job_name):
            print(line)
        return self.wait_for_job(job_name)  # has ended; raises the SDK's error if it failed
