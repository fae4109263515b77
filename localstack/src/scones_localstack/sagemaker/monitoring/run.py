"""One execution: find its captures, and have a processing job look at them."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

from scones_localstack.sagemaker.arns import MONITORING_SCHEDULE, PROCESSING_JOB
from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.errors import (
    ResourceNotFound,
    ServiceError,
    ValidationException,
)
from scones_localstack.sagemaker.front.control import Call
from scones_localstack.sagemaker.monitoring.captures import (
    captured_hours,
    capturing_endpoint,
    labelled_hours,
)
from scones_localstack.sagemaker.monitoring.contract import Occasion, Placed, processing_request
from scones_localstack.sagemaker.monitoring.definitions import job_of
from scones_localstack.sagemaker.monitoring.executions import Executions
from scones_localstack.sagemaker.monitoring.expression import window
from scones_localstack.sagemaker.monitoring.jobs import MonitoringJob, MonitoringType, of_inline
from scones_localstack.sagemaker.monitoring.timetable import (
    DELETED,
    ScheduleStatus,
    set_status,
)
from scones_localstack.sagemaker.objects import Objects, StorageError, parse_uri
from scones_localstack.sagemaker.processing.operations import ProcessingJobs
from scones_localstack.sagemaker.store import Resource, Store

# AWS's word for a window in which nothing was captured.
NO_DATA = "Job inputs had no data"
_log = logging.getLogger(__name__)


class Runner:
    """Makes executions; its `run` is the timetable's."""

    def __init__(
        self, store: Store, aws: Aws, history: Executions, processing: ProcessingJobs
    ) -> None:
        self._store = store
        self._aws = aws
        self._history = history
        self._processing = processing

    async def run(self, schedule: Resource, execution: Resource) -> None:
        """Create the processing job of an execution; if there can be none, the record says why."""
        try:
            job = self.job(schedule.region, schedule.document["MonitoringScheduleConfig"])
            endpoint = capturing_endpoint(self._store, schedule.region, job.endpoint_name)
        except (ValidationException, ResourceNotFound) as error:
            self._history.fail(execution, error.message)
            set_status(self._store, schedule, ScheduleStatus.FAILED, error.message)
            return
        try:
            await self._start(schedule, execution, job, endpoint)
        except (ServiceError, StorageError) as error:
            self._history.fail(execution, str(error))
        except Exception:
            _log.exception("monitoring execution %s", execution.name)
            self._history.fail(execution, "InternalServerError: the service's log has more.")

    def job(self, region: str, config: dict[str, Any]) -> MonitoringJob:
        """Return the job of a MonitoringScheduleConfig, its baseline's files found.

        Raises:
            ValidationException: it contradicts itself, or its baselining job is not there.
            ResourceNotFound: its job definition is not there.
        """
        if "MonitoringJobDefinition" in config:
            job = of_inline(config["MonitoringJobDefinition"])
        else:
            kind = MonitoringType(config["MonitoringType"])
            job = job_of(self._store, kind, region, config["MonitoringJobDefinitionName"])
        name = job.baseline.get("BaseliningJobName")
        if not name or "ConstraintsResource" in job.baseline:
            return job
        return replace(job, baseline=self._baseline_of(region, name))

    def _baseline_of(self, region: str, name: str) -> dict[str, Any]:
        """Return where the files of a baselining job are."""
        found = self._store.find(PROCESSING_JOB, region, name)
        if found is None:
            raise ValidationException(f"Could not find requested job with name: {name}")
        outputs = found.document.get("ProcessingOutputConfig", {}).get("Outputs", [])
        if not outputs:
            raise ValidationException(f"BaseliningJobName: {name} has no outputs.")
        folder = parse_uri(outputs[0]["S3Output"]["S3Uri"])
        return {
            "ConstraintsResource": {"S3Uri": str(folder.below("constraints.json"))},
            "StatisticsResource": {"S3Uri": str(folder.below("statistics.json"))},
        }

    async def _start(
        self, schedule: Resource, execution: Resource, job: MonitoringJob, endpoint: Resource
    ) -> None:
        scheduled = execution.document["ScheduledTime"]
        config = schedule.document["MonitoringScheduleConfig"].get("ScheduleConfig", {})
        begin, end = window(config, dict(job.endpoint), scheduled)
        arn = schedule.document["MonitoringScheduleArn"]
        occasion = Occasion(schedule.name, arn, scheduled, begin, end)
        objects = Objects(self._aws, schedule.region)
        captures, truth = await asyncio.to_thread(_found, objects, endpoint, job, begin, end)
        if not captures:
            self._history.fail(execution, NO_DATA)
            return
        if job.ground_truth and not truth:
            self._history.fail(execution, f"{NO_DATA}: no ground truth under {job.ground_truth}")
            return
        if self._store.find(MONITORING_SCHEDULE, schedule.region, schedule.name) is not schedule:
            self._history.fail(execution, DELETED)
            return
        request = processing_request(execution.name, job, occasion, captures, truth)
        await self._processing.create(Call("CreateProcessingJob", request, schedule.region))


def _found(
    objects: Objects, endpoint: Resource, job: MonitoringJob, begin: float, end: float
) -> tuple[Placed, Placed]:
    captures = list(captured_hours(objects, endpoint, begin, end))
    if job.ground_truth is None:
        return captures, []
    return captures, list(labelled_hours(objects, job.ground_truth, begin, end))
