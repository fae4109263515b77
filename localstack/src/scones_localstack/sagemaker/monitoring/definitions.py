"""Create, Describe, List, Delete of DataQuality- and ModelQualityJobDefinition."""

from collections.abc import Mapping

from scones_localstack.sagemaker.arns import (
    DATA_QUALITY_JOB_DEFINITION,
    MODEL_QUALITY_JOB_DEFINITION,
    MONITORING_SCHEDULE,
    arn,
)
from scones_localstack.sagemaker.errors import (
    ResourceInUse,
    ResourceNotFound,
    ValidationException,
)
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.monitoring.captures import capturing_endpoint
from scones_localstack.sagemaker.monitoring.fields import FIELDS
from scones_localstack.sagemaker.monitoring.jobs import (
    MonitoringJob,
    MonitoringType,
    of_definition,
)
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.processing.operations import ProcessingJobs
from scones_localstack.sagemaker.requests import tags_of
from scones_localstack.sagemaker.store import Resource, Store

KINDS = {
    MonitoringType.DATA_QUALITY: DATA_QUALITY_JOB_DEFINITION,
    MonitoringType.MODEL_QUALITY: MODEL_QUALITY_JOB_DEFINITION,
}


class JobDefinitions:
    """The job definitions of one type: records only, a schedule runs them."""

    def __init__(
        self, monitoring_type: MonitoringType, store: Store, processing: ProcessingJobs
    ) -> None:
        self._type = monitoring_type
        self._kind = KINDS[monitoring_type]
        self._store = store
        self._processing = processing

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        word = f"{self._type}JobDefinition"
        return {
            f"Create{word}": self.create,
            f"Describe{word}": self.describe,
            f"List{word}s": self.list,
            f"Delete{word}": self.delete,
        }

    async def create(self, call: Call) -> Document:
        """Keep a definition, once it is known that it can be run."""
        asked, region = call.parameters, call.region
        name = asked["JobDefinitionName"]
        definition_arn = arn(self._kind, region, name)
        taken = ResourceInUse(f"Job Definition {definition_arn} already exists.")
        with new_name(self._store, self._kind, region, name, taken):
            check_fields(FIELDS, call.operation, asked)
            job = of_definition(self._type, asked)
            capturing_endpoint(self._store, region, job.endpoint_name)
            await self._processing.check_image(job.application["ImageUri"])
            document = {member: value for member, value in asked.items() if member != "Tags"}
            document |= {"JobDefinitionArn": definition_arn, "EndpointName": job.endpoint_name}
            definition = Resource(self._kind, region, name, document, tags=tags_of(asked))
            self._store.add(definition)
        return {"JobDefinitionArn": definition_arn}

    async def describe(self, call: Call) -> Document:
        """Return a definition's record."""
        definition = find(self._store, self._type, call.region, call.parameters)
        document = definition.document | {"CreationTime": definition.created}
        del document["EndpointName"]
        return document

    async def list(self, call: Call) -> Document:
        """Return summaries of definitions."""
        asked = call.parameters
        endpoint = [
            ("EndpointName", "=", asked[name]) for name in ("EndpointName",) if name in asked
        ]
        return page(
            self._store, call, self._kind, "JobDefinitionSummaries", _summary, members=endpoint
        )

    async def delete(self, call: Call) -> Document:
        """Forget a definition that no schedule uses."""
        definition = find(self._store, self._type, call.region, call.parameters)
        for schedule in self._store.every(MONITORING_SCHEDULE):
            same = (schedule.region, schedule.document.get("MonitoringType")) == (
                definition.region,
                self._type,
            )
            config = schedule.document["MonitoringScheduleConfig"]
            if same and config.get("MonitoringJobDefinitionName") == definition.name:
                raise ValidationException(
                    f"Job Definition {definition.document['JobDefinitionArn']} is used by "
                    f"Monitoring Schedule {schedule.name}: delete that first."
                )
        self._store.remove(definition)
        return {}


def find(store: Store, monitoring_type: MonitoringType, region: str, asked: Document) -> Resource:
    """Return the definition that a request names.

    Raises:
        ResourceNotFound: there is none.
    """
    kind = KINDS[monitoring_type]
    name = asked["JobDefinitionName"]
    definition = store.find(kind, region, name)
    if definition is None:
        raise ResourceNotFound(f"Job Definition {arn(kind, region, name)} not found.")
    return definition


def job_of(store: Store, monitoring_type: MonitoringType, region: str, name: str) -> MonitoringJob:
    """Return the job of a definition.

    Raises:
        ResourceNotFound: there is none.
    """
    definition = find(store, monitoring_type, region, {"JobDefinitionName": name})
    return of_definition(monitoring_type, definition.document)


def _summary(definition: Resource) -> Document:
    return {
        "MonitoringJobDefinitionName": definition.name,
        "MonitoringJobDefinitionArn": definition.document["JobDefinitionArn"],
        "EndpointName": definition.document["EndpointName"],
        "CreationTime": definition.created,
    }
