"""LocalStack's `RuntimeExecutor`, answered by processes: threads outside, one event loop inside.

LocalStack calls an executor from many threads and waits for it; all environments live in one event
loop, in one thread, where their timeouts, pipes and sockets are.
"""

import asyncio
import functools
import logging
import shutil
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from localstack.runtime import events
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from scones_localstack.executor import layers
from scones_localstack.executor.environment import Environment, Limits
from scones_localstack.executor.interpreters import interpreter_for, link_runtime
from scones_localstack.executor.launch import Function, make_home, plan, remove_home
from scones_localstack.executor.registry import Registry
from scones_localstack.settings import LOOPBACK_HOST, Settings

LOG = logging.getLogger(__name__)
_PROVISIONED = "provisioned-concurrency"


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    """Selected by `LAMBDA_RUNTIME_EXECUTOR=scones`."""

    name = "scones"

    def load(self, *args: Any, **kwargs: Any) -> "type[ProcessRuntimeExecutor]":
        """Return the executor."""
        return ProcessRuntimeExecutor


class Workshop:
    """What all executors of a LocalStack process share: folders, registry, event loop."""

    def __init__(self, settings: Settings) -> None:
        root = settings.lambda_dir
        self.homes = root / "environments"
        self.layers = root / "layers"
        self.homes.mkdir(parents=True, exist_ok=True)
        self.runtime_dir = link_runtime(root / "runtime")
        self.registry = Registry(root)
        self.endpoints = {"AWS_ENDPOINT_URL": settings.endpoint_url}
        if settings.request_log is None:
            # Straight to the service: the answer of a model need not pass through LocalStack.
            self.endpoints["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = settings.sagemaker_url
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="lambda-executor", daemon=True).start()

    def wait_for[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def workshop() -> Workshop:
    """Return the one workshop of this process, whichever thread asks first."""
    with _OPENING:
        return _open_workshop()


@functools.cache
def _open_workshop() -> Workshop:
    return Workshop(Settings.from_environment())


_OPENING = threading.Lock()


class ProcessRuntimeExecutor(RuntimeExecutor):
    """One execution environment, as LocalStack sees it."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002
        super().__init__(id=id, function_version=function_version)
        self._shop = workshop()
        self._home = self._shop.homes / id
        self._environment: Environment | None = None
        self._last_logs = ""

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the environment; `env_vars` is what LocalStack computed for it.

        Raises:
            StatusErrorException: the init phase failed, in an environment that was provisioned.
        """
        make_home(self._home)
        config, function = self.function_version.config, _function(self.function_version)
        self._environment = Environment(
            plan=lambda runtime_api: plan(function, env_vars, self._home, runtime_api),
            limits=Limits(config.timeout, config.memory_size, self.function_version.id.qualifier),
            registry=self._shop.registry,
        )
        error = self._shop.wait_for(self._environment.start())
        if error and env_vars.get("AWS_LAMBDA_INITIALIZATION_TYPE") == _PROVISIONED:
            raise StatusErrorException("The init phase failed", payload=error.payload)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one invocation; `payload` is LocalStack's."""
        if self._environment is None:
            raise RuntimeError(f"environment {self.id} has not been started")
        answer, self._last_logs = self._shop.wait_for(
            self._environment.invoke(
                request_id=payload["invoke-id"],
                function_arn=payload["invoked-function-arn"],
                payload=payload["payload"].encode(),
                trace_id=payload["trace-id"],
            )
        )
        return InvocationResult(
            request_id=payload["invoke-id"],
            payload=answer.payload,
            is_error=answer.is_error,
            logs=self._last_logs,
        )

    def stop(self) -> None:
        """End the environment, after the invocation it is at unless LocalStack itself stops."""
        if self._environment:
            wait = 0 if events.infra_stopping.is_set() else self.function_version.config.timeout
            self._shop.wait_for(self._environment.stop(wait))
        remove_home(self._home)

    def get_address(self) -> str:
        """Return where environments run."""
        return LOOPBACK_HOST

    def get_endpoint_from_executor(self) -> str:
        """Return LocalStack's host as a function sees it."""
        return LOOPBACK_HOST

    def get_runtime_endpoint(self) -> str:
        """Return nothing: the address of a Runtime API is that of one process, not of this."""
        return ""

    def get_logs(self) -> str:
        """Return the log lines of the last invocation."""
        return self._last_logs

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Extract code and layers, and find the Python, before the first invocation."""
        config = function_version.config
        config.code.prepare_for_execution()
        for layer in config.layers:
            layer.code.prepare_for_execution()
        if len(config.layers) > 1:
            sources = [Path(layer.code.get_unzipped_code_location()) for layer in config.layers]
            layers.merge(sources, _merged_layers(function_version))
        interpreter_for(config.runtime)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Remove what `prepare_version` made; LocalStack removes the extracted code."""
        shutil.rmtree(_merged_layers(function_version), ignore_errors=True)


def _function(version: FunctionVersion) -> Function:
    config, shop = version.config, workshop()
    opt = None
    if len(config.layers) == 1:
        opt = Path(config.layers[0].code.get_unzipped_code_location())
    elif config.layers:
        opt = _merged_layers(version)
    return Function(
        runtime=config.runtime,
        handler=config.handler,
        task_root=Path(config.code.get_unzipped_code_location()),
        opt=opt,
        variables=config.environment or {},
        interpreter=interpreter_for(config.runtime),
        runtime_dir=shop.runtime_dir,
        endpoints=shop.endpoints,
    )


def _merged_layers(version: FunctionVersion) -> Path:
    return workshop().layers / str(version.config.internal_revision)
