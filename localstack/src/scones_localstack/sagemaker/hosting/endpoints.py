"""CreateEndpoint, DescribeEndpoint, ListEndpoints, DeleteEndpoint."""

import asyncio
from collections.abc import Mapping
from typing import Any

from scones_localstack.sagemaker.arns import ACCOUNT, ENDPOINT, arn
from scones_localstack.sagemaker.errors import (
    ServiceUnavailable,
    ValidationError,
    ValidationException,
)
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.hosting.capture import summary as capture_summary
from scones_localstack.sagemaker.hosting.deployment import (
    Deployment,
    EndpointStatus,
    Surroundings,
)
from scones_localstack.sagemaker.hosting.endpoint_configs import find_config
from scones_localstack.sagemaker.hosting.models import find_model
from scones_localstack.sagemaker.hosting.supervisor import STOP_SECONDS
from scones_localstack.sagemaker.listing import page
from scones_localstack.sagemaker.requests import check_limit, refuse, tags_of
from scones_localstack.sagemaker.store import NameTakenError, Resource, Store, now

_IN_PROGRESS = (EndpointStatus.CREATING, EndpointStatus.DELETING)
_STARTING_AGAIN = "The SageMaker service was started again; the model server is being started."


class Endpoints:
    """The endpoints of this service, each with its deployment."""

    def __init__(self, store: Store, around: Surroundings, max_endpoints: int) -> None:
        self._store = store
        self._around = around
        self._max_endpoints = max_endpoints
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
        """Start what was in service when an earlier service ended; finish deletions."""
        for endpoint in self._store.every(ENDPOINT):
            if endpoint.status == EndpointStatus.FAILED:
                self._deployments[_key(endpoint)] = Deployment(endpoint, self._around)
                continue
            if endpoint.status == EndpointStatus.IN_SERVICE:
                endpoint.status = EndpointStatus.OUT_OF_SERVICE
                endpoint.document["EndpointStatus"] = endpoint.status
                endpoint.document["FailureReason"] = _STARTING_AGAIN
                self._store.save(endpoint)
            deployment = self._deployments[_key(endpoint)] = Deployment(endpoint, self._around)
            if endpoint.status == EndpointStatus.DELETING:
                self._remove(endpoint, deployment)
            else:
                deployment.start()

    async def shutdown(self, grace_seconds: float) -> None:
        """End all model servers; what was in service is started again by the next service."""
        deployments = list(self._deployments.values())
        await asyncio.gather(*(deployment.stop(grace_seconds) for deployment in deployments))

    def statuses(self) -> dict[str, str]:
        """Return the status of each endpoint by name."""
        return {each.name: str(each.status) for each in self._deployments.values()}

    def serving(self, region: str, name: str) -> Deployment:
        """Return the deployment to invoke.

        Raises:
            ValidationError: there is no such endpoint in service, in AWS's words.
            ServiceUnavailable: its model server is being started again.
        """
        deployment = self._deployments.get((region, name))
        status = deployment.status if deployment else ""
        if deployment is not None and status == EndpointStatus.OUT_OF_SERVICE:
            raise ServiceUnavailable(
                f"The model server of endpoint {name} is being started again; "
                "DescribeEndpoint tells why."
            )
        if deployment is None or status != EndpointStatus.IN_SERVICE:
            raise ValidationError(f"Endpoint {name} of account {ACCOUNT} not found.")
        return deployment

    async def create(self, call: Call) -> Document:
        """Keep an endpoint's record and start its deployment."""
        asked, region = call.parameters, call.region
        name = asked["EndpointName"]
        endpoint_arn = arn(ENDPOINT, region, name)
        taken = ValidationException(f'Cannot create already existing endpoint "{endpoint_arn}".')
        if self._store.find(ENDPOINT, region, name):
            raise taken
        refuse(asked, ("DeploymentConfig",))
        config = find_config(self._store, region, asked["EndpointConfigName"])
        plan = self._plan(config)
        present = len(self._store.every(ENDPOINT))
        check_limit("endpoints at once", present, self._max_endpoints, "--max-endpoints")
        endpoint = Resource(ENDPOINT, region, name, {}, plan=plan, tags=tags_of(asked))
        endpoint.status = EndpointStatus.CREATING
        endpoint.document = _document(endpoint, endpoint_arn, config)
        try:
            self._store.add(endpoint)
        except NameTakenError as error:
            raise taken from error
        deployment = self._deployments[_key(endpoint)] = Deployment(endpoint, self._around)
        deployment.start()
        return {"EndpointArn": endpoint_arn}

    async def describe(self, call: Call) -> Document:
        """Return an endpoint's record."""
        endpoint = self._find(call)
        return endpoint.document | _times(endpoint)

    async def list(self, call: Call) -> Document:
        """Return summaries of endpoints."""
        return page(self._store, call, ENDPOINT, "Endpoints", _summary)

    async def delete(self, call: Call) -> Document:
        """Begin to delete an endpoint; its server is ended and its captures are flushed."""
        endpoint = self._find(call)
        if endpoint.status in _IN_PROGRESS:
            endpoint_arn = endpoint.document["EndpointArn"]
            raise ValidationException(f'Cannot update in-progress endpoint "{endpoint_arn}".')
        endpoint.status = EndpointStatus.DELETING
        endpoint.document["EndpointStatus"] = endpoint.status
        self._store.save(endpoint)
        self._remove(endpoint, self._deployments[_key(endpoint)])
        return {}

    def _remove(self, endpoint: Resource, deployment: Deployment) -> None:
        async def remove() -> None:
            await deployment.remove(STOP_SECONDS)
            self._store.remove(endpoint)
            del self._deployments[_key(endpoint)]

        task = asyncio.create_task(remove(), name=f"delete-endpoint/{endpoint.name}")
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)

    def _plan(self, config: Resource) -> dict[str, Any]:
        """Return what the deployment needs, so that config and model may be deleted meanwhile."""
        variants = []
        for variant in config.document["ProductionVariants"]:
            model = find_model(self._store, config.region, variant["ModelName"])
            variants.append(variant | {"Container": model.document["PrimaryContainer"]})
        return {"variants": variants, "capture": config.document.get("DataCaptureConfig")}

    def _find(self, call: Call) -> Resource:
        name = call.parameters["EndpointName"]
        endpoint = self._store.find(ENDPOINT, call.region, name)
        if endpoint is None:
            endpoint_arn = arn(ENDPOINT, call.region, name)
            raise ValidationException(f'Could not find endpoint "{endpoint_arn}".')
        return endpoint


def _key(endpoint: Resource) -> tuple[str, str]:
    return endpoint.region, endpoint.name


def _document(endpoint: Resource, endpoint_arn: str, config: Resource) -> Document:
    document = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint_arn,
        "EndpointConfigName": config.name,
        "EndpointStatus": str(endpoint.status),
        "ProductionVariants": [_variant(variant) for variant in endpoint.plan["variants"]],
    }
    capture = capture_summary(endpoint.plan["capture"])
    return document | ({"DataCaptureConfig": capture} if capture else {})


def _variant(variant: dict[str, Any]) -> Document:
    image = variant["Container"]["Image"]
    weight, count = variant["InitialVariantWeight"], variant["InitialInstanceCount"]
    return {
        "VariantName": variant["VariantName"],
        "DeployedImages": [
            {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
        ],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    }


def _times(endpoint: Resource) -> Document:
    return {"CreationTime": endpoint.created, "LastModifiedTime": endpoint.modified}


def _summary(endpoint: Resource) -> Document:
    names = ("EndpointName", "EndpointArn", "EndpointStatus")
    return {name: endpoint.document[name] for name in names} | _times(endpoint)
