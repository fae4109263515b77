"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from scones_localstack.sagemaker.arns import TRAINING_JOB, arn
from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.errors import ResourceInUse, ValidationException
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.jobs.inputs import missing_data
from scones_localstack.sagemaker.listing import ASCENDING, page
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.objects import Objects, StorageError, parse_uri
from scones_localstack.sagemaker.requests import check_limit, s3_uri, tags_of
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import NameTakenError, Resource, Store
from scones_localstack.sagemaker.training.request import describe
from scones_localstack.sagemaker.training.run import (
    StopCause,
    Surroundings,
    TrainingRun,
    clear,
)
from scones_localstack.sagemaker.training.status import RUNNING, Secondary, finish, move

_UPLOAD_SECONDS = 5.0
_INTERRUPTED = (
    "InternalServerError: The SageMaker service ended while the job was running. "
    "Create the training job again."
)


class TrainingJobs:
    """The training jobs of this service, running and ended."""

    def __init__(
        self, settings: Settings, store: Store, aws: Aws, backend: Backend, shipper: LogShipper
    ) -> None:
        self._settings = settings
        self._store = store
        self._aws = aws
        self._backend = backend
        self._shipper = shipper
        self._running: dict[tuple[str, str], tuple[TrainingRun, asyncio.Task[None]]] = {}

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "ListTrainingJobs": self.list,
            "StopTrainingJob": self.stop,
        }

    def recover(self) -> None:
        """Fail the jobs that were running when an earlier service was killed."""
        for job in self._store.every(TRAINING_JOB):
            if job.status in RUNNING:
                clear(self._folder(job))
                finish(job, Secondary.FAILED, _INTERRUPTED)
                self._store.save(job)

    async def shutdown(self) -> None:
        """Stop the running jobs and wait for their end, within seconds."""
        tasks = [task for _, task in self._running.values()]
        for run, _ in list(self._running.values()):
            run.stop(StopCause.SHUTDOWN, self._settings.shutdown_seconds)
        if tasks:
            seconds = self._settings.shutdown_seconds + _UPLOAD_SECONDS
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def create(self, call: Call) -> Document:
        """Keep a job's record and start its run."""
        asked, region = call.parameters, call.region
        name = asked["TrainingJobName"]
        job_arn = arn(TRAINING_JOB, region, name)
        if self._store.find(TRAINING_JOB, region, name):
            raise _name_taken(job_arn)
        document = describe(asked, self._backend.max_hosts)
        try:
            await self._backend.check_image(document["AlgorithmSpecification"]["TrainingImage"])
        except UnknownImageError as error:
            raise ValidationException(str(error)) from error
        limit = self._settings.max_training_jobs
        check_limit("training jobs at once", len(self._running), limit, "--max-training-jobs")
        await self._check_data(document, region)
        job = Resource(TRAINING_JOB, region, name, {}, tags=tags_of(asked))
        job.document = {"TrainingJobName": name, "TrainingJobArn": job_arn, **document}
        output = s3_uri(document["OutputDataConfig"]["S3OutputPath"], "S3OutputPath")
        artifact = str(output.below(f"{name}/output/model.tar.gz"))
        job.document["ModelArtifacts"] = {"S3ModelArtifacts": artifact}
        move(job, Secondary.STARTING)
        try:
            self._store.add(job)
        except NameTakenError as error:
            raise _name_taken(job_arn) from error
        self._start(job)
        return {"TrainingJobArn": job_arn}

    async def describe(self, call: Call) -> Document:
        """Return a job's record."""
        job = self._find(call)
        return job.document | {"CreationTime": job.created, "LastModifiedTime": job.modified}

    async def list(self, call: Call) -> Document:
        """Return summaries of jobs."""
        return page(self._store, call, TRAINING_JOB, "TrainingJobSummaries", _summary, ASCENDING)

    async def stop(self, call: Call) -> Document:
        """Ask a running job to stop."""
        job = self._find(call)
        key = (job.region, job.name)
        if job.status not in RUNNING or key not in self._running:
            raise ValidationException(
                f"The request was rejected because the training job is in status {job.status}."
            )
        run, _ = self._running[key]
        run.stop(StopCause.REQUEST)
        return {}

    def _find(self, call: Call) -> Resource:
        name = call.parameters["TrainingJobName"]
        job = self._store.find(TRAINING_JOB, call.region, name)
        if job is None:
            raise ValidationException("Requested resource not found.")
        return job

    async def _check_data(self, document: Document, region: str) -> None:
        """Raise AWS's error if input data is missing; where S3 is away the run will tell."""
        objects = Objects(self._aws, region)
        for channel in document.get("InputDataConfig", ()):
            try:
                uri = parse_uri(channel["DataSource"]["S3DataSource"]["S3Uri"])
                missing = await asyncio.to_thread(
                    missing_data, objects, uri, document["RoleArn"], region
                )
            except StorageError:
                return
            if missing:
                raise ValidationException(missing)

    def _start(self, job: Resource) -> None:
        around = Surroundings(
            backend=self._backend,
            objects=Objects(self._aws, job.region),
            shipper=self._shipper,
            save=self._store.save,
            stop_seconds=self._settings.stop_seconds,
        )
        run = TrainingRun(job, self._folder(job), around)
        task = asyncio.create_task(run.run(), name=f"training-job/{job.name}")
        key = (job.region, job.name)
        self._running[key] = (run, task)
        task.add_done_callback(lambda _: self._running.pop(key))

    def _folder(self, job: Resource) -> Path:
        return self._settings.folder / "training-jobs" / job.region / job.name


def _summary(job: Resource) -> Document:
    names = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "SecondaryStatus")
    summary = {name: job.document[name] for name in names}
    if "TrainingEndTime" in job.document:
        summary["TrainingEndTime"] = job.document["TrainingEndTime"]
    return summary | {"CreationTime": job.created, "LastModifiedTime": job.modified}


def _name_taken(job_arn: str) -> ResourceInUse:
    return ResourceInUse(
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({job_arn})"
    )
