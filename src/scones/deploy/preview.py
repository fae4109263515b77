"""What `deploy` would change, as CloudFormation itself says: by change sets that are deleted again.

A stack that is not there is asked nothing; all of its template is new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.aws import Aws
from scones.deploy import stack
from scones.deploy.artifacts import bucket_exists
from scones.deploy.intended import artifacts_of, core_change, operations_change
from scones.deploy.large_template import placed
from scones.deploy.operation import Condition, condition_of, describe
from scones.deploy.planning import PlannedResource, plan
from scones.deploy.settings import DeploySettings
from scones.deploy.stack import StackChange
from scones.images import describe_repository

_WORDS = {"Add": "create", "Modify": "change", "Remove": "delete", "Import": "take in"}
_REPLACED = {"True": "replace", "Conditional": "change, maybe replace"}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What becomes of one resource.

    Attributes:
        action: create, change, replace, delete or take in; "change, maybe replace" where
            CloudFormation knows only when it does it.
        logical_id: Its name in the template.
        type: Its type, such as AWS::S3::Bucket.
        name: Its name in the account; empty where AWS makes one up.
        why: The properties that differ; empty for what is created or deleted.
    """

    action: str
    logical_id: str
    type: str
    name: str
    why: tuple[str, ...] = ()


def preview(aws: Aws, settings: DeploySettings) -> list[PlannedChange]:
    """Return what `deploy` would change; nothing where all is up to date.

    Raises:
        DeployError: CloudFormation refuses the change.
        ClientError: The caller may not ask.
    """
    planned = plan(settings, account=aws.account, region=aws.region)
    artifacts = artifacts_of(aws, settings)
    changes = [core_change(aws, settings, artifacts)]
    if settings.operations is not None:
        changes.append(operations_change(aws, settings, settings.operations, artifacts))
    return [
        *_missing_outside(aws, planned),
        *(found for change in changes for found in of_stack(aws, change, planned)),
    ]


def _missing_outside(aws: Aws, planned: list[PlannedResource]) -> Iterator[PlannedChange]:
    for resource in planned:
        if not resource.stack and not _is_there(aws, resource):
            yield _created(resource)


def _is_there(aws: Aws, resource: PlannedResource) -> bool:
    if resource.type == "AWS::ECR::Repository":
        return describe_repository(aws.client("ecr"), resource.name) is not None
    return bucket_exists(aws.client("s3"), resource.name)


def of_stack(
    aws: Aws, change: StackChange, planned: Sequence[PlannedResource]
) -> Iterator[PlannedChange]:
    """Yield what a change would do to one stack.

    Args:
        aws: The session.
        change: What the stack is to be.
        planned: The template's resources: what is created where there is no stack yet.

    Raises:
        DeployError: CloudFormation refuses the change.
    """
    cloudformation = aws.client("cloudformation")
    found = describe(cloudformation, change.stack_name)
    status = None if found is None else str(found["StackStatus"])
    if condition_of(status) in (Condition.ABSENT, Condition.VOID):
        yield from (_created(each) for each in planned if each.stack == change.stack_name)
        return
    names = {each.logical_id: each.name for each in planned if each.stack == change.stack_name}
    for entry in stack.reviewed(cloudformation, placed(aws.client("s3"), change)):
        yield _described(entry, names)


def _created(resource: PlannedResource) -> PlannedChange:
    return PlannedChange("create", resource.logical_id, resource.type, resource.name)


def _described(entry: Mapping[str, Any], names: Mapping[str, str]) -> PlannedChange:
    logical_id = entry["LogicalResourceId"]
    action = _WORDS.get(entry["Action"], entry["Action"].lower())
    if action == "change":
        action = _REPLACED.get(entry.get("Replacement", ""), action)
    targets = (detail.get("Target", {}) for detail in entry.get("Details", []))
    named = {target.get("Name") or target.get("Attribute", "") for target in targets}
    name = entry.get("PhysicalResourceId") or names.get(logical_id, "")
    why = tuple(sorted(filter(None, named)))
    return PlannedChange(action, logical_id, entry["ResourceType"], name, why)
