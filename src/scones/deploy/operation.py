"""An operation on a stack while it runs: its events, its end and, if it failed, its first cause."""

import enum
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scones.errors import DeployError
from scones.progress import Reporter

DEADLINE_SECONDS = 1_800.0
FAILED_FOR_GOOD_SECONDS = 2.0

_FIRST_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 1.0


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


def describe(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    """Return a stack, by name or ARN, as DescribeStacks answers it; None where there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return dict(stacks[0]) if stacks else None


class Operation:
    """One create, update or delete of a stack.

    Made before the call that starts the operation, so that the events of earlier ones are known.
    """

    def __init__(self, cloudformation: Any, stack_id: str, *, total: int | None = None) -> None:
        """Remember which events there are.

        Args:
            cloudformation: The client.
            stack_id: The stack's ARN, which stays valid when the stack is deleted.
            total: How many resources the operation touches, where known.
        """
        self._cloudformation = cloudformation
        self._stack_id = stack_id
        self._total = total
        self._earlier = {event["EventId"] for event in self._all_events()}
        self._events: list[dict[str, Any]] = []
        self._done: set[str] = set()
        self._failed_since: dict[str, float] = {}

    def follow(self, reporter: Reporter) -> str | None:
        """Report the events until the operation has ended; return the stack's status, if any.

        Raises:
            DeployError: It does not end within DEADLINE_SECONDS.
        """
        return poll(lambda: self._look(reporter), self._has_ended, f"stack '{self._stack_id}'")

    def failure(self, status: str | None) -> str:
        """Return, in a phrase, how the operation ended and what failed first."""
        failed = [event for event in self._events if event["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return f"ended as {status}"
        cause = failed[0]
        reason = cause.get("ResourceStatusReason") or "no reason given"
        return (
            f"ended as {status}: {cause['LogicalResourceId']} ({cause['ResourceType']}): {reason}"
        )

    def _look(self, reporter: Reporter) -> str | None:
        # The status first: what happened before it is then among the events.
        found = describe(self._cloudformation, self._stack_id)
        for event in reversed(self._all_events()):
            if event["EventId"] not in self._earlier:
                self._earlier.add(event["EventId"])
                self._events.append(event)
                self._report(event, reporter)
        return None if found is None else str(found["StackStatus"])

    def _has_ended(self, status: str | None) -> bool:
        if condition_of(status) is Condition.ABSENT:
            return True
        if not any(self._is_of_stack(event) for event in self._events):
            return False  # what is seen is still the status of the operation before
        if status is not None and status.endswith("_FAILED"):
            # LocalStack passes through such a status on its way to another one.
            since = self._failed_since.setdefault(status, time.monotonic())
            return time.monotonic() - since > FAILED_FOR_GOOD_SECONDS
        return condition_of(status) is not Condition.BUSY

    def _report(self, event: Mapping[str, Any], reporter: Reporter) -> None:
        if self._is_of_stack(event):
            return
        name, status = event["LogicalResourceId"], event["ResourceStatus"]
        if status.endswith("_FAILED"):
            reporter.note(f"{name}: {status}: {event.get('ResourceStatusReason', '')}")
        elif status.endswith("_COMPLETE"):
            self._done.add(name)
            reporter.progress("stack", len(self._done), self._total, "resources")

    def _is_of_stack(self, event: Mapping[str, Any]) -> bool:
        return event.get("PhysicalResourceId") == self._stack_id

    def _all_events(self) -> list[dict[str, Any]]:
        """Return the stack's events, newest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events")
        return [
            event
            for page in pages.paginate(StackName=self._stack_id)
            for event in page["StackEvents"]
        ]


def poll[T](look: Callable[[], T], ready: Callable[[T], bool], what: str) -> T:
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
