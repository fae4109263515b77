"""One execution environment: a function instance, replaced when it times out, dies or cannot start.

LocalStack keeps an environment for many invocations, one at a time, and does not take it away when
a function fails. So what AWS does to a sandbox then is done here: the process is killed, and the
next invocation starts another one in its place.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from scones_localstack.executor import report
from scones_localstack.executor.instance import Instance, ProcessExitedError
from scones_localstack.executor.launch import Launch
from scones_localstack.executor.registry import Registry
from scones_localstack.executor.report import Answer, Usage
from scones_localstack.executor.runtime_api import Invocation

INIT_SECONDS = 10


@dataclass(frozen=True)
class Limits:
    """What the function's configuration says; seconds and MB."""

    timeout_seconds: float
    memory_size: int
    version: str


@dataclass(frozen=True)
class _Ending:
    """How an invocation ended; with a status, its instance cannot be used again."""

    answer: Answer
    status: str | None
    last_lines: str = ""


class Environment:
    """The life of an execution environment; all of it runs in the executor's event loop."""

    def __init__(self, plan: Callable[[str], Launch], limits: Limits, registry: Registry) -> None:
        self._plan = plan
        self._limits = limits
        self._registry = registry
        self._instance: Instance | None = None
        self._busy = asyncio.Lock()
        self._init_reported = False

    async def start(self) -> Answer | None:
        """Start the first instance and wait for its init phase, at most AWS's ten seconds.

        Returns:
            The error of an init phase that failed. It is also the answer to the next invocation,
            as on AWS. An init phase that takes longer goes on at the expense of that invocation.
        """
        self._instance = await Instance.start(self._plan, self._registry)
        try:
            await asyncio.wait_for(self._instance.initialised(), INIT_SECONDS)
        except TimeoutError:
            return None
        return self._instance.init_error

    async def invoke(
        self, request_id: str, function_arn: str, payload: bytes, trace_id: str
    ) -> tuple[Answer, str]:
        """Run one invocation.

        Returns:
            The answer, and the log lines from START (or the init phase before it) to REPORT.
        """
        async with self._busy:
            deadline = time.time() + self._limits.timeout_seconds
            invocation = Invocation(
                request_id, function_arn, payload, trace_id, deadline_ms=int(deadline * 1000)
            )
            began = time.monotonic()
            instance = await self._ready_instance()
            before = instance.logs.take()
            ending = await self._ending(instance, invocation, began)
            usage = Usage(
                seconds=min(time.monotonic() - began, self._limits.timeout_seconds),
                memory_bytes=instance.peak_memory_bytes(),
                init_seconds=self._unreported_init_seconds(instance),
                status=ending.status,
            )
            logs = before + report.start_line(request_id, self._limits.version)
            logs += instance.logs.take() + ending.last_lines
            logs += report.end_lines(request_id, usage, self._limits.memory_size)
            if ending.status:
                await self._discard()
            return ending.answer, logs

    async def stop(self, wait_seconds: float) -> None:
        """End the environment; an invocation in progress is given time to complete."""
        try:
            await asyncio.wait_for(self._busy.acquire(), wait_seconds)
        except TimeoutError:
            await self._discard()
        else:
            await self._discard()
            self._busy.release()

    async def _ready_instance(self) -> Instance:
        """Return the running instance; one that ended while nobody looked is replaced."""
        ended_idle = (
            self._instance is not None
            and self._instance.exit_status is not None
            and self._instance.init_seconds is not None
        )
        if ended_idle:
            await self._discard()
        if self._instance is None:
            self._instance = await Instance.start(self._plan, self._registry)
            # Part of the invocation that needed it, so it is not reported as an init phase.
            self._init_reported = True
        return self._instance

    async def _ending(self, instance: Instance, invocation: Invocation, began: float) -> _Ending:
        timeout, request_id = self._limits.timeout_seconds, invocation.request_id
        remaining = timeout - (time.monotonic() - began)
        try:
            answer = await asyncio.wait_for(instance.answer(invocation), remaining)
        except TimeoutError:
            line = report.timeout_line(request_id, timeout)
            return _Ending(report.timed_out(request_id, timeout), "timeout", line)
        except ProcessExitedError as exited:
            lines = report.exit_lines(request_id, exited.status)
            return _Ending(report.exited(request_id, exited.status), "error", lines)
        return _Ending(answer, "error" if instance.init_error else None)

    def _unreported_init_seconds(self, instance: Instance) -> float | None:
        if self._init_reported:
            return None
        self._init_reported = True
        return instance.init_seconds

    async def _discard(self) -> None:
        instance, self._instance = self._instance, None
        if instance:
            await instance.kill()
