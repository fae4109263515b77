"""Create, Describe, List, Update, Delete, Start, Stop MonitoringSchedule."""

from collections.abc import Mapping

from scones_localstack.sagemaker.arns import MONITORING_SCHEDULE, arn
from scones_localstack.sagemaker.errors import (
    ResourceInUse,
    ResourceNotFound,
    ValidationException,
)
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.monitoring.captures import capturing_endpoint
from scones_localstack.sagemaker.monitoring.executions import (
    Executions,
    ExecutionStatus,
    summary,
)
from scones_localstack.sagemaker.monitoring.expression import check, window
from scones_localstack.sagemaker.monitoring.fields import FIELDS
from scones_localstack.sagemaker.monitoring.jobs import MonitoringType
from scones_localstack.sagemaker.monitoring.run import Runner
from scones_localstack.sagemaker.monitoring.timetable import (
    ScheduleStatus,
    Timetable,
    set_status,
)
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.processing.operations import ProcessingJobs
from scones_localstack.sagemaker.requests import tags_of
from scones_localstack.sagemaker.store import Resource, Store

_SUMMARY = (
    "MonitoringScheduleName",
    "MonitoringScheduleArn",
    "MonitoringScheduleStatus",
    "MonitoringType",
    "EndpointName",
)
_FILTERS = {
    "EndpointName": "EndpointName",
    "MonitoringTypeEquals": "MonitoringType",
    "MonitoringJobDefinitionName": "MonitoringScheduleConfig.MonitoringJobDefinitionName",
}


