"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.front.control import Call, Document
from scones_localstack.sagemaker.jobs.family import JobFamily
from scones_localstack.sagemaker.jobs.run import JobRun, Surroundings
from scones_localstack.sagemaker.listing import ASCENDING
from scones_localstack.sagemaker.processing.request import describe
from scones_localstack.sagemaker.processing.run import NAMES, ProcessingRun
from scones_localstack.sagemaker.store import Resource

_SUMMARY = (NAMES.name, NAMES.arn, NAMES.status, NAMES.end, "FailureReason", "ExitMessage")


class ProcessingJobs(JobFamily):
    """The processing jobs of this service, running and ended."""

    names = NAMES
    order = ASCENDING

    @property
    def limit(self) -> tuple[int, str]:
        """How many may run at once."""
        return self.settings.max_processing_jobs, "--max-processing-jobs"

    async def describe_request(self, call: Call) -> tuple[Document, dict[str, Any]]:
        """Return a job's description."""
        document = describe(call.parameters)
        await self.check_image(document["AppSpecification"]["ImageUri"])
        return document, {}

    def new_run(self, job: Resource, folder: Path, around: Surroundings) -> JobRun:
        """Return what will run a job."""
        return ProcessingRun(job, folder, around)

    async def describe(self, call: Call) -> Document:
        """Return a job's record."""
        document = await super().describe(call)
        return document | {"LastModifiedTime": self.find(call).modified}

    def summary(self, job: Resource) -> Document:
        """Return a job as ListProcessingJobs shows it."""
        return {name: job.document[name] for name in _SUMMARY if name in job.document} | {
            "CreationTime": job.created,
            "LastModifiedTime": job.modified,
        }
