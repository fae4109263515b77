"""One training job's run, stage by stage.

Starting ─▶ Downloading ─▶ Training ─▶ Uploading ─▶ Completed
                 │             │            ├─────▶ Failed               (exit code not 0)
                 │             └▶ Stopping ─┴─────▶ Stopped, MaxRuntimeExceeded
                 └▶ Failed, Stopped
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scones_localstack.sagemaker.arns import TRAINING_JOB
from scones_localstack.sagemaker.backends import TRAIN, ContainerSpec, ContainerStartError
from scones_localstack.sagemaker.contract import OPT_ML, ContainerRoot, host_names, translated
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.inputs import DownloadError
from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.jobs.record import StopCause
from scones_localstack.sagemaker.jobs.run import (
    ROOT,
    SHUT_DOWN,
    JobFailed,
    JobRun,
    Surroundings,
)
from scones_localstack.sagemaker.jobs.sync import SyncedFolder
from scones_localstack.sagemaker.objects import StorageError, parse_uri
from scones_localstack.sagemaker.store import Resource, now
from scones_localstack.sagemaker.training.artifacts import upload
from scones_localstack.sagemaker.training.channels import InputChannels
from scones_localstack.sagemaker.training.instances import Ending, Instances
from scones_localstack.sagemaker.training.metric_tail import JobMetrics
from scones_localstack.sagemaker.training.status import Secondary, finish, move

NAMES = JobNames("Training", TRAINING_JOB)

_PUBLISH_SECONDS = 5.0
_FINAL = {
    None: Secondary.COMPLETED,
    StopCause.REQUEST: Secondary.STOPPED,
    StopCause.SHUTDOWN: Secondary.STOPPED,
    StopCause.MAX_RUNTIME: Secondary.MAX_RUNTIME_EXCEEDED,
}
_log = logging.getLogger(__name__)


class TrainingRun(JobRun):
    """Runs one training job."""

    names = NAMES

    def __init__(self, job: Resource, folder: Path, around: Surroundings) -> None:
        super().__init__(job, folder, around)
        document = job.document
        self._roots = {host: ContainerRoot(folder / ROOT / host) for host in host_names(document)}
        self._instances = Instances(around.backend)
        self.watch(self._instances)
        self._inputs = InputChannels(around.objects, document, list(self._roots.values()))
        self._checkpoints = self._synced(document.get("CheckpointConfig"))
        first = next(iter(self._roots))
        self._metrics = JobMetrics(around.aws, job, self._log_path(first))
        self._cut_off = ""

    async def stages(self) -> None:
        """Train, and keep what is left behind however that ends."""
        self._annotate("Preparing the instances for training")
        await asyncio.to_thread(self._prepare)
        self.check_stop()
        self.begin()
        await self._bring()
        self.check_stop()
        self._enter(Secondary.TRAINING)
        ending = await self._train()
        self._enter(Secondary.UPLOADING)
        failed = ending.failed if self.stop_cause is None else ""
        try:
            await self._upload()
        except JobFailed:
            # Why the algorithm has failed is the better reason.
            if not failed:
                raise
        if failed:
            raise JobFailed(self._algorithm_error(failed, ending))
        if self._cut_off:
            raise JobFailed(f"ClientError: Data download failed:{self._cut_off}")

    async def conclude(self) -> None:
        """Read what metrics are left in the log."""
        reading = asyncio.create_task(asyncio.to_thread(self._metrics.conclude))
        await asyncio.wait([reading], timeout=_PUBLISH_SECONDS)
        final = self._metrics.final()
        if final:
            self.job.document["FinalMetricDataList"] = final

    def mark_stopping(self) -> None:
        """Tell that the job is being stopped."""
        self._enter(Secondary.STOPPING)

    def finish(self, reason: str) -> None:
        """Tell of the end."""
        if reason:
            finish(self.job, Secondary.FAILED, reason)
        else:
            said = SHUT_DOWN if self.stop_cause is StopCause.SHUTDOWN else ""
            finish(self.job, _FINAL[self.stop_cause], said)
        self.save()
        _log.info("training job %s: %s %s", self.job.name, self.job.status, reason)

    def _prepare(self) -> None:
        for host, root in self._roots.items():
            root.create()
            interface = self.around.backend.network_interface
            root.write_training_config(self.job.document, host, interface)

    async def _bring(self) -> None:
        """Bring data and checkpoints to the hosts."""
        if not ({"InputDataConfig", "CheckpointConfig"} & set(self.job.document)):
            return
        self._enter(Secondary.DOWNLOADING)
        try:
            await asyncio.to_thread(self._inputs.bring, self.cancelled)
            for folder in self._checkpoints.values():
                await asyncio.to_thread(folder.pull, self.cancelled)
        except (DownloadError, StorageError) as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from error

    async def _train(self) -> Ending:
        try:
            await self._instances.start([self._spec(host) for host in self._roots])
        except (ContainerStartError, UnknownImageError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        with self._meanwhile():
            ending = await self._until_exit()
        self._cut_off = await asyncio.to_thread(self._inputs.close)
        for host, outcome in ending.exits.items():
            if outcome.cpu_seconds is not None:
                with self._log_path(host).open("a", encoding="utf-8") as log:
                    log.write(f"scones: training used {outcome.cpu_seconds:.1f} CPU seconds\n")
        return ending

    def _spec(self, host: str) -> ContainerSpec:
        """Begin a host's log, and say what is to run there."""
        job, document, root = self.job, self.job.document, self._roots[host].path
        algorithm = document["AlgorithmSpecification"]
        entrypoint, arguments = (
            tuple(
                translated(word, self.around.backend.sees(root))
                for word in algorithm.get(member, ())
            )
            for member in ("ContainerEntrypoint", "ContainerArguments")
        )
        return ContainerSpec(
            name=f"training-job/{job.name}",
            image=algorithm["TrainingImage"],
            argument="" if entrypoint else TRAIN,
            root=root,
            log_path=self.ship(self._log_path(host), f"{job.name}/{host}-{int(now() * 1000)}"),
            instance_type=document["ResourceConfig"]["InstanceType"],
            host=host,
            job=f"{job.region}/{job.name}",
            entrypoint=entrypoint,
            arguments=arguments,
            leaves=("model", "output", *{folder.name for folder in self._checkpoints.values()}),
            environment={
                "AWS_REGION": job.region,
                "AWS_DEFAULT_REGION": job.region,
                **document.get("Environment", {}),
                "TRAINING_JOB_NAME": job.name,
                "TRAINING_JOB_ARN": document["TrainingJobArn"],
            },
        )

    @contextlib.contextmanager
    def _meanwhile(self) -> Iterator[None]:
        """Fill pipes, keep checkpoints and publish metrics while the containers run."""
        self._inputs.start()
        containers = self._instances.containers
        work = [folder.keep_pushing(containers[host]) for host, folder in self._checkpoints.items()]
        tasks = [asyncio.create_task(each) for each in (*work, self._metrics.keep_publishing())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _until_exit(self) -> Ending:
        """Wait for the algorithm's end, a stop, or the end of its time."""
        document = self.job.document
        limit = document["StoppingCondition"]["MaxRuntimeInSeconds"]
        ended = asyncio.create_task(self._instances.wait())
        left = max(0.0, document[NAMES.start] + limit - now())
        if not await self.until(ended, timeout=left):
            self.stop(StopCause.MAX_RUNTIME)
            await self.end(self._instances)
        return await ended

    async def _upload(self) -> None:
        """Keep what the algorithm has left behind, however it has ended."""
        output = parse_uri(self.job.document["OutputDataConfig"]["S3OutputPath"])
        target = output.below(f"{self.job.name}/output")
        roots = list(self._roots.values())
        try:
            for folder in self._checkpoints.values():
                await asyncio.to_thread(folder.push)
            await asyncio.to_thread(upload, self.around.objects, roots, self.folder, target)
        except StorageError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from error

    def _synced(self, config: dict[str, str] | None) -> dict[str, SyncedFolder]:
        """Return the checkpoint folder of each host."""
        if config is None:
            return {}
        name = str(PurePosixPath(config["LocalPath"]).relative_to(OPT_ML))
        target, objects = parse_uri(config["S3Uri"]), self.around.objects
        return {
            host: SyncedFolder(objects, root.path, name, target)
            for host, root in self._roots.items()
        }

    def _algorithm_error(self, host: str, ending: Ending) -> str:
        """Return a FailureReason of AWS's form, cut so that the exit code is still in it."""
        outcome = ending.exits[host]
        failure = self._roots[host].failure() or outcome.reason
        known = failure.startswith(("AlgorithmError:", "ClientError:", "InternalServerError:"))
        reason = failure if known else f"AlgorithmError: {failure}"
        tail = f", exit code: {outcome.code}"
        if len(self._roots) > 1:
            tail += f", host: {host}"
        return f"{reason[: 1024 - len(tail)]}{tail}"

    def _log_path(self, host: str) -> Path:
        return self.folder / f"{host}.log"

    def _enter(self, secondary: Secondary) -> None:
        move(self.job, secondary)
        self.save()

    def _annotate(self, message: str) -> None:
        self.job.document["SecondaryStatusTransitions"][-1]["StatusMessage"] = message
        self.save()
