"""What a deployment would create, read from the template without an account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.deploy.bundle import bundle
from scones.deploy.settings import DeploySettings
from scones.deploy.template import evaluate, read_template, template_paths

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
    """Return what `deploy` would create, in the template's order.

    Args:
        settings: What the stack is made from.
        account: The account's twelve digits, where known.
        region: The region, where known.

    Raises:
        DeployError: The template, a handler or a state machine is not well formed.
    """
    stacks = (settings.stack_name, settings.operations_stack_name)
    documents = [read_template(path)[1] for path in template_paths(settings)]
    artifacts = bundle(settings, account, region)
    bucket = settings.artifacts_bucket(account, region)
    values = settings.parameters(
        bucket, {artifact.parameter: artifact.key for artifact in artifacts}
    )
    values |= {"AWS::AccountId": account, "AWS::Region": region}
    before_the_stack = [
        *(
            PlannedResource("ImageRepository", "AWS::ECR::Repository", name)
            for name in settings.image_repositories or ()
        ),
        PlannedResource("ArtifactsBucket", "AWS::S3::Bucket", bucket),
    ]
    return before_the_stack + [
        PlannedResource(logical_id, resource["Type"], _name(resource, values), stack)
        for stack, document in zip(stacks, documents, strict=False)
        for logical_id, resource in document["Resources"].items()
    ]


# They name the function that they are of; they have no name of their own.
_OF_A_FUNCTION = ("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission")


def _name(resource: Mapping[str, Any], values: Mapping[str, str]) -> str:
    if resource["Type"] in _OF_A_FUNCTION:
        return ""
    properties = resource.get("Properties", {})
    named = next((name for name in _NAME_PROPERTIES if name in properties), None)
    return evaluate(properties[named], values) if named else ""
