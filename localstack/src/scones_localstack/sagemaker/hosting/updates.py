"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities: what is to come, put into the record."""

from collections.abc import Mapping

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.front.control import Call, Document, Operation
from scones_localstack.sagemaker.hosting.deployment import EndpointStatus
from scones_localstack.sagemaker.hosting.endpoint_configs import find_config
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.hosting.planning import (
    changes,
    check_instances,
    plan_for,
    successor,
)
from scones_localstack.sagemaker.hosting.plans import instances_of, surplus
from scones_localstack.sagemaker.hosting.rollout import rollout_of
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import Resource, Store


class Updates:
    """What changes an endpoint that is there."""

    def __init__(self, store: Store, endpoints: Endpoints, settings: Settings) -> None:
        self._store = store
        self._endpoints = endpoints
        self._settings = settings

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return {
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.rescale,
        }

    async def update(self, call: Call) -> Document:
        """Begin to replace what serves an endpoint by what another configuration asks for."""
        asked = call.parameters
        check_fields(FIELDS, "UpdateEndpoint", asked)
        endpoint = self._changeable(call)
        config = find_config(self._store, call.region, asked["EndpointConfigName"])
        plan = successor(plan_for(self._store, config), endpoint.plan, asked)
        deployment = asked.get("DeploymentConfig")
        if asked.get("RetainDeploymentConfig") and not deployment:
            deployment = endpoint.document.get("LastDeploymentConfig")
        rollout_of(deployment, instances_of(plan))
        check_instances(self._store, instances_of(plan), self._settings.max_instances)
        plan["deployment"] = deployment
        endpoint.document.pop("LastDeploymentConfig", None)
        if deployment:
            endpoint.document["LastDeploymentConfig"] = deployment
        endpoint.plan["pending"] = plan
        return self._begin(endpoint)

    async def rescale(self, call: Call) -> Document:
        """Begin to change weights and numbers of instances."""
        asked = call.parameters
        check_fields(FIELDS, "UpdateEndpointWeightsAndCapacities", asked)
        endpoint = self._changeable(call)
        endpoint_arn = endpoint.document["EndpointArn"]
        desired = changes(endpoint.plan, asked["DesiredWeightsAndCapacities"], endpoint_arn)
        more = surplus(endpoint.plan, desired)
        check_instances(self._store, more, self._settings.max_instances)
        endpoint.plan["desired"] = desired
        return self._begin(endpoint)

    def _changeable(self, call: Call) -> Resource:
        endpoint = self._endpoints.settled(call)
        if endpoint.status == EndpointStatus.FAILED:
            endpoint_arn = endpoint.document["EndpointArn"]
            raise ValidationException(
                f'Cannot update endpoint "{endpoint_arn}" in status Failed: delete it.'
            )
        return endpoint

    def _begin(self, endpoint: Resource) -> Document:
        self._endpoints.update(endpoint)
        return {"EndpointArn": endpoint.document["EndpointArn"]}
