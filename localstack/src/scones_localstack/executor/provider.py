"""LocalStack's Lambda provider, refusing at CreateFunction what processes cannot run."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.lambda_ import (
    FunctionConfiguration,
    InvalidParameterValueException,
    InvocationResponse,
    PackageType,
    RequestTooLargeException,
    UpdateFunctionConfigurationRequest,
)
from localstack.services.lambda_.provider import LambdaProvider

from scones_localstack.executor.interpreters import is_python

MAX_EVENT_BYTES = 6_291_456
_TASK_THREADS = 64


class ProcessLambdaProvider(LambdaProvider):
    """Asked for anything but Python in a zip archive, it says so at once, and says what to do."""

    def __init__(self) -> None:
        super().__init__()
        # A version that stops holds a thread for up to three seconds. LocalStack has as many as
        # the machine has cores, plus four: new functions would wait for deleted ones.
        self.lambda_service.task_executor = ThreadPoolExecutor(
            max_workers=_TASK_THREADS, thread_name_prefix="lambda-service-task"
        )

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(
        self, context: RequestContext, request: UpdateFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        """Refuse a change to a runtime that cannot run here, then do as LocalStack does."""
        if "Runtime" in request:
            self._validate_runtime(PackageType.Zip, request["Runtime"])
        return super().update_function_configuration(context, request)

    def invoke(self, context: RequestContext, **arguments: Any) -> InvocationResponse:
        """Refuse an event larger than Lambda takes, then do as LocalStack does."""
        if (context.request.content_length or 0) > MAX_EVENT_BYTES:
            raise RequestTooLargeException(
                f"Request must be smaller than {MAX_EVENT_BYTES} bytes "
                "for the InvokeFunction operation"
            )
        return super().invoke(context, **arguments)

    def _validate_runtime(self, package_type: Any, runtime: Any) -> None:
        if package_type == PackageType.Image:
            raise InvalidParameterValueException(
                "PackageType Image is not supported here: functions run as processes. "
                "Deploy a Zip package with a python3.* runtime.",
                Type="User",
            )
        super()._validate_runtime(package_type, runtime)
        if not is_python(runtime):
            raise InvalidParameterValueException(
                f"Runtime {runtime} is not supported here: functions run as Python processes. "
                "Use a python3.* runtime, for example python3.13.",
                Type="User",
            )
