"""A CloudFormation stack: brought up to date by change set, deleted, and looked at closely."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import DENIED_CODES
from scones.deploy.operation import Condition, Operation, condition_of, describe, poll
from scones.errors import DeployError
from scones.progress import SILENT, Reporter

CAPABILITIES = ["CAPABILITY_IAM"]
# LocalStack 4.14 takes a change of these types for made without making it.
UPDATED_IN_NAME_ONLY = frozenset(
    {
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::Events::Rule",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::LayerVersion",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }
)

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
DATA_POLICY = {
    "Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": ["LogicalResourceId/DataBucket", "LogicalResourceId/UploadsBucket"],
        },
    ]
}

_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# LocalStack "deploys" a type it does not know as a no-op and says so in the status reason only.
_SILENT_NO_OP = "deployed as a fallback"


@dataclass(frozen=True, slots=True)
class StackChange:
    """What a stack is to be.

    Attributes:
        stack_name: The stack.
        template_body: The template's text.
        parameters: Parameter names and values.
        tags: Of the stack and of all that is in it.
        bucket: For a template that is larger than a request takes.
        template_url: Where such a template is in S3; empty for one that goes along.
    """

    stack_name: str
    template_body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    bucket: str
    template_url: str = ""

    @property
    def template(self) -> dict[str, str]:
        """The template as CreateChangeSet asks for it."""
        if self.template_url:
            return {"TemplateURL": self.template_url}
        return {"TemplateBody": self.template_body}


def settled(
    cloudformation: Any, stack_name: str, *, reporter: Reporter = SILENT
) -> tuple[str | None, Condition]:
    """Return a stack's status and condition, after waiting for what an earlier command started."""

    def status() -> str | None:
        found = describe(cloudformation, stack_name)
        return None if found is None else str(found["StackStatus"])

    seen = status()
    if condition_of(seen) is Condition.BUSY:
        reporter.note(f"{stack_name} is {seen} from an earlier command: waiting for its end")
        seen = poll(
            status, lambda now: condition_of(now) is not Condition.BUSY, f"stack '{stack_name}'"
        )
    return seen, condition_of(seen)


def apply(
    cloudformation: Any,
    change: StackChange,
    *,
    exists: bool,
    not_updated: Collection[str] = (),
    reporter: Reporter = SILENT,
) -> bool:
    """Create or update a stack by change set; return whether anything changed.

    Args:
        cloudformation: The client.
        change: What the stack is to be.
        exists: Whether there is one to update.
        not_updated: Resource types that this CloudFormation cannot change in place.
        reporter: Told each resource.

    Raises:
        DeployError: CloudFormation refuses the change, cannot make it, or fails on it.
    """
    change_set = _create_change_set(cloudformation, change, "UPDATE" if exists else "CREATE")
    if change_set is None:
        return False
    changes = [entry["ResourceChange"] for entry in change_set["Changes"]]
    for entry in changes:
        if entry["Action"] == "Modify" and entry["ResourceType"] in not_updated:
            raise DeployError(
                f"{entry['LogicalResourceId']} ({entry['ResourceType']}) cannot be changed in place"
            )
    reporter.note(f"{change.stack_name}: {len(changes)} resources to change")
    operation = Operation(cloudformation, change_set["StackId"], total=len(changes))
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    status = operation.follow(reporter)
    if condition_of(status) is not Condition.READY or status == "UPDATE_ROLLBACK_COMPLETE":
        raise DeployError(f"stack '{change.stack_name}' {operation.failure(status)}")
    return True


def reviewed(cloudformation: Any, change: StackChange) -> list[dict[str, Any]]:
    """Return what a change of a stack that is there would do, each as a ResourceChange.

    Raises:
        DeployError: CloudFormation refuses the change.
    """
    change_set = _create_change_set(cloudformation, change, "UPDATE")
    if change_set is None:
        return []
    name = change_set["ChangeSetId"]
    try:
        pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=name)
        return [entry["ResourceChange"] for page in pages for entry in page["Changes"]]
    finally:
        cloudformation.delete_change_set(ChangeSetName=name)


def delete(cloudformation: Any, stack_name: str, *, reporter: Reporter = SILENT) -> bool:
    """Delete a stack and wait; return whether there was one.

    Raises:
        DeployError: A resource cannot be deleted.
    """
    found = describe(cloudformation, stack_name)
    if found is None or found["StackStatus"] == "DELETE_COMPLETE":
        return False
    reporter.note(f"deleting the stack {stack_name}")
    operation = Operation(cloudformation, found["StackId"])
    if found.get("EnableTerminationProtection"):
        cloudformation.update_termination_protection(
            StackName=found["StackId"], EnableTerminationProtection=False
        )
    cloudformation.delete_stack(StackName=found["StackId"])
    status = operation.follow(reporter)
    if condition_of(status) is not Condition.ABSENT:
        raise DeployError(f"stack '{stack_name}' {operation.failure(status)}")
    return True


def protect(cloudformation: Any, stack_name: str) -> None:
    """Have CloudFormation refuse to delete the stack, or to replace or delete its data bucket."""
    cloudformation.update_termination_protection(
        StackName=stack_name, EnableTerminationProtection=True
    )
    cloudformation.set_stack_policy(StackName=stack_name, StackPolicyBody=json.dumps(DATA_POLICY))


def require_built(cloudformation: Any, stack_name: str) -> None:
    """Return only if every resource is really there.

    Raises:
        DeployError: LocalStack passed over one.
    """
    resources = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    skipped = [
        f"{resource['LogicalResourceId']} ({resource['ResourceType']})"
        for resource in resources
        if _SILENT_NO_OP in resource.get("ResourceStatusReason", "")
        and not resource["ResourceStatus"].startswith("DELETE_")
    ]
    if skipped:
        raise DeployError(
            f"stack '{stack_name}' looks complete, but LocalStack did not build "
            f"{', '.join(skipped)}: put AWS-only resources in a stack of their own"
        )


def _create_change_set(
    cloudformation: Any, change: StackChange, change_set_type: str
) -> dict[str, Any] | None:
    """Return the change set once it can be executed; None where it would change nothing."""
    try:
        created = cloudformation.create_change_set(
            StackName=change.stack_name,
            ChangeSetName=f"scones-{time.time_ns()}",
            ChangeSetType=change_set_type,
            **change.template,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in change.parameters.items()
            ],
            Capabilities=CAPABILITIES,
            Tags=[{"Key": name, "Value": value} for name, value in change.tags.items()],
            # The data bucket is kept when a stack is deleted, and taken in again by the next one.
            ImportExistingResources=True,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED_CODES:
            raise
        raise DeployError(
            f"CloudFormation refuses '{change.stack_name}': {error.response['Error']['Message']}"
        ) from error
    name = created["Id"]
    described = poll(
        lambda: cloudformation.describe_change_set(ChangeSetName=name),
        lambda answer: answer["Status"] in ("CREATE_COMPLETE", "FAILED"),
        f"change set of '{change.stack_name}'",
    )
    if described["Status"] == "CREATE_COMPLETE":
        return {**described, "ChangeSetId": name, "StackId": created["StackId"]}
    cloudformation.delete_change_set(ChangeSetName=name)
    reason = described.get("StatusReason", "")
    if any(text in reason for text in _NO_CHANGE):
        return None
    raise DeployError(f"CloudFormation refuses the change of '{change.stack_name}': {reason}")
