"""A CloudFormation stack: what state it is in, and the change set that brings it up to date."""

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones.errors import DeployError
from scones.progress import SILENT, Reporter

DEADLINE_SECONDS = 1_800.0
CAPABILITIES = ["CAPABILITY_IAM"]
PROJECT_TAG = "scones:project"

_FIRST_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 1.0
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# LocalStack "deploys" a type it does not know as a no-op and says so in the event's reason only.
_SILENT_NO_OP = "deployed as a fallback"


class Condition(enum.Enum):
    """What can be done with a stack next."""

    ABSENT = "there is none"
    READY = "it can be updated"
    BUSY = "an operation is under way"
    VOID = "its creation or deletion failed: nothing in it has ever worked"
    STUCK = "an update failed and was not rolled back"


_CONDITIONS = {
    "REVIEW_IN_PROGRESS": Condition.ABSENT,  # a change set was made, never executed
    "DELETE_COMPLETE": Condition.ABSENT,
    "CREATE_COMPLETE": Condition.READY,
    "UPDATE_COMPLETE": Condition.READY,
    "UPDATE_ROLLBACK_COMPLETE": Condition.READY,
    "IMPORT_COMPLETE": Condition.READY,
    "IMPORT_ROLLBACK_COMPLETE": Condition.READY,
    "CREATE_FAILED": Condition.VOID,
    "ROLLBACK_COMPLETE": Condition.VOID,
    "ROLLBACK_FAILED": Condition.VOID,
    "DELETE_FAILED": Condition.VOID,
}


def condition_of(status: str | None) -> Condition:
    """Return what a stack status, such as UPDATE_COMPLETE, means for the next deployment."""
    if status is None:
        return Condition.ABSENT
    if status in _CONDITIONS:
        return _CONDITIONS[status]
    return Condition.BUSY if status.endswith("_IN_PROGRESS") else Condition.STUCK


@dataclass(frozen=True, slots=True)
class StackChange:
    """What a stack is to be.

    Attributes:
        stack_name: The stack.
        template_body: The template's text.
        parameters: Parameter names and values.
        project: The value of the stack's project tag.
    """

    stack_name: str
    template_body: str
    parameters: Mapping[str, str]
    project: str


