"""Finds what was changed past CloudFormation: by hand, or by another program."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import DeployError
from scones.progress import SILENT, Reporter

POLL_SECONDS = 2.0
DEADLINE_SECONDS = 900.0
_NOT_BUILT = frozenset({"InternalFailure", "NotImplemented", "UnknownOperation", "InvalidAction"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One property: what the template says, and what is there; as CloudFormation writes them."""

    path: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """A resource that is not what its stack says.

    Attributes:
        stack: The stack.
        logical_id: The resource's name in the template.
        type: Such as AWS::S3::Bucket.
        physical_id: The resource's own name.
        status: MODIFIED or DELETED.
        differences: What was modified.
    """

    stack: str
    logical_id: str
    type: str
    physical_id: str
    status: str
    differences: Sequence[Difference]


def drift(aws: Aws, stack_name: str, *, reporter: Reporter = SILENT) -> list[Drifted]:
    """Have CloudFormation compare a stack with its resources, and wait for the answer.

    Args:
        aws: The session.
        stack_name: The stack.
        reporter: Told how long it takes.

    Raises:
        DeployError: There is no such stack, this CloudFormation compares nothing (LocalStack's),
            or the comparison failed.
    """
    cloudformation = aws.client("cloudformation")
    try:
        detection = cloudformation.detect_stack_drift(StackName=stack_name)["StackDriftDetectionId"]
    except ClientError as error:
        raise DeployError(_why_not(error, stack_name)) from error
    _wait(cloudformation, detection, stack_name, reporter)
    return [_drifted(stack_name, item) for item in _pages(cloudformation, stack_name)]


def _why_not(error: ClientError, stack_name: str) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _NOT_BUILT:
        return (
            "this CloudFormation has no drift detection (LocalStack's has none): "
            "use a profile on AWS"
        )
    if "does not exist" in message:
        return f"there is no stack '{stack_name}': run `scones deploy`"
    return f"CloudFormation does not compare {stack_name}: {message}"


def _wait(cloudformation: Any, detection: str, stack_name: str, reporter: Reporter) -> None:
    started = time.monotonic()
    while time.monotonic() - started < DEADLINE_SECONDS:
        found = cloudformation.describe_stack_drift_detection_status(
            StackDriftDetectionId=detection
        )
        if found["DetectionStatus"] == "DETECTION_COMPLETE":
            return
        if found["DetectionStatus"] == "DETECTION_FAILED":
            reason = found.get("DetectionStatusReason", "it gives no reason")
            raise DeployError(f"CloudFormation could not compare all of {stack_name}: {reason}")
        waited = int(time.monotonic() - started)
        reporter.progress(f"comparing {stack_name}", waited, None, "s")
        time.sleep(POLL_SECONDS)
    raise DeployError(
        f"CloudFormation still compares {stack_name} after {DEADLINE_SECONDS / 60:.0f} minutes: "
        "run the same command later"
    )


def _pages(cloudformation: Any, stack_name: str) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = cloudformation.describe_stack_resource_drifts(
            StackName=stack_name,
            StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
            **token,
        )
        yield from page["StackResourceDrifts"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def _drifted(stack_name: str, item: dict[str, Any]) -> Drifted:
    return Drifted(
        stack=stack_name,
        logical_id=item["LogicalResourceId"],
        type=item["ResourceType"],
        physical_id=item.get("PhysicalResourceId", ""),
        status=item["StackResourceDriftStatus"],
        differences=[
            Difference(one["PropertyPath"], one["ExpectedValue"], one["ActualValue"])
            for one in item.get("PropertyDifferences", [])
        ],
    )
