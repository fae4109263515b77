"""One processing job's run, stage by stage.

inputs from S3 ─▶ program, its outputs to S3 meanwhile or afterwards ─▶ exit message
"""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.arns import PROCESSING_JOB
from scones_localstack.sagemaker.backends import (
    Container,
    ContainerSpec,
    ContainerStartError,
    Exit,
)
from scones_localstack.sagemaker.contract import translated
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.inputs import (
    DownloadError,
    fetch,
    listed,
)
from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.jobs.record import StopCause
from scones_localstack.sagemaker.jobs.run import (
    ROOT,
    JobFailed,
    JobRun,
    Surroundings,
)
from scones_localstack.sagemaker.jobs.sync import SyncedFolder
from scones_localstack.sagemaker.monitoring import metrics
from scones_localstack.sagemaker.objects import StorageError, parse_uri
from scones_localstack.sagemaker.processing.contract import (
    MessageError,
    exit_message,
    relative,
    write_config,
)
from scones_localstack.sagemaker.store import Resource, now

NAMES = JobNames("Processing", PROCESSING_JOB)


class ProcessingRun(JobRun):
    """Runs one processing job."""

    names = NAMES

    def __init__(self, job: Resource, folder: Path, around: Surroundings) -> None:
        super().__init__(job, folder, around)
        self._root = folder / ROOT
        outputs = job.document.get("ProcessingOutputConfig", {}).get("Outputs", ())
        self._outputs: list[SyncedFolder] = []
        self._continuous: list[SyncedFolder] = []
        for place in (output["S3Output"] for output in outputs):
            target = parse_uri(place["S3Uri"])
            synced = SyncedFolder(around.objects, self._root, _below_root(place), target)
            self._outputs.append(synced)
            if place["S3UploadMode"] == "Continuous":
                self._continuous.append(synced)

    async def stages(self) -> None:
        """Run the program over its folders."""
        self.begin()
        await asyncio.to_thread(self._prepare)
        for entry in self.job.document.get("ProcessingInputs", ()):
            self.check_stop()
            await self._download(entry["S3Input"])
        self.check_stop()
        outcome = await self._process()
        message = await asyncio.to_thread(self._message)
        if message:
            self.job.document["ExitMessage"] = message
        sound = self.stop_cause is None and not outcome.failed
        await self._upload(self._outputs if sound else self._continuous)
        if sound and "MonitoringScheduleArn" in self.job.document:
            aws, region = self.around.aws, self.job.region
            await asyncio.to_thread(metrics.publish, aws, region, self._root, self.job.document)
        if outcome.failed and self.stop_cause is None:
            said = outcome.reason or "See job logs for more information"
            raise JobFailed(f"AlgorithmError: {said}, exit code: {outcome.code}")

    def _prepare(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        for name in ("output", "processing", *(folder.name for folder in self._outputs)):
            (self._root / name).mkdir(parents=True, exist_ok=True)
        write_config(self._root, self.job.document, self.around.backend.sees(self._root))

    async def _download(self, source: dict[str, Any]) -> None:
        objects, folder = self.around.objects, self._root / _below_root(source)
        try:
            wanted = await asyncio.to_thread(listed, objects, source)
            files = [(uri, folder / path) for uri, path in wanted]
            await asyncio.to_thread(fetch, objects, files, folder, self.cancelled)
        except DownloadError as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from error

    async def _process(self) -> Exit:
        log_path = self.ship(
            self.folder / "algo-1.log", f"{self.job.name}/algo-1-{int(now() * 1000)}"
        )
        try:
            container = await self.around.backend.start(self._spec(log_path))
        except (ContainerStartError, UnknownImageError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        self.watch(container)
        with self._pushing(container):
            return await self._until_exit(container)

    def _spec(self, log_path: Path) -> ContainerSpec:
        job = self.job.document
        application = job["AppSpecification"]
        root = self.around.backend.sees(self._root)

        def words(member: str) -> tuple[str, ...]:
            return tuple(translated(word, root) for word in application.get(member, ()))

        variables = job.get("Environment", {})
        return ContainerSpec(
            name=f"{self.names.kind}/{self.job.name}",
            image=application["ImageUri"],
            argument="",
            root=self._root,
            log_path=log_path,
            instance_type=job["ProcessingResources"]["ClusterConfig"]["InstanceType"],
            job=f"{self.names.kind}/{self.job.region}/{self.job.name}",
            entrypoint=words("ContainerEntrypoint"),
            arguments=words("ContainerArguments"),
            leaves=("output", *(folder.name for folder in self._outputs)),
            environment={
                "AWS_REGION": self.job.region,
                "AWS_DEFAULT_REGION": self.job.region,
                **{name: translated(value, root) for name, value in variables.items()},
            },
        )

    @contextlib.contextmanager
    def _pushing(self, container: Container) -> Iterator[None]:
        """Have the continuous outputs taken to S3 meanwhile."""
        tasks = [asyncio.create_task(folder.keep_pushing(container)) for folder in self._continuous]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _until_exit(self, container: Container) -> Exit:
        """Wait for the program's end, a stop, or the end of its time."""
        limit = self.job.document["StoppingCondition"]["MaxRuntimeInSeconds"]
        ended = asyncio.create_task(container.wait())
        left = max(0.0, self.job.document[self.names.start] + limit - now())
        if not await self.until(ended, timeout=left):
            self.stop(StopCause.MAX_RUNTIME)
            await self.end(container)
        return await ended

    def _message(self) -> str:
        try:
            return exit_message(self._root)
        except MessageError as error:
            raise JobFailed(f"ClientError: {error}") from error

    async def _upload(self, folders: list[SyncedFolder]) -> None:
        try:
            for folder in folders:
                await asyncio.to_thread(folder.push)
        except StorageError as error:
            raise JobFailed(f"ClientError: Output upload failed:{error}") from error


def _below_root(place: dict[str, Any]) -> str:
    name = relative(place["LocalPath"])
    if name is None:
        raise ValueError(f"{place['LocalPath']} is not below /opt/ml/processing")
    return name
