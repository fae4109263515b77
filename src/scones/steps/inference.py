"""Photos through the workflow: one by one, as a batch, or by an upload that starts it by itself."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import workflow
from scones.console import seconds
from scones.deploy.definitions import Diagnostic
from scones.emulation import inbox
from scones.emulation.inbox import ReceivedEmail
from scones.errors import DataError, WorkflowError
from scones.project import Project
from scones.workflow import BatchDecision, Decision, Status, StoredImage
from scones.workflow.batches import read_batch
from scones.workflow.executions import upload

if TYPE_CHECKING:
    from scones.workflow.export import Exported

TEST_PREFIX = "test/"
INCOMING_PREFIX = "incoming/"
CONCURRENCY = 4
ARRIVAL_SECONDS = 60.0
EMAIL_SECONDS = 60.0
POLL_SECONDS = 0.2


def classify(
    project: Project,
    images: Sequence[StoredImage | Path],
    *,
    on_decision: Callable[[Decision], None] | None = None,
) -> list[Decision]:
    """Run one execution per image; images on disk are uploaded first."""
    return workflow.classify_many(
        project.aws,
        project.outputs,
        images,
        concurrency=CONCURRENCY,
        on_finished=on_decision,
        reporter=project.reporter,
    )


def classify_batch(project: Project, images: Sequence[StoredImage | Path]) -> list[Decision]:
    """Run one execution for all images; those below the threshold are notified of in one message.

    Returns:
        The decisions: routed ones first, then those below the threshold, then failed ones.
    """
    missing = [str(image) for image in images if isinstance(image, Path) and not image.is_file()]
    if missing:
        raise DataError(f"there is no image {missing[0]}: give the path of a PNG or JPEG file")
    stored = [
        upload(project.aws, project.outputs, image) if isinstance(image, Path) else image
        for image in images
    ]
    return decisions_of(workflow.classify_batch(project.aws, project.outputs, stored))


def classify_arrival(project: Project, image: StoredImage) -> list[Decision]:
    """Copy an image under `incoming/`, and wait for what the state machine makes of it by itself.

    Raises:
        WorkflowError: No execution has ended within ARRIVAL_SECONDS.
    """
    key = f"{INCOMING_PREFIX}{Path(image.key).name}"
    source = {"Bucket": image.bucket, "Key": image.key}
    known = set(_executions(project))
    project.aws.client("s3").copy_object(CopySource=source, Bucket=image.bucket, Key=key)
    deadline = time.monotonic() + ARRIVAL_SECONDS
    states = project.aws.client("stepfunctions")
    while time.monotonic() < deadline:
        for arn in set(_executions(project)) - known:
            execution = states.describe_execution(executionArn=arn)
            if key not in execution["input"]:
                known.add(arn)
            elif execution["status"] != "RUNNING":
                return decisions_of(read_batch(execution))
        time.sleep(POLL_SECONDS)
    raise WorkflowError(
        f"the upload of {key} started no execution within {ARRIVAL_SECONDS:.0f} s: run "
        "`scones deploy`, and see the rule that it makes"
    )


def await_emails(project: Project, since: datetime, expected: int = 1) -> list[ReceivedEmail]:
    """Return the notifications that have reached the inbox.

    Args:
        project: The project.
        since: When the first could have been sent (UTC).
        expected: How many to wait for.

    Returns:
        The emails in order of arrival; none where they go to a real inbox, or to a container's.

    Raises:
        WorkflowError: Fewer have arrived within EMAIL_SECONDS.
    """
    if not project.settings.target.supervised:
        return []
    directory = project.state_dir / "inbox"
    deadline = time.monotonic() + EMAIL_SECONDS
    while len(emails := list(inbox.read(directory, since=since))) < expected:
        if time.monotonic() > deadline:
            raise WorkflowError(
                f"{len(emails)} of {expected} notification emails arrived within "
                f"{EMAIL_SECONDS:.0f} s: see {project.state_dir / 'logs'}"
            )
        time.sleep(POLL_SECONDS)
    return emails


def _executions(project: Project) -> list[str]:
    listed = project.aws.client("stepfunctions").list_executions(
        stateMachineArn=project.outputs.batch_state_machine_arn, maxResults=100
    )
    return [execution["executionArn"] for execution in listed["executions"]]


def decisions_of(batch: BatchDecision) -> list[Decision]:
    """Return a batch's decisions in the form in which single images have them."""

    def decision(image: Mapping[str, Any], status: Status) -> Decision:
        routed = status is Status.ROUTED
        reason = ": ".join(filter(None, (image.get("error", ""), image.get("reason", ""))))
        return Decision(
            image_uri=StoredImage(image["s3_bucket"], image["s3_key"]).uri,
            status=status,
            predicted_class=image.get("predicted_class"),
            confidence=image.get("confidence"),
            loading_bay=image["loading_bay"] if routed else None,
            order_range=image["order_range"] if routed else None,
            latency_seconds=batch.latency_seconds,
            execution_arn=batch.execution_arn,
            reason=reason,
        )

    groups = {
        Status.ROUTED: batch.routed,
        Status.BELOW_THRESHOLD: batch.below_threshold,
        Status.FAILED: batch.failed,
    }
    return [decision(image, status) for status, images in groups.items() for image in images]


def describe(decision: Decision) -> str:
    """Write a decision in one line."""
    name = decision.image_uri.rpartition("/")[2]
    took = seconds(decision.latency_seconds)
    match decision.status:
        case Status.ROUTED:
            where = f"bay {decision.loading_bay}, {decision.order_range} orders"
            return f"{name}  {decision.predicted_class} {decision.confidence:.3f}  {where}  {took}"
        case Status.BELOW_THRESHOLD:
            seen = f"{decision.predicted_class} {decision.confidence:.3f}"
            return f"{name}  {seen}  below the threshold  {took}"
    return f"{name}  failed: {decision.reason}  {took}"


def export(
    project: Project, machine: str, *, execution_arn: str | None = None, folder: Path | None = None
) -> "Exported":
    """Write a deployed state machine's JSON, and draw it or an execution of it.

    Args:
        project: The project.
        machine: "image", "batch" or "train".
        execution_arn: Colour the states by what became of them in this execution.
        folder: Where to; by default the reports folder.
    """
    from scones.workflow.export import export as write  # a drawing library, loaded if needed

    outputs = project.outputs
    arns = {
        "image": outputs.classify_state_machine_arn,
        "batch": outputs.batch_state_machine_arn,
        "train": outputs.train_state_machine_arn,
    }
    return write(
        project.aws,
        arns[machine],
        folder or project.reports_dir / "workflow",
        execution_arn=execution_arn,
        reporter=project.reporter,
    )


def validate(project: Project) -> dict[Path, list[Diagnostic]]:
    """Return what ValidateStateMachineDefinition says of each file in `asl/`."""
    paths: Iterable[Path] = sorted((project.deploy_settings.source_root / "asl").glob("*.asl.json"))
    return workflow.validate_files(project.aws.client("stepfunctions"), paths)
