"""One training job's run, stage by stage.

Starting ─▶ Downloading ─▶ Training ─▶ Uploading ─▶ Completed
                 │             │            ├─────▶ Failed               (exit code not 0)
                 │             └▶ Stopping ─┴─────▶ Stopped, MaxRuntimeExceeded
                 └▶ Failed, Stopped
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from scones_localstack.sagemaker.backends import (
    TRAIN,
    Backend,
    ContainerSpec,
    ContainerStartError,
)
from scones_localstack.sagemaker.contract import ContainerRoot, host_names
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.inputs import DownloadCancelled, DownloadError
from scones_localstack.sagemaker.logs import TRAINING_GROUP, LogShipper
from scones_localstack.sagemaker.objects import (
    Objects,
    StorageError,
    parse_uri,
)
from scones_localstack.sagemaker.store import Resource, Shipment, now
from scones_localstack.sagemaker.training.artifacts import upload
from scones_localstack.sagemaker.training.channels import download
from scones_localstack.sagemaker.training.instances import Ending, Instances
from scones_localstack.sagemaker.training.metrics import final_metrics
from scones_localstack.sagemaker.training.status import (
    Secondary,
    finish,
    move,
)

_ROOT = "ml"
_LOG_SECONDS = 5.0
_SHUT_DOWN = "The SageMaker service was stopped while the job was running."
_CUT_SHORT = "InternalServerError: The SageMaker service was stopped before the job had ended."
_log = logging.getLogger(__name__)


class StopCause(Enum):
    """Why a job is stopped before its algorithm has ended by itself."""

    REQUEST = auto()
    MAX_RUNTIME = auto()
    SHUTDOWN = auto()


class JobFailed(Exception):  # noqa: N818 - an outcome
    """The job ends as Failed; the message is its FailureReason."""


@dataclass(frozen=True)
class Surroundings:
    """What a run needs of the service.

    Attributes:
        backend: where the algorithm runs.
        objects: S3 in the job's region.
        shipper: takes the log to CloudWatch Logs.
        save: keeps the job's record.
        stop_seconds: from SIGTERM to SIGKILL.
    """

    backend: Backend
    objects: Objects
    shipper: LogShipper
    save: Callable[[Resource], None]
    stop_seconds: float


class TrainingRun:
    """Runs one job and keeps its record in step; `run` is its task."""

    def __init__(self, job: Resource, folder: Path, around: Surroundings) -> None:
        self._job = job
        self._around = around
        self._folder = folder
        self._hosts = host_names(job.document)
        self._roots = {host: ContainerRoot(folder / _ROOT / host) for host in self._hosts}
        self._instances = Instances(around.backend)
        self._stop_seconds = around.stop_seconds
        self._hurry: asyncio.Task[None] | None = None
        self._stop_cause: StopCause | None = None
        self._stop_asked = asyncio.Event()
        self._cancelled = threading.Event()

    def stop(self, cause: StopCause, grace_seconds: float | None = None) -> None:
        """Have the job stopped; what it has saved by then is kept.

        Args:
            cause: the first one counts.
            grace_seconds: from SIGTERM to SIGKILL, if not the usual.
        """
        if self._stop_cause is None:
            self._stop_cause = cause
            self._enter(Secondary.STOPPING)
        self._stop_seconds = self._stop_seconds if grace_seconds is None else grace_seconds
        self._cancelled.set()
        self._stop_asked.set()
        if grace_seconds is not None:
            # They may be in the middle of a longer grace.
            self._hurry = asyncio.create_task(self._instances.stop(grace_seconds))

    async def run(self) -> None:
        """Run the job to its end, whatever that is; the record tells."""
        reason = ""
        try:
            await self._stages()
        except JobFailed as failure:
            reason = str(failure)
        except DownloadCancelled:
            pass
        except asyncio.CancelledError:
            clear(self._folder)
            self._finish(_CUT_SHORT)
            raise
        except OSError as error:
            reason = f"InternalServerError: {error}"
        except Exception:
            _log.exception("training job %s", self._job.name)
            reason = "InternalServerError: a fault of this service; its log has the traceback."
        await self._end(reason)

    async def _stages(self) -> None:
        self._annotate("Preparing the instances for training")
        for host, root in self._roots.items():
            await asyncio.to_thread(root.create)
            interface = self._around.backend.network_interface
            root.write_training_config(self._job.document, host, interface)
        if self._stop_cause:
            return
        self._job.document["TrainingStartTime"] = now()
        if self._job.document.get("InputDataConfig"):
            self._enter(Secondary.DOWNLOADING)
            await self._download()
        if self._stop_cause:
            return
        self._enter(Secondary.TRAINING)
        ending = await self._train()
        self._enter(Secondary.UPLOADING)
        failed = ending.failed if self._stop_cause is None else ""
        try:
            await self._upload()
        except JobFailed:
            # Why the algorithm has failed is the better reason.
            if not failed:
                raise
        if failed:
            raise JobFailed(self._algorithm_error(failed, ending))

    async def _download(self) -> None:
        for channel in self._job.document["InputDataConfig"]:
            folders = [root.channel(channel["ChannelName"]) for root in self._roots.values()]
            try:
                await asyncio.to_thread(
                    download, self._around.objects, channel, folders, self._cancelled
                )
            except DownloadError as error:
                raise JobFailed(f"ClientError: Data download failed:{error}") from error

    async def _train(self) -> Ending:
        try:
            await self._instances.start([self._spec(host) for host in self._hosts])
        except (ContainerStartError, UnknownImageError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        ending = await self._until_exit()
        for host, outcome in ending.exits.items():
            if outcome.cpu_seconds is not None:
                with self._log_path(host).open("a", encoding="utf-8") as log:
                    log.write(f"scones: training used {outcome.cpu_seconds:.1f} CPU seconds\n")
        return ending

    def _spec(self, host: str) -> ContainerSpec:
        """Begin a host's log, and say what is to run there."""
        job, log_path = self._job, self._log_path(host)
        stream = f"{job.name}/{host}-{int(now() * 1000)}"
        log_path.unlink(missing_ok=True)
        self._around.shipper.ship(Shipment(log_path, job.region, TRAINING_GROUP, stream))
        return ContainerSpec(
            name=f"training-job/{job.name}",
            image=job.document["AlgorithmSpecification"]["TrainingImage"],
            argument=TRAIN,
            root=self._roots[host].path,
            log_path=log_path,
            instance_type=job.document["ResourceConfig"]["InstanceType"],
            host=host,
            job=f"{job.region}/{job.name}",
            environment={
                "AWS_REGION": job.region,
                "AWS_DEFAULT_REGION": job.region,
                **job.document.get("Environment", {}),
                "TRAINING_JOB_NAME": job.name,
                "TRAINING_JOB_ARN": job.document["TrainingJobArn"],
            },
        )

    def _log_path(self, host: str) -> Path:
        return self._folder / f"{host}.log"

    async def _until_exit(self) -> Ending:
        """Wait for the algorithm's end, a stop, or the end of its time."""
        document = self._job.document
        limit = document["StoppingCondition"]["MaxRuntimeInSeconds"]
        ended = asyncio.create_task(self._instances.wait())
        stopped = asyncio.create_task(self._stop_asked.wait())
        await asyncio.wait(
            [ended, stopped],
            timeout=max(0.0, document["TrainingStartTime"] + limit - now()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopped.cancel()
        if ended.done():
            return ended.result()
        self.stop(StopCause.MAX_RUNTIME)
        await self._instances.stop(self._stop_seconds)
        return await ended

    async def _upload(self) -> None:
        """Keep what the algorithm has left behind, however it has ended."""
        output = parse_uri(self._job.document["OutputDataConfig"]["S3OutputPath"])
        target = output.below(f"{self._job.name}/output")
        roots = list(self._roots.values())
        try:
            await asyncio.to_thread(upload, self._around.objects, roots, self._folder, target)
        except StorageError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from error

    async def _end(self, reason: str) -> None:
        """Deliver the logs, read algo-1's metrics, and only then tell of the end."""
        definitions = self._job.document["AlgorithmSpecification"].get("MetricDefinitions", [])
        logs = [self._log_path(host) for host in self._hosts]
        await asyncio.gather(*(self._around.shipper.close(log, _LOG_SECONDS) for log in logs))
        metrics = await asyncio.to_thread(final_metrics, logs[0], definitions, now())
        if metrics:
            self._job.document["FinalMetricDataList"] = metrics
        await asyncio.to_thread(clear, self._folder)
        self._finish(reason)

    def _finish(self, reason: str) -> None:
        if reason:
            finish(self._job, Secondary.FAILED, reason)
        elif self._stop_cause is None:
            finish(self._job, Secondary.COMPLETED)
        elif self._stop_cause is StopCause.MAX_RUNTIME:
            finish(self._job, Secondary.MAX_RUNTIME_EXCEEDED)
        elif self._stop_cause is StopCause.SHUTDOWN:
            finish(self._job, Secondary.STOPPED, _SHUT_DOWN)
        else:
            finish(self._job, Secondary.STOPPED)
        self._around.save(self._job)
        _log.info("training job %s: %s %s", self._job.name, self._job.status, reason)

    def _algorithm_error(self, host: str, ending: Ending) -> str:
        """Return a FailureReason of AWS's form, cut so that the exit code is still in it."""
        outcome = ending.exits[host]
        failure = self._roots[host].failure() or outcome.reason
        known = failure.startswith(("AlgorithmError:", "ClientError:", "InternalServerError:"))
        reason = failure if known else f"AlgorithmError: {failure}"
        tail = f", exit code: {outcome.code}"
        if len(self._hosts) > 1:
            tail += f", host: {host}"
        return f"{reason[: 1024 - len(tail)]}{tail}"

    def _enter(self, secondary: Secondary) -> None:
        move(self._job, secondary)
        self._around.save(self._job)

    def _annotate(self, message: str) -> None:
        self._job.document["SecondaryStatusTransitions"][-1]["StatusMessage"] = message
        self._around.save(self._job)


def clear(folder: Path) -> None:
    """Remove a job's data and what is in S3 now; the log stays. Blocks."""
    ContainerRoot(folder / _ROOT).remove()
    for archive in folder.glob("*.tar.gz"):
        archive.unlink()
