"""Create, Describe, List and Stop for a family of jobs; recovery after a kill, and the end."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

from scones_localstack.sagemaker.arns import arn
from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.errors import ResourceInUse, ValidationException
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.names import JobNames
from scones_localstack.sagemaker.jobs.record import RUNNING, Status, StopCause, finish, set_status
from scones_localstack.sagemaker.jobs.run import JobRun, Surroundings, clear
from scones_localstack.sagemaker.listing import DESCENDING, page
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.objects import Objects
from scones_localstack.sagemaker.requests import check_limit, tags_of
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import Resource, Store

_LAST_SECONDS = 5.0


class JobFamily(ABC):
    """The jobs of one family in this service, running and ended."""

    names: ClassVar[JobNames]
    order: ClassVar[str] = DESCENDING
    not_found: ClassVar[str] = "Could not find requested job with name: {name}"

    def __init__(
        self,
        settings: Settings,
        store: Store,
        aws: Aws,
        backend: Backend,
        shipper: LogShipper,
        http: aiohttp.ClientSession,
    ) -> None:
        self.settings = settings
        self.store = store
        self.aws = aws
        self.backend = backend
        self._shipper = shipper
        self._http = http
        self._running: dict[tuple[str, str], tuple[JobRun, asyncio.Task[None]]] = {}

    # What a family says of itself

    @property
    @abstractmethod
    def limit(self) -> tuple[int, str]:
        """How many may run at once, and the option that says so."""

    @abstractmethod
    async def describe_request(self, call: Call) -> tuple[Document, dict[str, Any]]:
        """Return a job's description and this service's plan for it.

        Raises:
            ServiceError: the request cannot be met.
        """

    @abstractmethod
    def new_run(self, job: Resource, folder: Path, around: Surroundings) -> JobRun:
        """Return what will run a job."""

    @abstractmethod
    def summary(self, job: Resource) -> Document:
        """Return a job as List shows it."""

    def mark_begun(self, job: Resource) -> None:
        """Bring a new job's record into its first state."""
        set_status(job, self.names, Status.IN_PROGRESS)

    def mark_failed(self, job: Resource, reason: str) -> None:
        """Bring a job's record into the state of one that has failed."""
        finish(job, self.names, Status.FAILED, reason)

    # Operations

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        word = self.names.word
        return {
            f"Create{word}Job": self.create,
            f"Describe{word}Job": self.describe,
            f"List{word}Jobs": self.list,
            f"Stop{word}Job": self.stop,
        }

    async def create(self, call: Call) -> Document:
        """Keep a job's record and start its run."""
        names, region = self.names, call.region
        name = call.parameters[names.name]
        job_arn = arn(names.kind, region, name)
        with new_name(self.store, names.kind, region, name, self._name_taken(job_arn)):
            document, plan = await self.describe_request(call)
            limit, option = self.limit
            check_limit(f"{names.noun}s at once", len(self._running), limit, option)
            document = {names.name: name, names.arn: job_arn, **document}
            tags = tags_of(call.parameters)
            job = Resource(names.kind, region, name, document, plan=plan, tags=tags)
            self.mark_begun(job)
            self.store.add(job)
        self._start(job)
        return {names.arn: job_arn}

    async def describe(self, call: Call) -> Document:
        """Return a job's record."""
        job = self.find(call)
        return job.document | {"CreationTime": job.created}

    async def list(self, call: Call) -> Document:
        """Return summaries of jobs."""
        names = self.names
        return page(self.store, call, names.kind, names.summaries, self.summary, self.order)

    async def stop(self, call: Call) -> Document:
        """Ask a running job to stop."""
        job = self.find(call)
        running = self._running.get((job.region, job.name))
        if job.status not in RUNNING or running is None:
            raise ValidationException(
                f"The request was rejected because the {self.names.noun} is in status {job.status}."
            )
        running[0].stop(StopCause.REQUEST)
        return {}

    # The service's own life

    def recover(self) -> None:
        """Fail the jobs that were running when an earlier service was killed."""
        for job in self.store.every(self.names.kind):
            if job.status in RUNNING:
                clear(self._folder(job))
                reason = (
                    "InternalServerError: The SageMaker service ended while the job was running. "
                    f"Create the {self.names.noun} again."
                )
                self.mark_failed(job, reason)
                self.store.save(job)

    async def shutdown(self) -> None:
        """Stop the running jobs and wait for their end, within seconds."""
        tasks = [task for _, task in self._running.values()]
        for run, _ in list(self._running.values()):
            run.stop(StopCause.SHUTDOWN, self.settings.shutdown_seconds)
        if tasks:
            seconds = self.settings.shutdown_seconds + _LAST_SECONDS
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def check_image(self, image: str) -> None:
        """Return if an image can be run.

        Raises:
            ValidationException: it cannot; the message says what to do.
        """
        try:
            await self.backend.check_image(image)
        except UnknownImageError as error:
            raise ValidationException(str(error)) from error

    def _start(self, job: Resource) -> None:
        around = Surroundings(
            backend=self.backend,
            aws=self.aws,
            objects=Objects(self.aws, job.region),
            shipper=self._shipper,
            http=self._http,
            save=self.store.save,
            stop_seconds=self.settings.stop_seconds,
            startup_seconds=self.settings.startup_seconds,
        )
        run = self.new_run(job, self._folder(job), around)
        task = asyncio.create_task(run.run(), name=f"{self.names.kind}/{job.name}")
        key = (job.region, job.name)
        self._running[key] = (run, task)
        task.add_done_callback(lambda _: self._running.pop(key))

    def find(self, call: Call) -> Resource:
        """Return the job that a request names.

        Raises:
            ValidationException: there is none.
        """
        name = call.parameters[self.names.name]
        job = self.store.find(self.names.kind, call.region, name)
        if job is None:
            raise ValidationException(self.not_found.format(name=name))
        return job

    def _folder(self, job: Resource) -> Path:
        return self.settings.folder / f"{self.names.kind}s" / job.region / job.name

    def _name_taken(self, job_arn: str) -> ResourceInUse:
        noun = self.names.noun
        return ResourceInUse(
            f"{noun.capitalize()} names must be unique within an AWS account and region, "
            f"and a {noun} with this name already exists ({job_arn})"
        )
