"""What is created and deleted at once: models and endpoint configurations.

Every property but the tags demands a replacement, as on AWS. Properties have the names of the API's
parameters, so they go through as they are.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-model.html
and .../aws-resource-sagemaker-endpointconfig.html
"""

from typing import Any, ClassVar

from botocore.exceptions import ClientError
from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
)

ID = "Id"
TAGS = "Tags"


def schema(
    type_name: str, name: str, replaced: tuple[str, ...], updated: tuple[str, ...]
) -> dict[str, Any]:
    """Return a resource type's schema, as far as LocalStack reads one.

    Args:
        type_name: such as AWS::SageMaker::Model.
        name: the property that holds the resource's name.
        replaced: properties of which a change demands a replacement.
        updated: properties that an update changes.
    """
    return {
        "typeName": type_name,
        "properties": {each: {} for each in (ID, TAGS, *replaced, *updated)},
        "createOnlyProperties": [f"/properties/{each}" for each in replaced],
        "readOnlyProperties": [f"/properties/{ID}", f"/properties/{name}"],
        # Ref returns the ARN.
        "primaryIdentifier": [f"/properties/{ID}"],
    }


def succeeded(model: dict[str, Any]) -> Any:
    """Return that a resource is as the template has it."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model)


def failed(message: str, model: dict[str, Any] | None = None) -> Any:
    """Return that it could not be done, and why; the model is what there is all the same."""
    return ProgressEvent(status=OperationStatus.FAILED, resource_model=model or {}, message=message)


def message_of(error: ClientError) -> str:
    """Return what SageMaker said."""
    return str(error.response["Error"]["Message"])


def missing(error: ClientError) -> bool:
    """Return whether SageMaker said that there is no such resource."""
    return "Could not find" in message_of(error)


class SageMakerProvider(ResourceProvider):
    """One type of resource, by the names that AWS derives from it.

    Attributes:
        kind: such as `Endpoint`, which is described as an EndpointName and an EndpointArn.
        operation: such as `endpoint`, of `create_endpoint`.
    """

    kind: ClassVar[str]
    operation: ClassVar[str]
    SCHEMA: ClassVar[dict[str, Any]]

    def create(self, request: Any) -> Any:
        """Create the resource."""
        model = self.named(request)
        try:
            self.call(request, "create", **_parameters(model))
            model[ID] = self.describe(request, model)[f"{self.kind}Arn"]
        except ClientError as error:
            return failed(message_of(error))
        return succeeded(model)

    def read(self, request: Any) -> Any:
        """Return the resource's properties, as SageMaker describes them."""
        found = self.describe(request, request.desired_state)
        known = self.SCHEMA["properties"]
        properties = {name: value for name, value in found.items() if name in known}
        return succeeded(properties | {ID: found[f"{self.kind}Arn"]})

    def update(self, request: Any) -> Any:
        """Bring the tags up to date; replace the resource if anything else has changed.

        LocalStack sees that a property demands a replacement where the template has changed, but
        not where what the property refers to has: a configuration whose model is replaced.
        """
        before, after = request.previous_state, request.desired_state
        if all(before.get(each) == after.get(each) for each in self._replaced(after)):
            try:
                return succeeded(self.retag(request))
            except ClientError as error:
                return failed(message_of(error), before)
        if self.name in after:
            return failed(
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {after[self.name]} and update the stack again.",
                before,
            )
        created = self.create(request)
        if created.status == OperationStatus.FAILED:
            return failed(created.message, before)
        self.call(request, "delete", **{self.name: before[self.name]})
        return created

    def delete(self, request: Any) -> Any:
        """Delete the resource, or find that it is gone or has never been."""
        model = request.desired_state
        if self.name not in model:
            return succeeded(model)
        try:
            self.call(request, "delete", **{self.name: model[self.name]})
        except ClientError as error:
            if not missing(error):
                return failed(message_of(error))
        return succeeded(model)

    def _replaced(self, model: dict[str, Any]) -> list[str]:
        """Return the properties of which a change demands a replacement, but for a made-up name."""
        names = [each.rpartition("/")[2] for each in self.SCHEMA["createOnlyProperties"]]
        return [each for each in names if each != self.name or each in model]

    @property
    def name(self) -> str:
        """The property that holds the name."""
        return f"{self.kind}Name"

    def named(self, request: Any) -> dict[str, Any]:
        """Return the desired properties with a name, one of CloudFormation's if need be."""
        model: dict[str, Any] = dict(request.desired_state)
        model.setdefault(
            self.name, generate_default_name(request.stack_name, request.logical_resource_id)
        )
        return model

    def call(self, request: Any, verb: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation, such as `create_endpoint`."""
        client = request.aws_client_factory.sagemaker
        answer: dict[str, Any] = getattr(client, f"{verb}_{self.operation}")(**parameters)
        return answer

    def describe(self, request: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Return the Describe answer."""
        return self.call(request, "describe", **{self.name: model[self.name]})

    def retag(self, request: Any) -> dict[str, Any]:
        """Give the resource the desired tags, and return its properties."""
        before = request.previous_state
        model: dict[str, Any] = {self.name: before[self.name], **request.desired_state}
        model[ID] = before[ID]
        client = request.aws_client_factory.sagemaker
        old, new = (
            {tag["Key"]: tag["Value"] for tag in each.get(TAGS) or []} for each in (before, model)
        )
        if gone := [key for key in old if key not in new]:
            client.delete_tags(ResourceArn=model[ID], TagKeys=gone)
        if new and new != old:
            client.add_tags(ResourceArn=model[ID], Tags=model[TAGS])
        return model


def _parameters(model: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in model.items() if name != ID}


class ModelProvider(SageMakerProvider):
    """AWS::SageMaker::Model."""

    TYPE = "AWS::SageMaker::Model"
    kind = "Model"
    operation = "model"
    SCHEMA = schema(
        TYPE,
        "ModelName",
        replaced=(
            "Containers",
            "EnableNetworkIsolation",
            "ExecutionRoleArn",
            "InferenceExecutionConfig",
            "ModelName",
            "PrimaryContainer",
            "VpcConfig",
        ),
        updated=(),
    )


class EndpointConfigProvider(SageMakerProvider):
    """AWS::SageMaker::EndpointConfig."""

    TYPE = "AWS::SageMaker::EndpointConfig"
    kind = "EndpointConfig"
    operation = "endpoint_config"
    SCHEMA = schema(
        TYPE,
        "EndpointConfigName",
        replaced=(
            "AsyncInferenceConfig",
            "DataCaptureConfig",
            "EnableNetworkIsolation",
            "EndpointConfigName",
            "ExecutionRoleArn",
            "ExplainerConfig",
            "KmsKeyId",
            "ProductionVariants",
            "ShadowProductionVariants",
            "VpcConfig",
        ),
        updated=(),
    )
