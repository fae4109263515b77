"""What takes its time: endpoints.

LocalStack calls `create`, `update` and `delete` again, about once a second, as long as they answer
that they are in progress. A new configuration goes to UpdateEndpoint, which leaves the old model
server in service until the new one is; a new name demands a replacement.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-endpoint.html
"""

from typing import Any

from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent

from scones_localstack.cloudformation.resources import (
    ID,
    TAGS,
    SageMakerProvider,
    failed,
    message_of,
    missing,
    schema,
    succeeded,
)

_CONFIG = "EndpointConfigName"
_ASKED = {"asked": True}
_CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
# Of an update alone, and not of CreateEndpoint.
_HOW_TO_UPDATE = (
    "ExcludeRetainedVariantProperties",
    "RetainAllVariantProperties",
    "RetainDeploymentConfig",
)


class EndpointProvider(SageMakerProvider):
    """AWS::SageMaker::Endpoint."""

    TYPE = "AWS::SageMaker::Endpoint"
    kind = "Endpoint"
    operation = "endpoint"
    SCHEMA = schema(
        TYPE,
        "EndpointName",
        replaced=("EndpointName",),
        updated=("DeploymentConfig", _CONFIG, *_HOW_TO_UPDATE),
    )

    def create(self, request: Any) -> Any:
        """Create the endpoint, and wait until it is in service."""
        model = self.named(request)
        try:
            if not _asked(request):
                wanted = {k: v for k, v in model.items() if k not in (ID, *_HOW_TO_UPDATE)}
                model[ID] = self.call(request, "create", **wanted)["EndpointArn"]
                return _in_progress(model)
            found = self.describe(request, model)
            if found["EndpointStatus"] in _CHANGING:
                return _in_progress(model)
            if found["EndpointStatus"] == "Failed":
                # LocalStack forgets what has failed: its rollback would leave the endpoint there.
                self.call(request, "delete", EndpointName=model["EndpointName"])
                return failed(found.get("FailureReason", "The endpoint has failed."))
        except ClientError as error:
            return failed(message_of(error))
        return succeeded(model)

    def update(self, request: Any) -> Any:
        """Update the endpoint, and wait until it serves the new configuration."""
        try:
            if not _asked(request):
                model = self.retag(request)
                if _same(request.previous_state, model):
                    return succeeded(model)
                wanted = {k: v for k, v in model.items() if k not in (ID, TAGS)}
                self.call(request, "update", **wanted)
                return _in_progress(model)
            model = request.desired_state
            found = self.describe(request, model)
        except ClientError as error:
            return failed(message_of(error), request.previous_state)
        if found["EndpointStatus"] in _CHANGING:
            return _in_progress(model)
        if found["EndpointStatus"] == "Failed" or found[_CONFIG] != model[_CONFIG]:
            reason = found.get("FailureReason", "The update was rolled back.")
            return failed(reason, request.previous_state)
        return succeeded(model)

    def delete(self, request: Any) -> Any:
        """Delete the endpoint, once it does not change any more, and wait until it is gone."""
        model = request.desired_state
        if "EndpointName" not in model:
            return succeeded(model)
        try:
            status = self.describe(request, model)["EndpointStatus"]
            if status not in (*_CHANGING, "Deleting"):
                self.call(request, "delete", EndpointName=model["EndpointName"])
        except ClientError as error:
            return succeeded(model) if missing(error) else failed(message_of(error))
        return _in_progress(model)


def _asked(request: Any) -> bool:
    return bool((request.custom_context or {}).get("asked"))


def _in_progress(model: dict[str, Any]) -> Any:
    return ProgressEvent(
        status=OperationStatus.IN_PROGRESS, resource_model=model, custom_context=_ASKED
    )


def _same(before: dict[str, Any], model: dict[str, Any]) -> bool:
    relevant = (_CONFIG, "DeploymentConfig")
    return all(before.get(name) == model.get(name) for name in relevant)
