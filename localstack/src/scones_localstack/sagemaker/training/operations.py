"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

import asyncio
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document
from scones_localstack.sagemaker.jobs.family import JobFamily
from scones_localstack.sagemaker.jobs.inputs import missing_data
from scones_localstack.sagemaker.jobs.run import JobRun, Surroundings
from scones_localstack.sagemaker.listing import ASCENDING
from scones_localstack.sagemaker.objects import Objects, StorageError, parse_uri
from scones_localstack.sagemaker.store import Resource
from scones_localstack.sagemaker.training.fields import FIELDS
from scones_localstack.sagemaker.training.request import describe
from scones_localstack.sagemaker.training.run import NAMES, TrainingRun
from scones_localstack.sagemaker.training.status import Secondary, finish, move

_SUMMARY = (NAMES.name, NAMES.arn, NAMES.status, "SecondaryStatus", NAMES.end)


class TrainingJobs(JobFamily):
    """The training jobs of this service, running and ended."""

    names = NAMES
    order = ASCENDING
    not_found = "Requested resource not found."

    @property
    def limit(self) -> tuple[int, str]:
        """How many may run at once."""
        return self.settings.max_training_jobs, "--max-training-jobs"

    async def describe_request(self, call: Call) -> tuple[Document, dict[str, Any]]:
        """Return a job's description."""
        document = describe(call.parameters, self.backend)
        await self.check_image(document["AlgorithmSpecification"]["TrainingImage"])
        await self._check_data(document, call.region)
        output = parse_uri(document["OutputDataConfig"]["S3OutputPath"])
        artifact = output.below(f"{call.parameters[NAMES.name]}/output/model.tar.gz")
        return document | {"ModelArtifacts": {"S3ModelArtifacts": str(artifact)}}, {}

    def new_run(self, job: Resource, folder: Path, around: Surroundings) -> JobRun:
        """Return what will run a job."""
        return TrainingRun(job, folder, around)

    def mark_begun(self, job: Resource) -> None:
        """Bring a new job's record into its first state."""
        move(job, Secondary.STARTING)

    def mark_failed(self, job: Resource, reason: str) -> None:
        """Bring a job's record into the state of one that has failed."""
        finish(job, Secondary.FAILED, reason)

    async def describe(self, call: Call) -> Document:
        """Return a job's record."""
        document = await super().describe(call)
        return document | {"LastModifiedTime": self.find(call).modified}

    async def list(self, call: Call) -> Document:
        """Return summaries of jobs."""
        check_fields(FIELDS, "ListTrainingJobs", call.parameters)
        return await super().list(call)

    def summary(self, job: Resource) -> Document:
        """Return a job as ListTrainingJobs shows it."""
        return {name: job.document[name] for name in _SUMMARY if name in job.document} | {
            "CreationTime": job.created,
            "LastModifiedTime": job.modified,
        }

    async def _check_data(self, document: Document, region: str) -> None:
        """Raise AWS's error if input data is missing; where S3 is away the run will tell."""
        objects = Objects(self.aws, region)
        for channel in document.get("InputDataConfig", ()):
            uri = parse_uri(channel["DataSource"]["S3DataSource"]["S3Uri"])
            try:
                missing = await asyncio.to_thread(
                    missing_data, objects, uri, document["RoleArn"], region
                )
            except StorageError:
                return
            if missing:
                raise ValidationException(missing)