class Schedules:
    """The monitoring schedules of this service."""

    def __init__(
        self,
        store: Store,
        history: Executions,
        timetable: Timetable,
        runner: Runner,
        processing: ProcessingJobs,
    ) -> None:
        self._store = store
        self._history = history
        self._timetable = timetable
        self._runner = runner
        self._processing = processing

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateMonitoringSchedule": self.create,
            "DescribeMonitoringSchedule": self.describe,
            "ListMonitoringSchedules": self.list,
            "UpdateMonitoringSchedule": self.update,
            "DeleteMonitoringSchedule": self.delete,
            "StartMonitoringSchedule": self.start,
            "StopMonitoringSchedule": self.stop,
        }

    async def create(self, call: Call) -> Document:
        """Keep a schedule; a moment later it is on the timetable."""
        asked, region = call.parameters, call.region
        name = asked["MonitoringScheduleName"]
        schedule_arn = arn(MONITORING_SCHEDULE, region, name)
        taken = ResourceInUse(f"Monitoring Schedule {schedule_arn} already exists.")
        with new_name(self._store, MONITORING_SCHEDULE, region, name, taken):
            document = {
                "MonitoringScheduleName": name,
                "MonitoringScheduleArn": schedule_arn,
                "MonitoringScheduleStatus": str(ScheduleStatus.PENDING),
                **await self._checked(call),
            }
            schedule = Resource(MONITORING_SCHEDULE, region, name, document, tags=tags_of(asked))
            schedule.status = ScheduleStatus.PENDING
            self._store.add(schedule)
        return {"MonitoringScheduleArn": schedule_arn}

    async def describe(self, call: Call) -> Document:
        """Return a schedule's record, and its last execution."""
        schedule = self._find(call)
        last = self._history.last(schedule)
        document = {"LastMonitoringExecutionSummary": summary(last)} if last else {}
        return schedule.document | _times(schedule) | document

    async def list(self, call: Call) -> Document:
        """Return summaries of schedules."""
        asked = call.parameters
        members = [(at, "=", asked[name]) for name, at in _FILTERS.items() if name in asked]
        return page(
            self._store,
            call,
            MONITORING_SCHEDULE,
            "MonitoringScheduleSummaries",
            _summary,
            members=members,
        )

    async def update(self, call: Call) -> Document:
        """Replace a schedule's configuration; one that is stopped stays so."""
        schedule = self._find(call)
        schedule.document |= await self._checked(call)
        if schedule.status == ScheduleStatus.STOPPED:
            self._store.save(schedule)
        else:
            self._timetable.admit(schedule)
        return {"MonitoringScheduleArn": schedule.document["MonitoringScheduleArn"]}

    async def start(self, call: Call) -> Document:
        """Put a schedule that was stopped, or has failed, onto the timetable again."""
        schedule = self._find(call)
        if schedule.status not in (ScheduleStatus.STOPPED, ScheduleStatus.FAILED):
            raise ValidationException(
                f"Monitoring Schedule {schedule.document['MonitoringScheduleArn']} cannot be "
                f"started: its status is {schedule.status}."
            )
        self._timetable.admit(schedule)
        return {}

    async def stop(self, call: Call) -> Document:
        """Take a schedule off the timetable; an execution under way goes on."""
        schedule = self._find(call)
        if schedule.status == ScheduleStatus.STOPPED:
            raise ValidationException(
                f"Monitoring Schedule {schedule.document['MonitoringScheduleArn']} is stopped "
                "already."
            )
        set_status(self._store, schedule, ScheduleStatus.STOPPED)
        return {}

    async def delete(self, call: Call) -> Document:
        """Forget a schedule and stop what it has running; its history stays."""
        schedule = self._find(call)
        self._store.remove(schedule)
        for execution in self._history.under_way(schedule):
            if execution.status == ExecutionStatus.IN_PROGRESS:
                name = {"ProcessingJobName": execution.name}
                await self._processing.stop(Call("StopProcessingJob", name, call.region))
        return {}

    async def _checked(self, call: Call) -> Document:
        """Return the members that follow from a request's MonitoringScheduleConfig.

        Raises:
            ServiceError: it cannot be met.
        """
        check_fields(FIELDS, call.operation, call.parameters)
        config = call.parameters["MonitoringScheduleConfig"]
        given = [
            name
            for name in ("MonitoringJobDefinition", "MonitoringJobDefinitionName")
            if name in config
        ]
        if len(given) != 1:
            raise ValidationException(
                "Specify one of MonitoringJobDefinition and MonitoringJobDefinitionName, not "
                f"{'both' if given else 'none'}."
            )
        kind = _kind(config, inline=given == ["MonitoringJobDefinition"])
        times = config.get("ScheduleConfig", {})
        check(times)
        job = self._runner.job(call.region, config | {"MonitoringType": str(kind)})
        window(times, dict(job.endpoint), 0.0)
        capturing_endpoint(self._store, call.region, job.endpoint_name)
        await self._processing.check_image(job.application["ImageUri"])
        return {
            "MonitoringScheduleConfig": config,
            "MonitoringType": str(kind),
            "EndpointName": job.endpoint_name,
        }

    def _find(self, call: Call) -> Resource:
        name = call.parameters["MonitoringScheduleName"]
        schedule = self._store.find(MONITORING_SCHEDULE, call.region, name)
        if schedule is None:
            raise ResourceNotFound(
                f"Monitoring Schedule {arn(MONITORING_SCHEDULE, call.region, name)} not found."
            )
        return schedule


def _kind(config: Document, *, inline: bool) -> MonitoringType:
    name = config.get("MonitoringType", "" if not inline else MonitoringType.DATA_QUALITY)
    if not name:
        raise ValidationException(
            "MonitoringType is required with MonitoringJobDefinitionName: DataQuality or "
            "ModelQuality."
        )
    if name not in list(MonitoringType):
        raise ValidationException(
            f"MonitoringType {name} is not supported by this service yet: use DataQuality or "
            "ModelQuality, or AWS."
        )
    if inline and name != MonitoringType.DATA_QUALITY:
        raise ValidationException(
            f"MonitoringType {name} needs a job definition: use MonitoringJobDefinitionName."
        )
    return MonitoringType(name)


def _summary(schedule: Resource) -> Document:
    document = {name: schedule.document[name] for name in _SUMMARY}
    definition = schedule.document["MonitoringScheduleConfig"].get("MonitoringJobDefinitionName")
    if definition:
        document["MonitoringJobDefinitionName"] = definition
    return document | _times(schedule)


def _times(schedule: Resource) -> Document:
    return {"CreationTime": schedule.created, "LastModifiedTime": schedule.modified}
