"""One container from its start to its removal, watched by a thread of its own.

    output to its end ─▶ how it ended ─▶ files out ─▶ removed ─▶ `wait` returns

Where the engine goes away in between, a training job has a few seconds of patience, because an
engine may keep containers alive over its own restart; a model server, which nobody can reach
meanwhile, has none. Then `wait` returns with that reason, and the thread goes on until the engine
is back and the container removed.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from scones_localstack.sagemaker.archives import ArchiveError
from scones_localstack.sagemaker.backends import (
    SERVE,
    Container,
    ContainerFilesError,
    ContainerSpec,
    Exit,
)
from scones_localstack.sagemaker.backends.docker.engine import (
    Engine,
    EngineAwayError,
    EngineError,
    MissingError,
)
from scones_localstack.sagemaker.backends.docker.files import CONTAINER_ROOT, take_out
from scones_localstack.sagemaker.backends.docker.instances import GIB
from scones_localstack.sagemaker.backends.docker.launch import Launched
from scones_localstack.sagemaker.backends.docker.terms import Limits

_NAMED = 10
_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.25
_KILLED = 137
_UNKNOWN = 255
_RESTARTED = "The Docker engine was stopped or started anew while the container was running."
_GOING = ("removing", "dead")
_REMOVED = "The container was removed from outside while it was running."
_log = logging.getLogger(__name__)


class DockerContainer(Container):
    """A container that has been started."""

    def __init__(
        self, engine: Engine, spec: ContainerSpec, launched: Launched, executor: Executor
    ) -> None:
        """Begin to watch.

        Args:
            engine: where it runs.
            spec: what it was made from.
            launched: the container.
            executor: for what blocks.
        """
        self.address = launched.address
        self._engine = engine
        self._spec = spec
        self._launched = launched
        self._id = launched.container
        self._executor = executor
        self._written = 0
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = self._loop.create_future()
        name = f"watch-{self._id[:12]}"
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    async def wait(self) -> Exit:
        """Return how the container ended, once it is gone and its files are here."""
        return await asyncio.shield(self._exit)

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM to the program, SIGKILL to all after the grace."""
        if not self._exit.done():
            await self._signal("SIGTERM")
            await asyncio.wait([self._exit], timeout=grace_seconds)
        if not self._exit.done():
            await self._signal("SIGKILL")
        return await self.wait()

    async def fetch(self, folder: str) -> None:
        """Copy what is in a folder now; one that is not there is passed over."""
        await self._loop.run_in_executor(self._executor, self._fetch, folder)

    async def _signal(self, name: str) -> None:
        # It may have ended, and the engine may be away: the watching thread finds that out.
        with contextlib.suppress(EngineError):
            await self._loop.run_in_executor(self._executor, self._engine.kill, self._id, name)

    # In threads

    def _fetch(self, folder: str) -> None:
        try:
            stream = self._engine.get(self._id, f"/{CONTAINER_ROOT}/{folder}")
            take_out(stream, self._spec.root / folder)
        except MissingError:
            return
        except (EngineError, ArchiveError, OSError) as error:
            raise ContainerFilesError(str(error)) from error

    def _watch(self) -> None:
        try:
            outcome = self._outcome()
        except MissingError:
            outcome = Exit(_UNKNOWN, reason=_REMOVED)
        except EngineError as error:
            outcome = Exit(_UNKNOWN, reason=str(error))
        except Exception as error:
            _log.exception("%s", self._spec.name)
            outcome = Exit(_UNKNOWN, reason=f"{type(error).__name__}: {error}")
        gone = self._launched.removal.now()
        # The loop is closed when the service itself is ending.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._exit.set_result, outcome)
        if not gone:
            self._launched.removal.patiently()

    def _outcome(self) -> Exit:
        """Return how the container ended, with what it has left behind brought here."""
        output = self._launched.output
        while True:
            try:
                self._write(output)
                self._engine.wait(self._id)
                state = self._engine.inspect(self._id)["State"]
                reason = _reason(state, self._launched.limits)
                break
            except EngineAwayError:
                state = self._patiently_inspect()
                if not state["Running"]:
                    reason = _RESTARTED
                    break
                # The engine is back and has kept it alive.
                output = _without(self._engine.follow(self._id), self._written)
        if state["Status"] in _GOING:
            return Exit(int(state["ExitCode"]), reason=_REMOVED)
        if self._spec.argument != SERVE:
            reason = self._take_out() or reason
        ended = datetime.fromisoformat(state["FinishedAt"]).timestamp()
        return Exit(int(state["ExitCode"]), reason=reason, ended=ended)

    def _write(self, output: Iterator[bytes]) -> None:
        """Append what the container prints to its log file, until its end."""
        # Opened for appending: the log may be cut from outside while the container prints.
        with self._spec.log_path.open("ab", buffering=0) as log:
            for chunk in output:
                log.write(chunk)
                self._written += len(chunk)

    def _patiently_inspect(self) -> dict[str, Any]:
        """Return the container's state once the engine answers again.

        Raises:
            EngineAwayError: it has not, for longer than this container can wait.
        """
        patience = 0.0 if self._spec.argument == SERVE else _PATIENCE_SECONDS
        deadline = time.monotonic() + patience
        while True:
            try:
                state: dict[str, Any] = self._engine.inspect(self._id)["State"]
                return state
            except EngineAwayError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_POLL_SECONDS)

    def _take_out(self) -> str:
        """Bring what the container has left behind; return what went wrong, if anything."""
        left_out: list[str] = []
        for name in self._spec.leaves:
            try:
                stream = self._engine.get(self._id, f"/{CONTAINER_ROOT}/{name}")
                left_out += take_out(stream, self._spec.root / name)
            except MissingError:
                continue
            except (EngineError, ArchiveError, OSError) as error:
                return f"Cannot take /{CONTAINER_ROOT}/{name} out of the container: {error}"
        if left_out:
            names = ", ".join(left_out[:_NAMED])
            with self._spec.log_path.open("a", encoding="utf-8") as log:
                log.write(
                    f"scones: not taken out of the container, for it is no file, folder or link "
                    f"to one beside it: {names} ({len(left_out)} in all)\n"
                )
        return ""


def _reason(state: dict[str, Any], limits: Limits) -> str:
    """Return what the exit code does not say about a container's end."""
    if state.get("Error"):
        return str(state["Error"])
    if not (state["OOMKilled"] and state["ExitCode"] == _KILLED):
        return ""
    share = limits.share
    limit = f"the {share.memory_bytes / GIB:.1f} GiB of {limits.instance_type}" if share else "all"
    return (
        f"Out of memory: the container needed more than {limit} that it may use here and was "
        "killed. Please use an instance type with more memory, or a smaller batch."
    )


def _without(output: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Yield a stream without its first bytes."""
    for chunk in output:
        if len(chunk) > count:
            yield chunk[count:]
        count = max(0, count - len(chunk))
