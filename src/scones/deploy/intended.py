"""What the stacks are to be, worked out from the settings: the same for `plan` and `deploy`."""

from collections.abc import Sequence

from scones import hosting
from scones.aws import Aws
from scones.deploy.api import DOCUMENT_PARAMETER, with_deployment
from scones.deploy.bundle import bundle
from scones.deploy.operation import describe
from scones.deploy.package import Artifact
from scones.deploy.settings import DeploySettings, OperationsSettings
from scones.deploy.stack import StackChange
from scones.deploy.template import declared, read_template


def artifacts_of(aws: Aws, settings: DeploySettings) -> list[Artifact]:
    """Return code, definitions and documents, each under the key that stands for its content."""
    return bundle(settings, aws.account, aws.region)


def core_change(aws: Aws, settings: DeploySettings, artifacts: Sequence[Artifact]) -> StackChange:
    """Return what the core stack is to be."""
    text, document = read_template(settings.template_path)
    bucket = settings.artifacts_bucket(aws.account, aws.region)
    keys = {artifact.parameter: artifact.key for artifact in artifacts}
    values = declared(document, settings.parameters(bucket, keys))
    body = with_deployment(text, keys[DOCUMENT_PARAMETER])
    return StackChange(settings.stack_name, body, values, settings.all_tags, bucket)


def operations_change(
    aws: Aws,
    settings: DeploySettings,
    operations: OperationsSettings,
    artifacts: Sequence[Artifact],
    *,
    scaling: bool = True,
) -> StackChange:
    """Return what the stack of alarms, cost and hours is to be, from what the core stack names.

    Args:
        aws: The session.
        settings: What the core stack is made from.
        operations: What this one is made from.
        artifacts: Code and definitions.
        scaling: Whether an endpoint that is there may grow; not while it is replaced.
    """
    text, document = read_template(settings.operations_template_path)
    core = describe(aws.client("cloudformation"), settings.stack_name) or {}
    values = {o["OutputKey"]: str(o["OutputValue"]) for o in core.get("Outputs", [])}
    keys = {artifact.parameter: artifact.key for artifact in artifacts}
    bucket = settings.artifacts_bucket(aws.account, aws.region)
    values |= settings.parameters(bucket, keys)
    there = scaling and hosting.status(aws, settings.endpoint_name) == "InService"
    values |= operations.parameters(endpoint_is_there=there)
    name = settings.operations_stack_name
    return StackChange(name, text, declared(document, values), settings.all_tags, bucket)
