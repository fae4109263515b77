"""One batch transform job's run, stage by stage.

    model in place ─▶ server up ─▶ its parameters ─▶ objects, several at once ─▶ outputs to S3

An object that fails does not keep the others from S3, but makes the job fail. A job that is stopped
leaves nothing there.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.arns import TRANSFORM_JOB
from scones_localstack.sagemaker.backends import (
    SERVE,
    Container,
    ContainerSpec,
    ContainerStartError,
)
from scones_localstack.sagemaker.hosting.artifacts import ModelArtifact, ModelDataError
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.inputs import (
    DownloadCancelled,
    DownloadError,
    fetch,
    listed,
)
from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.jobs.run import JobFailed, JobRun, Surroundings
from scones_localstack.sagemaker.model_server import said, trouble_at_start
from scones_localstack.sagemaker.objects import S3Uri, StorageError, parse_uri, patiently
from scones_localstack.sagemaker.store import Resource, now
from scones_localstack.sagemaker.transform.association import AssociationError
from scones_localstack.sagemaker.transform.capture import write_manifest
from scones_localstack.sagemaker.transform.client import (
    ModelClient,
    RefusedError,
    execution_parameters,
)
from scones_localstack.sagemaker.transform.objects import ObjectTransform
from scones_localstack.sagemaker.transform.plan import environment, sending_plan
from scones_localstack.sagemaker.transform.records import RecordError
from scones_localstack.sagemaker.transform.request import association_of

_SEE_LOGS = "See job logs for more information"
_NO_PING = (
    "AlgorithmError: Model container failed to respond to ping; Please ensure /ping endpoint is "
    "implemented and responds with an HTTP 200 status code."
)
NAMES = JobNames("Transform", TRANSFORM_JOB)


@dataclass(frozen=True)
class _Item:
    """One object on its way: where it is from, its files here, and where its output goes."""

    source: S3Uri
    input: Path
    output: Path
    target: S3Uri


class TransformRun(JobRun):
    """Runs one batch transform job."""

    names = NAMES

    def __init__(self, job: Resource, folder: Path, around: Surroundings) -> None:
        super().__init__(job, folder, around)
        self._model: dict[str, Any] = job.plan["container"]
        self._stream = f"{job.name}/i-{uuid.uuid4().hex[:17]}-{int(now() * 1000)}"
        self._failures: list[Exception] = []

    async def stages(self) -> None:
        """Transform all objects with a server of the job's own."""
        self.begin()
        items = await self._items()
        container = await self._serve()
        try:
            done = await self._work(container, items)
        finally:
            await self.end(container)
        self.check_stop()
        await asyncio.to_thread(self._deliver, done)
        if self._failures:
            kinds = [
                isinstance(error, RefusedError) and not error.clients for error in self._failures
            ]
            raise JobFailed(f"{'AlgorithmError' if any(kinds) else 'ClientError'}: {_SEE_LOGS}")

    async def _items(self) -> list[_Item]:
        """Return what there is to do."""
        job = self.job.document
        output = parse_uri(job["TransformOutput"]["S3OutputPath"])
        source = job["TransformInput"]["DataSource"]["S3DataSource"]
        try:
            wanted = await asyncio.to_thread(listed, self.around.objects, source)
        except DownloadError as error:
            raise JobFailed(f"ClientError: {error}") from error
        return [
            _Item(
                uri,
                self.folder / "input" / str(number),
                self.folder / "output" / str(number),
                output.below(f"{path}.out"),
            )
            for number, (uri, path) in enumerate(wanted)
        ]

    async def _serve(self) -> Container:
        """Start the model server and wait for its first answer."""
        around, job = self.around, self.job
        artifact = ModelArtifact(
            around.objects, self._model.get("ModelDataUrl", ""), self.folder / "model"
        )
        try:
            await asyncio.to_thread(artifact.install)
        except ModelDataError as error:
            raise JobFailed(f"ClientError: {error}") from error
        self.check_stop()
        log_path = self.ship(self.folder / "server.log", self._stream)
        spec = ContainerSpec(
            name=f"{self.names.kind}/{job.name}",
            image=self._model["Image"],
            argument=SERVE,
            root=artifact.root.path,
            log_path=log_path,
            instance_type=job.document["TransformResources"]["InstanceType"],
            environment={
                "AWS_REGION": job.region,
                "AWS_DEFAULT_REGION": job.region,
                **self._model.get("Environment", {}),
                **job.document.get("Environment", {}),
                **environment(job.document),
            },
        )
        try:
            container = await around.backend.start(spec)
        except (ContainerStartError, UnknownImageError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        self.watch(container)
        started = asyncio.create_task(
            trouble_at_start(container, around.http, around.startup_seconds, log_path)
        )
        try:
            await self.until(started)
        finally:
            started.cancel()
        if started.done() and started.result():
            raise JobFailed(f"{_NO_PING} {started.result()}")
        return container

    async def _work(self, container: Container, items: Sequence[_Item]) -> list[_Item]:
        """Transform the objects; return those that came through."""
        self.check_stop()
        transform = await self._prepare(container)
        queue = list(reversed(items))
        done: list[_Item] = []
        ended = asyncio.create_task(container.wait())

        async def work() -> None:
            while queue:
                item = queue.pop()
                if await self._transform(transform, item):
                    done.append(item)

        workers = asyncio.gather(*(work() for _ in range(transform.plan.concurrent)))
        try:
            await self.until(ended, asyncio.ensure_future(workers))
            if ended.done() and not self.stop_cause:
                trouble = f"The model server ended with {ended.result()}."
                raise JobFailed(f"AlgorithmError: {trouble}{said(self.logs[0])}")
        finally:
            ended.cancel()
            workers.cancel()
            await asyncio.gather(workers, return_exceptions=True)
        self.check_stop()
        return sorted(done, key=items.index)

    async def _prepare(self, container: Container) -> ObjectTransform:
        job = self.job.document
        http = self.around.http
        try:
            plan = sending_plan(job, await execution_parameters(http, container.address))
        except (ValueError, TypeError) as error:
            raise JobFailed(f"AlgorithmError: {error}") from error
        self._data_log = self.ship(self.folder / "data.log", f"{self._stream}/data-log")
        self._say(str(plan))
        moment = datetime.fromtimestamp(job[self.names.start], UTC)
        asked, wanted = job["TransformInput"], job["TransformOutput"]
        headers = {
            name: value
            for name, value in (
                ("Content-Type", asked.get("ContentType")),
                ("Accept", wanted.get("Accept")),
            )
            if value
        }
        return ObjectTransform(
            client=ModelClient(http, container.address, plan, headers),
            plan=plan,
            association=association_of(job, moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
            split_type=asked.get("SplitType", "None"),
            compressed=asked.get("CompressionType", "None") == "Gzip",
            by_line=wanted.get("AssembleWith", "None") == "Line",
        )

    async def _transform(self, transform: ObjectTransform, item: _Item) -> bool:
        """Transform one object; what is wrong with it goes to the log and is kept."""
        where = f"{item.source.bucket}/{item.source.key}"
        try:
            await asyncio.to_thread(
                fetch,
                self.around.objects,
                [(item.source, item.input)],
                self.folder / "input",
                self.cancelled,
            )
            await transform.transform(item.input, item.output)
        except (RecordError, AssociationError, DownloadError) as error:
            self._failures.append(error)
            self._say(f"{where}: ClientError: {error}")
        except RefusedError as error:
            self._failures.append(error)
            for line in error.lines:
                self._say(f"{where}: {line}")
        except DownloadCancelled:
            pass
        else:
            return True
        finally:
            item.input.unlink(missing_ok=True)
        item.output.unlink(missing_ok=True)
        return False

    def _deliver(self, done: Sequence[_Item]) -> None:
        """Take outputs, and the manifests of a capture, to S3; blocks."""
        objects, job = self.around.objects, self.job.document
        try:
            for item in done:
                patiently(partial(objects.upload, item.output, item.target))
            if "DataCaptureConfig" in job:
                destination = parse_uri(job["DataCaptureConfig"]["DestinationS3Uri"])
                moment = job[self.names.start]
                sides = {
                    "input": [item.source for item in done],
                    "output": [item.target for item in done],
                }
                for side, uris in sides.items():
                    write_manifest(objects, destination, side, moment, uris)
        except StorageError as error:
            raise JobFailed(f"ClientError: Output upload failed:{error}") from error

    def _say(self, text: str) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        with self._data_log.open("a", encoding="utf-8") as log:
            log.write(f"{moment}:[sagemaker logs]: {text}\n")
