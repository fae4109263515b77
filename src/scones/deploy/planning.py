"""What a deployment would create, read from the template without an account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scones.deploy.bundle import bundle
from scones.deploy.settings import DeploySettings
from scones.deploy.template import evaluate, read_template, template_paths, wanted

UNKNOWN_ACCOUNT = "<account>"
UNKNOWN_REGION = "<region>"

_NAME_PROPERTIES = (
    "BucketName",
    "FunctionName",
    "LogGroupName",
    "Name",
    "StateMachineName",
    "TopicName",
    "QueueName",
    "LayerName",
    "UsagePlanName",
    "StageName",
    "AlarmName",
    "DashboardName",
    "BudgetName",
    "Endpoint",
)


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """One resource that `deploy` creates.

    Attributes:
        logical_id: Its name in the template.
        type: Its type, such as AWS::S3::Bucket.
        name: Its name in the account; empty where AWS makes one up.
        stack: The stack that it is in; empty for what is made before the stacks.
    """

    logical_id: str
    type: str
    name: str
    stack: str = ""


def plan(
    settings: DeploySettings, *, account: str = UNKNOWN_ACCOUNT, region: str = UNKNOWN_REGION
) -> list[PlannedResource]:
    """Return what a first `deploy` would create, in the templates' order.

    Args:
        settings: What the stacks are made from.
        account: The account's twelve digits, where known.
        region: The region, where known.

    Raises:
        DeployError: The template, a handler or a state machine is not well formed.
    """
    values = _values(settings, account, region)
    before_the_stack = [
        *(
            PlannedResource("ImageRepository", "AWS::ECR::Repository", name)
            for name in settings.image_repositories or ()
        ),
        PlannedResource(
            "ArtifactsBucket", "AWS::S3::Bucket", settings.artifacts_bucket(account, region)
        ),
    ]
    return before_the_stack + [
        _planned(logical_id, resource, values, stack)
        for stack, document in _templates(settings)
        for logical_id, resource in wanted(document, values).items()
    ]


def named(settings: DeploySettings, account: str, region: str) -> list[PlannedResource]:
    """Return all that the stacks may ever have made, with whatever settings.

    Raises:
        DeployError: A source is not well formed.
    """
    values = _values(settings, account, region)
    return [
        _planned(logical_id, resource, values, stack)
        for stack, document in _templates(settings)
        for logical_id, resource in document["Resources"].items()
    ]


def _templates(settings: DeploySettings) -> Iterator[tuple[str, dict[str, Any]]]:
    stacks = (settings.stack_name, settings.operations_stack_name)
    for stack, path in zip(stacks, template_paths(settings), strict=False):
        yield stack, read_template(path)[1]


def _values(settings: DeploySettings, account: str, region: str) -> dict[str, str]:
    keys = {artifact.parameter: artifact.key for artifact in bundle(settings, account, region)}
    values = settings.parameters(settings.artifacts_bucket(account, region), keys)
    if settings.operations is not None:
        values |= settings.operations.parameters(endpoint_is_there=False)
    return values | {"AWS::AccountId": account, "AWS::Region": region}


def _planned(
    logical_id: str, resource: Mapping[str, Any], values: Mapping[str, str], stack: str
) -> PlannedResource:
    return PlannedResource(logical_id, resource["Type"], _name(resource, values), stack)


# They name the function that they are of; they have no name of their own.
_OF_A_FUNCTION = ("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission")


def _name(resource: Mapping[str, Any], values: Mapping[str, str]) -> str:
    if resource["Type"] in _OF_A_FUNCTION:
        return ""
    properties = resource.get("Properties", {})
    properties = properties.get("Budget", properties)
    found = next((name for name in _NAME_PROPERTIES if name in properties), None)
    return evaluate(properties[found], values) if found else ""
