"""What can go wrong, as one family of errors.

    SconesError                 anything scones reports by itself, exit code 1
    ├── UsageError              an argument or option is wrong, exit code 2
    │   └── ConfigError         scones.toml or an environment variable is wrong
    ├── DataError               the archive, an image or a list file is not what it should be
    ├── StackError              LocalStack or the SageMaker service cannot start or has died
    ├── ImageError              a container image is not there, or Docker or ECR refuses it
    ├── DeployError             CloudFormation refused, or built less than was asked for
    ├── TrainingError           a training job failed or was stopped
    ├── EndpointError           an endpoint failed, or is not there
    ├── InterruptionError       Ctrl-C inside the SageMaker SDK, which would swallow it
    ├── ApiError                the REST API refused a photo, failed or was not there
    └── WorkflowError           an execution failed in a way that is not part of the workflow

A message says what failed, with which value, and what to do next, in one line.
"""


class SconesError(Exception):
    """Base of all errors that scones reports without a traceback."""

    exit_code = 1


class UsageError(SconesError):
    """An argument or an option is wrong; nothing has been changed."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting in scones.toml or in the environment is wrong."""


class DataError(SconesError):
    """An archive, an image or a list file is not what it should be."""


class StackError(SconesError):
    """LocalStack or the SageMaker service cannot start, is not there, or has died."""


class ImageError(SconesError):
    """A container image is not there, or Docker or ECR refuses it."""


class DeployError(SconesError):
    """CloudFormation refused a change, or built less than the template asks for."""


class TrainingError(SconesError):
    """A training job failed or was stopped."""


class EndpointError(SconesError):
    """An endpoint failed, or is not there."""


class InterruptionError(SconesError):
    """Ctrl-C was pressed inside the SageMaker SDK; the message says what goes on without it."""

    exit_code = 130


class ApiError(SconesError):
    """The REST API refused a request, failed, or was not there."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The answer's HTTP status, where there was one."""


class WorkflowError(SconesError):
    """An execution of a state machine ended in a way that is not part of the workflow."""
