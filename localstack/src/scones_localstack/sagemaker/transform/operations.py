"""CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.front.control import Call, Document
from scones_localstack.sagemaker.hosting.models import find_model
from scones_localstack.sagemaker.jobs.family import JobFamily
from scones_localstack.sagemaker.jobs.run import JobRun, Surroundings
from scones_localstack.sagemaker.store import Resource
from scones_localstack.sagemaker.transform.request import describe
from scones_localstack.sagemaker.transform.run import NAMES, TransformRun

_SUMMARY = (NAMES.name, NAMES.arn, NAMES.status, NAMES.end, "FailureReason")


class TransformJobs(JobFamily):
    """The batch transform jobs of this service, running and ended."""

    names = NAMES

    @property
    def limit(self) -> tuple[int, str]:
        """How many may run at once."""
        return self.settings.max_transform_jobs, "--max-transform-jobs"

    async def describe_request(self, call: Call) -> tuple[Document, dict[str, Any]]:
        """Return a job's description, and the container of its model as it is now."""
        document = describe(call.parameters)
        model = find_model(self.store, call.region, document["ModelName"])
        container = model.document["PrimaryContainer"]
        await self.check_image(container["Image"])
        return document, {"container": container}

    def new_run(self, job: Resource, folder: Path, around: Surroundings) -> JobRun:
        """Return what will run a job."""
        return TransformRun(job, folder, around)

    def summary(self, job: Resource) -> Document:
        """Return a job as ListTransformJobs shows it."""
        return {name: job.document[name] for name in _SUMMARY if name in job.document} | {
            "CreationTime": job.created,
            "LastModifiedTime": job.modified,
        }
