"""The endpoints that there are: created, described, deleted, invoked, recovered after a restart."""

import asyncio
from collections.abc import Collection, Mapping

from scones_localstack.sagemaker.arns import ACCOUNT, ENDPOINT, arn
from scones_localstack.sagemaker.errors import ValidationError, ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.hosting.deployment import SERVING, Deployment, EndpointStatus
from scones_localstack.sagemaker.hosting.description import describe
from scones_localstack.sagemaker.hosting.endpoint_configs import find_config
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.hosting.planning import check_instances, plan_for
from scones_localstack.sagemaker.hosting.plans import instances_of
from scones_localstack.sagemaker.hosting.rollout import rollout_of
from scones_localstack.sagemaker.hosting.supervisor import STOP_SECONDS
from scones_localstack.sagemaker.hosting.surroundings import Surroundings
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.names import new_name
from scones_localstack.sagemaker.requests import check_limit, tags_of
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import Resource, Store

_IN_PROGRESS = (
    EndpointStatus.CREATING,
    EndpointStatus.UPDATING,
    EndpointStatus.ROLLING_BACK,
    EndpointStatus.DELETING,
)
_STARTING_AGAIN = "The SageMaker service was started again; the model server is being started."


class Endpoints:
    """The endpoints of this service, each with its deployment."""

    def __init__(self, store: Store, around: Surroundings, settings: Settings) -> None:
        self._store = store
        self._around = around
        self._settings = settings
        self._deployments: dict[tuple[str, str], Deployment] = {}
        self._removals: set[asyncio.Task[None]] = set()

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "CreateEndpoint": self.create,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list,
            "DeleteEndpoint": self.delete,
        }

    def recover(self) -> None:
        """Start what was there when an earlier service ended; go on with what it was doing."""
        for endpoint in self._store.every(ENDPOINT):
            deployment = self._deployments[_key(endpoint)] = Deployment(endpoint, self._around)
            if endpoint.status == EndpointStatus.FAILED:
                continue
            if endpoint.status == EndpointStatus.DELETING:
                self._remove(endpoint, deployment)
                continue
            updating = endpoint.plan.get("pending") or endpoint.plan.get("desired")
            if endpoint.status != EndpointStatus.CREATING and not updating:
                endpoint.document["FailureReason"] = _STARTING_AGAIN
                self._set(endpoint, EndpointStatus.OUT_OF_SERVICE)
            deployment.start()

    async def shutdown(self, grace_seconds: float) -> None:
        """End all model servers; what was in service is started again by the next service."""
        deployments = list(self._deployments.values())
        await asyncio.gather(*(deployment.stop(grace_seconds) for deployment in deployments))

    def statuses(self) -> dict[str, str]:
        """Return the status of each endpoint by name."""
        return {each.name: str(each.status) for each in self._deployments.values()}

    def present(self) -> Collection[Deployment]:
        """Return the deployments of all endpoints that there are."""
        return self._deployments.values()

    def serving(self, region: str, name: str) -> Deployment:
        """Return the deployment to invoke.

        Raises:
            ValidationError: there is no such endpoint in service, in AWS's words.
        """
        deployment = self._deployments.get((region, name))
        if deployment is None or deployment.status not in SERVING:
            raise ValidationError(f"Endpoint {name} of account {ACCOUNT} not found.")
        return deployment

    async def create(self, call: Call) -> Document:
        """Keep an endpoint's record and start its deployment."""
        asked, region = call.parameters, call.region
        name = asked["EndpointName"]
        endpoint_arn = arn(ENDPOINT, region, name)
        taken = ValidationException(f'Cannot create already existing endpoint "{endpoint_arn}".')
        with new_name(self._store, ENDPOINT, region, name, taken):
            check_fields(FIELDS, "CreateEndpoint", asked)
            config = find_config(self._store, region, asked["EndpointConfigName"])
            plan = plan_for(self._store, config)
            rollout_of(asked.get("DeploymentConfig"), instances_of(plan))
            present = len(self._store.every(ENDPOINT))
            check_limit(
                "endpoints at once", present, self._settings.max_endpoints, "--max-endpoints"
            )
            check_instances(self._store, instances_of(plan), self._settings.max_instances)
            endpoint = Resource(ENDPOINT, region, name, {}, plan=plan, tags=tags_of(asked))
            endpoint.status = EndpointStatus.CREATING
            endpoint.document = _document(endpoint, endpoint_arn, asked)
            self._store.add(endpoint)
        deployment = self._deployments[_key(endpoint)] = Deployment(endpoint, self._around)
        deployment.start()
        return {"EndpointArn": endpoint_arn}

    async def describe(self, call: Call) -> Document:
        """Return an endpoint's record, and what there is of it at the moment."""
        endpoint = self.find(call)
        live = describe(self._deployments[_key(endpoint)])
        return endpoint.document | live | _times(endpoint)

    async def list(self, call: Call) -> Document:
        """Return summaries of endpoints."""
        return page(self._store, call, ENDPOINT, "Endpoints", _summary)

    async def delete(self, call: Call) -> Document:
        """Begin to delete an endpoint; its servers are ended and its captures are flushed."""
        endpoint = self.settled(call)
        self._set(endpoint, EndpointStatus.DELETING)
        self._remove(endpoint, self._deployments[_key(endpoint)])
        return {}

    def find(self, call: Call) -> Resource:
        """Return the endpoint that a request names.

        Raises:
            ValidationException: there is none, in AWS's words.
        """
        name = call.parameters["EndpointName"]
        endpoint = self._store.find(ENDPOINT, call.region, name)
        if endpoint is None:
            endpoint_arn = arn(ENDPOINT, call.region, name)
            raise ValidationException(f'Could not find endpoint "{endpoint_arn}".')
        return endpoint

    def settled(self, call: Call) -> Resource:
        """Return the endpoint that a request is to change.

        Raises:
            ValidationException: there is none, or something is being done to it already.
        """
        endpoint = self.find(call)
        if endpoint.status in _IN_PROGRESS:
            endpoint_arn = endpoint.document["EndpointArn"]
            raise ValidationException(f'Cannot update in-progress endpoint "{endpoint_arn}".')
        return endpoint

    def update(self, endpoint: Resource) -> None:
        """Begin what has just been put into an endpoint's plan."""
        endpoint.plan.pop("rolled_back", None)
        endpoint.document.pop("FailureReason", None)
        self._set(endpoint, EndpointStatus.UPDATING)
        self._deployments[_key(endpoint)].start()

    def _remove(self, endpoint: Resource, deployment: Deployment) -> None:
        async def remove() -> None:
            await deployment.remove(STOP_SECONDS)
            self._store.remove(endpoint)
            del self._deployments[_key(endpoint)]

        task = asyncio.create_task(remove(), name=f"delete-endpoint/{endpoint.name}")
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)

    def _set(self, endpoint: Resource, status: EndpointStatus) -> None:
        endpoint.status = status
        endpoint.document["EndpointStatus"] = str(status)
        self._store.save(endpoint)


def _key(endpoint: Resource) -> tuple[str, str]:
    return endpoint.region, endpoint.name


def _document(endpoint: Resource, endpoint_arn: str, asked: Document) -> Document:
    document = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint_arn,
        "EndpointConfigName": endpoint.plan["config"],
        "EndpointStatus": str(endpoint.status),
    }
    deployment = asked.get("DeploymentConfig")
    return document | ({"LastDeploymentConfig": deployment} if deployment else {})


def _times(endpoint: Resource) -> Document:
    return {"CreationTime": endpoint.created, "LastModifiedTime": endpoint.modified}


def _summary(endpoint: Resource) -> Document:
    names = ("EndpointName", "EndpointArn", "EndpointStatus")
    return {name: endpoint.document[name] for name in names} | _times(endpoint)