def describe(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    """Return a stack, by name or ARN, as DescribeStacks answers it; None where there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return dict(stacks[0]) if stacks else None


def settled(
    cloudformation: Any, stack_name: str, *, reporter: Reporter = SILENT
) -> tuple[dict[str, Any] | None, Condition]:
    """Return a stack and its condition, after waiting for what an earlier command left running."""
    found = describe(cloudformation, stack_name)
    if condition_of(_status(found)) is Condition.BUSY:
        reporter.note(f"{stack_name} is {_status(found)} from an earlier command: waiting for it")
        found = _follow(cloudformation, stack_name, set(), reporter)
    return found, condition_of(_status(found))


def apply(
    cloudformation: Any, change: StackChange, *, exists: bool, reporter: Reporter = SILENT
) -> bool:
    """Create or update a stack by change set; return whether anything changed.

    Raises:
        DeployError: CloudFormation refuses the change or fails on it, or builds less than asked.
    """
    change_set = _create_change_set(cloudformation, change, "UPDATE" if exists else "CREATE")
    if change_set is None:
        return False
    changes = change_set["Changes"]
    reporter.note(f"{change.stack_name}: {len(changes)} resources to change")
    seen = {event["EventId"] for event in _events(cloudformation, change_set["StackId"])}
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    ended = _follow(cloudformation, change_set["StackId"], seen, reporter, total=len(changes))
    events = [e for e in _events(cloudformation, change_set["StackId"]) if e["EventId"] not in seen]
    _require_success(change.stack_name, ended, events)
    return True


def delete(cloudformation: Any, stack_name: str, *, reporter: Reporter = SILENT) -> bool:
    """Delete a stack and wait; return whether there was one.

    Raises:
        DeployError: A resource cannot be deleted.
    """
    found = describe(cloudformation, stack_name)
    if found is None or found["StackStatus"] == "DELETE_COMPLETE":
        return False
    stack_id = found["StackId"]
    seen = {event["EventId"] for event in _events(cloudformation, stack_id)}
    reporter.note(f"deleting the stack {stack_name}")
    cloudformation.delete_stack(StackName=stack_id)
    ended = _follow(cloudformation, stack_id, seen, reporter)
    if ended is not None and ended["StackStatus"] != "DELETE_COMPLETE":
        events = _events(cloudformation, stack_id)
        _require_success(stack_name, ended, [e for e in events if e["EventId"] not in seen])
    return True


def _create_change_set(
    cloudformation: Any, change: StackChange, change_set_type: str
) -> dict[str, Any] | None:
    """Return the change set once it can be executed; None where it would change nothing."""
    try:
        created = cloudformation.create_change_set(
            StackName=change.stack_name,
            ChangeSetName=f"scones-{time.time_ns()}",
            ChangeSetType=change_set_type,
            TemplateBody=change.template_body,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in change.parameters.items()
            ],
            Capabilities=CAPABILITIES,
            Tags=[{"Key": PROJECT_TAG, "Value": change.project}],
            # The data bucket is kept when a stack is deleted, and taken in again by the next one.
            ImportExistingResources=True,
        )
    except ClientError as error:
        raise DeployError(
            f"CloudFormation refuses '{change.stack_name}': {error.response['Error']['Message']}"
        ) from error
    name = created["Id"]
    described = _poll(
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


def _follow(
    cloudformation: Any,
    stack: str,
    seen: set[str],
    reporter: Reporter,
    total: int | None = None,
) -> dict[str, Any] | None:
    """Report a stack's events until its operation has ended; return the stack, None if gone."""
    shown = set(seen)
    done: set[str] = set()

    def look() -> dict[str, Any] | None:
        found = describe(cloudformation, stack)
        if found is not None:
            for event in reversed(_events(cloudformation, found["StackId"])):
                if event["EventId"] not in shown:
                    shown.add(event["EventId"])
                    _report(event, done, total, reporter)
        return found

    return _poll(look, lambda found: not _is_busy(found), f"stack '{stack}'")


def _report(
    event: Mapping[str, Any], done: set[str], total: int | None, reporter: Reporter
) -> None:
    name, status = event["LogicalResourceId"], event["ResourceStatus"]
    if event.get("PhysicalResourceId") == event.get("StackId"):
        return
    if status.endswith("_FAILED"):
        reporter.note(f"{name}: {status}: {event.get('ResourceStatusReason', '')}")
    if status.endswith("_COMPLETE"):
        done.add(name)
        reporter.progress("stack", len(done), max(total, len(done)) if total else None, "resources")


def _require_success(
    stack_name: str, ended: Mapping[str, Any] | None, events: list[dict[str, Any]]
) -> None:
    """Turn a failed operation into an error that names its first cause.

    Raises:
        DeployError: The operation failed, or a resource was not really built.
    """
    status = _status(ended)
    oldest_first = events[::-1]
    failed = [event for event in oldest_first if event["ResourceStatus"].endswith("_FAILED")]
    if condition_of(status) is not Condition.READY or status == "UPDATE_ROLLBACK_COMPLETE":
        cause = failed[0] if failed else {}
        where = f"{cause.get('LogicalResourceId', '')} ({cause.get('ResourceType', 'stack')})"
        reason = cause.get("ResourceStatusReason") or (ended or {}).get("StackStatusReason", "")
        raise DeployError(f"stack '{stack_name}' ended as {status}: {where}: {reason}")
    skipped = [e for e in oldest_first if _SILENT_NO_OP in e.get("ResourceStatusReason", "")]
    if skipped:
        names = ", ".join(f"{e['LogicalResourceId']} ({e['ResourceType']})" for e in skipped)
        raise DeployError(
            f"stack '{stack_name}' looks complete, but LocalStack did not build {names}: "
            "put AWS-only resources in a stack of their own"
        )


def _events(cloudformation: Any, stack_id: str) -> list[dict[str, Any]]:
    """Return a stack's events, newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    return [event for page in pages for event in page["StackEvents"]]


def _status(stack: Mapping[str, Any] | None) -> str | None:
    return None if stack is None else str(stack["StackStatus"])


def _is_busy(stack: Mapping[str, Any] | None) -> bool:
    return condition_of(_status(stack)) is Condition.BUSY


def _poll[T](look: Callable[[], T], ready: Callable[[T], bool], what: str) -> T:
    """Look at ever longer intervals until what is seen is ready.

    Raises:
        DeployError: It is not, within DEADLINE_SECONDS.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    interval = _FIRST_POLL_SECONDS
    while True:
        seen = look()
        if ready(seen):
            return seen
        if time.monotonic() > deadline:
            raise DeployError(
                f"{what} is not ready after {DEADLINE_SECONDS:.0f} s: look at its events, "
                "then run the same command again"
            )
        time.sleep(interval)
        interval = min(interval * 1.3, _LONGEST_POLL_SECONDS)
