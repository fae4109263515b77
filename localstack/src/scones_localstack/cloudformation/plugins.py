"""The resource types that LocalStack's CloudFormation loads from this distribution, by name."""

from typing import Any

from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
)


class _Plugin(CloudFormationResourceProviderPlugin):
    """Names a resource type; its provider is imported when a template has one."""

    provider: str

    def __init__(self) -> None:
        self.factory: type[Any] | None = None

    def load(self) -> None:
        """Set the factory of providers."""
        from scones_localstack.cloudformation import endpoint, resources

        self.factory = getattr(resources, self.provider, None) or getattr(endpoint, self.provider)


class ModelPlugin(_Plugin):
    """AWS::SageMaker::Model."""

    name = "AWS::SageMaker::Model"
    provider = "ModelProvider"


class EndpointConfigPlugin(_Plugin):
    """AWS::SageMaker::EndpointConfig."""

    name = "AWS::SageMaker::EndpointConfig"
    provider = "EndpointConfigProvider"


class EndpointPlugin(_Plugin):
    """AWS::SageMaker::Endpoint."""

    name = "AWS::SageMaker::Endpoint"
    provider = "EndpointProvider"
