"""One job's run: its stages, a stop in between, and an end that is told last."""

import asyncio
import logging
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import aiohttp

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.jobs.inputs import DownloadCancelled
from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.jobs.record import Status, StopCause, finish, set_status
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.objects import Objects
from scones_localstack.sagemaker.store import Resource, Shipment, now

SHUT_DOWN = "The SageMaker service was stopped while the job was running."
CUT_SHORT = "InternalServerError: The SageMaker service was stopped before the job had ended."
ROOT = "ml"
_LOG_SECONDS = 30.0
_log = logging.getLogger(__name__)


class JobFailed(Exception):  # noqa: N818 - an outcome
    """The job ends as Failed; the message is its FailureReason."""


class Stoppable(Protocol):
    """A container, or several."""

    async def stop(self, grace_seconds: float) -> object:
        """End it: SIGTERM, and after the grace SIGKILL."""


class JobStopped(Exception):  # noqa: N818 - an outcome
    """A stop was asked for, and there is nothing more to do."""


@dataclass(frozen=True)
class Surroundings:
    """What a run needs of the service.

    Attributes:
        backend: where its program runs.
        aws: every service.
        objects: S3 in the job's region.
        shipper: takes the log to CloudWatch Logs.
        http: to talk to a model server with.
        save: keeps the job's record.
        stop_seconds: from SIGTERM to SIGKILL.
        startup_seconds: until a model server's first answered ping.
    """

    backend: Backend
    aws: Aws
    objects: Objects
    shipper: LogShipper
    http: aiohttp.ClientSession
    save: Callable[[Resource], None]
    stop_seconds: float
    startup_seconds: float


class JobRun(ABC):
    """Runs one job and keeps its record in step; `run` is its task.

    Attributes:
        job: the record.
        folder: the job's part of the state folder; only logs are left in it after the end.
        around: what there is to run it with.
        stop_cause: why it is to stop; None while it is not.
        cancelled: set when it is to stop, for threads to look at.
        logs: the files that go to CloudWatch Logs.
    """

    names: ClassVar[JobNames]

    def __init__(self, job: Resource, folder: Path, around: Surroundings) -> None:
        self.job = job
        self.folder = folder
        self.around = around
        self.stop_cause: StopCause | None = None
        self.cancelled = threading.Event()
        self._stop_asked = asyncio.Event()
        self._stop_seconds = around.stop_seconds
        self._running: Stoppable | None = None
        self._hurry: asyncio.Task[object] | None = None
        self.logs: list[Path] = []

    def stop(self, cause: StopCause, grace_seconds: float | None = None) -> None:
        """Have the job stopped.

        Args:
            cause: the first one counts.
            grace_seconds: from SIGTERM to SIGKILL, if not the usual.
        """
        if self.stop_cause is None:
            self.stop_cause = cause
            self.mark_stopping()
        self._stop_seconds = self._stop_seconds if grace_seconds is None else grace_seconds
        self.cancelled.set()
        self._stop_asked.set()
        if grace_seconds is not None and self._running is not None:
            # It may be in the middle of a longer grace.
            self._hurry = asyncio.create_task(self.end(self._running))

    async def run(self) -> None:
        """Run the job to its end, whatever that is; the record tells."""
        reason = ""
        try:
            await self.stages()
        except JobFailed as failure:
            reason = str(failure)
        except (JobStopped, DownloadCancelled):
            pass
        except asyncio.CancelledError:
            clear(self.folder)
            self.finish(CUT_SHORT)
            raise
        except OSError as error:
            reason = f"InternalServerError: {error}"
        except Exception:
            _log.exception("%s %s", self.names.noun, self.job.name)
            reason = "InternalServerError: a fault of this service; its log has the traceback."
        closing = (self.around.shipper.close(path, _LOG_SECONDS) for path in self.logs)
        await asyncio.gather(*closing)
        await self.conclude()
        await asyncio.to_thread(clear, self.folder)
        self.finish(reason)

    # What a family does in its own way

    @abstractmethod
    async def stages(self) -> None:
        """Do the work, and call `begin` when it begins.

        Raises:
            JobFailed: it cannot be done.
            JobStopped, DownloadCancelled: it is not to be done.
        """

    async def conclude(self) -> None:  # noqa: B027 - most have nothing to do
        """Add to the record what is known when all has ended."""

    def mark_stopping(self) -> None:
        """Tell that the job is being stopped."""
        set_status(self.job, self.names, Status.STOPPING)
        self.save()

    def finish(self, reason: str) -> None:
        """Tell of the end."""
        if reason:
            finish(self.job, self.names, Status.FAILED, reason)
        elif self.stop_cause is None:
            finish(self.job, self.names, Status.COMPLETED)
        else:
            said = SHUT_DOWN if self.stop_cause is StopCause.SHUTDOWN else ""
            finish(self.job, self.names, Status.STOPPED, said)
        self.save()
        _log.info("%s %s: %s %s", self.names.noun, self.job.name, self.job.status, reason)

    # What every family needs

    def begin(self) -> None:
        """Tell that the work begins."""
        self.job.document[self.names.start] = now()
        self.save()

    def save(self) -> None:
        """Keep the record."""
        self.around.save(self.job)

    def ship(self, path: Path, stream: str) -> Path:
        """Have a log file taken to CloudWatch Logs as it grows; return it, not there yet."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.around.shipper.ship(Shipment(path, self.job.region, self.names.log_group, stream))
        self.logs.append(path)
        return path

    def check_stop(self) -> None:
        """Raise if the job is to stop.

        Raises:
            JobStopped: it is.
        """
        if self.stop_cause is not None:
            raise JobStopped

    def watch(self, running: Stoppable) -> None:
        """Let a stop that is in a hurry reach what runs."""
        self._running = running

    async def end(self, running: Stoppable) -> object:
        """Stop what runs, with the grace that the job has by now."""
        return await running.stop(self._stop_seconds)

    async def until(self, *tasks: asyncio.Task[object], timeout: float | None = None) -> bool:
        """Wait for one of some tasks, a stop, or the end of the time.

        Returns:
            Whether a task is done.
        """
        stopped = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait(
                [*tasks, stopped], timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stopped.cancel()
        return any(task.done() for task in tasks)


def clear(folder: Path) -> None:
    """Remove a job's data, but not its logs. Blocks."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.suffix != ".log":
            entry.unlink()
