"""Executions of the state machine that classifies a batch and notifies of the unsure images."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.aws import Aws
from scones.deploy import StackOutputs
from scones.errors import UsageError, WorkflowError
from scones.workflow.decisions import StoredImage, error_message, latency_seconds
from scones.workflow.executions import (
    DEADLINE_SECONDS,
    execution_name,
    start_execution,
    wait_for_end,
)

STATE_LIMIT_BYTES = 256 * 1024  # Step Functions quota: input or output of a state
IMAGE_DOCUMENT_BYTES = 1_000  # what a state may say of an image; most of it is a failure's cause
HISTORY_LIMIT_IMAGES = 1_500  # an execution has 25,000 events; an image makes up to 16


@dataclass(frozen=True, slots=True)
class BatchDecision:
    """What an execution decided about a batch; each image as a document.

    Attributes:
        routed: With predicted_class, confidence, loading_bay and order_range.
        below_threshold: The same; these were notified of.
        failed: With error and reason.
        notification: The id of the SNS message; None where no image was below the threshold.
        latency_seconds: From the execution's start to its end.
        execution_arn: The execution.
    """

    routed: Sequence[Mapping[str, Any]]
    below_threshold: Sequence[Mapping[str, Any]]
    failed: Sequence[Mapping[str, Any]]
    notification: str | None
    latency_seconds: float
    execution_arn: str


def start_batch(aws: Aws, outputs: StackOutputs, images: Sequence[StoredImage]) -> str:
    """Start the execution of a batch and return its ARN.

    Raises:
        UsageError: There are none, or more than one execution can hold.
        WorkflowError: Nothing is deployed.
    """
    document = {"images": [{"s3_bucket": image.bucket, "s3_key": image.key} for image in images]}
    size_bytes = len(json.dumps(document)) + IMAGE_DOCUMENT_BYTES * len(images)
    if not images:
        raise UsageError("the batch is empty: name at least one image")
    if size_bytes > STATE_LIMIT_BYTES or len(images) > HISTORY_LIMIT_IMAGES:
        fitting = min(HISTORY_LIMIT_IMAGES, len(images) * STATE_LIMIT_BYTES // size_bytes)
        raise UsageError(
            f"{len(images):,} images are more than one execution holds (256 KiB): "
            f"start batches of at most {fitting:,}"
        )
    name = execution_name(f"batch-of-{len(images)}")
    return start_execution(aws, outputs.batch_state_machine_arn, name, document)


def classify_batch(
    aws: Aws,
    outputs: StackOutputs,
    images: Sequence[StoredImage],
    *,
    deadline_seconds: float = 5 * DEADLINE_SECONDS,
) -> BatchDecision:
    """Run the notifying workflow for a batch and return its decisions.

    Raises:
        UsageError: As for `start_batch`.
        WorkflowError: The execution failed as a whole, or takes longer than the deadline.
    """
    arn = start_batch(aws, outputs, images)
    return read_batch(wait_for_end(aws, arn, deadline_seconds))


def read_batch(execution: Mapping[str, Any]) -> BatchDecision:
    """Return the decisions of a batch's execution that has ended.

    Raises:
        WorkflowError: It failed as a whole.
    """
    arn = execution["executionArn"]
    if execution["status"] != "SUCCEEDED":
        cause = error_message(execution.get("cause", ""))
        raise WorkflowError(
            f"batch {arn} ended as {execution['status']}: {execution.get('error', '')}: {cause}"
        )
    output = json.loads(execution["output"])
    return BatchDecision(
        routed=output["routed"],
        below_threshold=output["below_threshold"],
        failed=output["failed"],
        notification=output["notification"],
        latency_seconds=latency_seconds(execution),
        execution_arn=arn,
    )
