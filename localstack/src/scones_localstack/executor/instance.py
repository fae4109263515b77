"""One process of a function: its start, its output, its end."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from scones_localstack.executor.launch import Launch
from scones_localstack.executor.registry import Registry
from scones_localstack.executor.report import Answer
from scones_localstack.executor.runtime_api import Invocation, RuntimeApi

_MAX_LOG_BYTES = 6 * 2**20
_READ_BYTES = 2**16


class LogPipe:
    """What a process writes to standard output and error, up to 6 MiB between two `take`s."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        if os.geteuid() == 0:
            # The function opens /dev/stdout as another user.
            os.fchmod(self.writer, 0o666)
        self._chunks: list[bytes] = []
        self._size = 0
        self._closed = False
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def take(self) -> str:
        """Return what has been written until now, and forget it."""
        while not self._closed and self._read():
            pass
        text = b"".join(self._chunks).decode(errors="replace")
        if self._size > _MAX_LOG_BYTES:
            text += f"\n[{self._size - _MAX_LOG_BYTES} bytes of output dropped]\n"
        self._chunks, self._size = [], 0
        return text if not text or text.endswith("\n") else text + "\n"

    def close(self) -> None:
        """Read what is left, and stop reading."""
        while self._read():
            pass
        self._closed = True
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._reader, _READ_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._reader)
        self._chunks.append(chunk[: max(0, _MAX_LOG_BYTES - self._size)])
        self._size += len(chunk)
        return bool(chunk)


class ProcessExitedError(Exception):
    """A process ended while it had an invocation; `status` is negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Instance:
    """A process that has been started, and its Runtime API."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        api: RuntimeApi,
        logs: LogPipe,
        registry: Registry,
    ) -> None:
        self.logs = logs
        self.init_seconds: float | None = None
        self._process = process
        self._api = api
        self._registry = registry
        self._peak_memory_bytes = 0
        self._started = time.monotonic()
        self._watch = asyncio.create_task(self._wait_for_exit())

    @classmethod
    async def start(cls, plan: Callable[[str], Launch], registry: Registry) -> "Instance":
        """Start a process.

        Args:
            plan: tells how, given the address of the Runtime API.
            registry: remembers it until it has ended.

        Raises:
            OSError: it cannot be started, or not be remembered; nothing is left of it.
        """
        api, logs = RuntimeApi(), LogPipe()
        try:
            address = await api.open()
            launch = plan(address)
            process = await _spawn(launch, logs.writer)
        except BaseException:
            await api.close()
            logs.close()
            raise
        finally:
            os.close(logs.writer)
        instance = cls(process, api, logs, registry)
        try:
            registry.add(process.pid, address)
        except OSError:
            await instance.kill()
            raise
        if process.stdin:
            process.stdin.write(launch.standard_input)
            process.stdin.close()
        return instance

    async def initialised(self) -> None:
        """Wait until the handler is imported, or will never be."""
        await self._api.ready.wait()

    @property
    def init_error(self) -> Answer | None:
        """Why the handler could not be imported, if it could not."""
        return self._api.init_error

    @property
    def exit_status(self) -> int | None:
        """How the process ended; None while it runs, negative for a signal."""
        return self._process.returncode

    async def answer(self, invocation: Invocation) -> Answer:
        """Hand over an invocation and wait for its answer.

        Raises:
            ProcessExitedError: the process ended without one.
        """
        future = self._api.offer(invocation)
        if self.exit_status is not None:
            self._api.abandon(ProcessExitedError(self.exit_status))
        return await future

    def peak_memory_bytes(self) -> int:
        """Return the most memory the process has had, as far as that could be seen."""
        with contextlib.suppress(OSError):
            self._peak_memory_bytes = _peak_memory_bytes(self._process.pid)
        return self._peak_memory_bytes

    async def kill(self) -> None:
        """End the process and all it has started."""
        self._kill_group()
        await self._watch
        await self._api.close()
        self.logs.close()

    async def _wait_for_exit(self) -> None:
        ready = asyncio.create_task(self._api.ready.wait())
        ended = asyncio.create_task(self._process.wait())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if self._api.ready.is_set() and not self.init_error:
            self.init_seconds = time.monotonic() - self._started
            self.peak_memory_bytes()
        status = await ended
        ready.cancel()
        # What the process started must not outlive it.
        self._kill_group()
        self._registry.remove(self._process.pid)
        self._api.ready.set()
        self._api.abandon(ProcessExitedError(status))

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def _spawn(launch: Launch, output: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *launch.command,
        env=launch.environment,
        cwd=launch.directory,
        stdin=asyncio.subprocess.PIPE if launch.standard_input else asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _peak_memory_bytes(pid: int) -> int:
    """Read the high-water mark; only Linux keeps one."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)
