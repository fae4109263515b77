"""Executions of the state machine that classifies one image: start them, wait for their ends."""

import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.deploy import StackOutputs
from scones.errors import DataError, WorkflowError
from scones.progress import SILENT, Reporter
from scones.workflow.decisions import Decision, StoredImage, read_decision

UPLOAD_PREFIX = "classify"  # not incoming/, where an upload starts the batch by itself
DEADLINE_SECONDS = 120.0

_NAME_LIMIT = 80  # StartExecution: longest name
_FIRST_POLL_SECONDS = 0.03
_LONGEST_POLL_SECONDS = 0.5


def classify(
    aws: Aws,
    outputs: StackOutputs,
    image: StoredImage | Path,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Decision:
    """Run the workflow for one image and return its decision.

    Args:
        aws: The session.
        outputs: What is deployed.
        image: An image in S3, or a local one, which is uploaded first.
        deadline_seconds: How long to wait for the execution's end.

    Raises:
        DataError: There is no such local file.
        WorkflowError: Nothing is deployed, or the execution takes longer than the deadline.
    """
    _require_files([image])
    return _classify(aws, outputs, image, deadline_seconds, threading.Event())


def classify_many(
    aws: Aws,
    outputs: StackOutputs,
    images: Iterable[StoredImage | Path],
    *,
    concurrency: int = 4,
    deadline_seconds: float = DEADLINE_SECONDS,
    on_finished: Callable[[Decision], None] | None = None,
    reporter: Reporter = SILENT,
) -> list[Decision]:
    """Run the workflow for many images, some at a time; return the decisions in the images' order.

    Args:
        aws: The session.
        outputs: What is deployed.
        images: Images in S3 and local ones.
        concurrency: How many executions run at once.
        deadline_seconds: How long to wait for the end of each.
        on_finished: Called with each decision as it falls, in the caller's thread.
        reporter: Told how many are done.

    Raises:
        DataError: A local file is not there; nothing has been started then.
        WorkflowError: As for `classify`. Executions that run already go on to their ends.
    """
    listed = list(images)
    _require_files(listed)
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="execution") as pool:
        futures = {
            pool.submit(_classify, aws, outputs, image, deadline_seconds, stop): place
            for place, image in enumerate(listed)
        }
        decisions: dict[int, Decision] = {}
        try:
            for future in as_completed(futures):
                decisions[futures[future]] = decision = future.result()
                reporter.progress("executions", len(decisions), len(listed), "images")
                if on_finished is not None:
                    on_finished(decision)
        except BaseException:  # Ctrl-C too: let no thread wait for the rest
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [decisions[place] for place in range(len(listed))]


def start_execution(
    aws: Aws, state_machine_arn: str, name: str, document: Mapping[str, Any]
) -> str:
    """Start an execution and return its ARN.

    Raises:
        WorkflowError: There is no such state machine.
    """
    try:
        started = aws.client("stepfunctions").start_execution(
            stateMachineArn=state_machine_arn, name=name, input=json.dumps(document)
        )
    except ClientError as error:
        fault = error.response["Error"]
        if fault["Code"] == "StateMachineDoesNotExist":
            raise WorkflowError(
                f"there is no state machine {state_machine_arn}: run `scones deploy`"
            ) from error
        raise WorkflowError(f"cannot start an execution: {fault['Message']}") from error
    return str(started["executionArn"])


def wait_for_end(
    aws: Aws, execution_arn: str, deadline_seconds: float, stop: threading.Event | None = None
) -> dict[str, Any]:
    """Return an execution once it has ended, as DescribeExecution answers it.

    Raises:
        WorkflowError: It has not by the deadline, or `stop` was set.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + deadline_seconds
    interval = _FIRST_POLL_SECONDS
    stepfunctions = aws.client("stepfunctions")
    while not stop.wait(interval):
        execution: dict[str, Any] = stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] != "RUNNING":
            return execution
        if time.monotonic() > deadline:
            raise WorkflowError(
                f"execution {execution_arn} still runs after {deadline_seconds:.0f} s: "
                "see `scones status`, or wait longer"
            )
        interval = min(interval * 1.25, _LONGEST_POLL_SECONDS)
    raise WorkflowError(f"no longer waiting for execution {execution_arn}, which goes on")


def upload(aws: Aws, outputs: StackOutputs, path: Path) -> StoredImage:
    """Put a local image into the data bucket; the same image always under the same key."""
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:8]
    image = StoredImage(outputs.data_bucket, f"{UPLOAD_PREFIX}/{digest}-{path.name}")
    aws.client("s3").put_object(Bucket=image.bucket, Key=image.key, Body=body)
    return image


def execution_name(stem: str) -> str:
    """Return a name for an execution that no other has and that starts with the stem."""
    suffix = uuid.uuid4().hex[:12]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[: _NAME_LIMIT - len(suffix) - 1]
    return f"{readable}-{suffix}"


def _classify(
    aws: Aws,
    outputs: StackOutputs,
    image: StoredImage | Path,
    deadline_seconds: float,
    stop: threading.Event,
) -> Decision:
    stored = upload(aws, outputs, image) if isinstance(image, Path) else image
    name = execution_name(Path(stored.key).stem)
    document = {
        "s3_bucket": stored.bucket,
        "s3_key": stored.key,
        "image_data": "",
        "correlation_id": name,
    }
    arn = start_execution(aws, outputs.classify_state_machine_arn, name, document)
    return read_decision(stored, wait_for_end(aws, arn, deadline_seconds, stop))


def _require_files(images: Iterable[StoredImage | Path]) -> None:
    for image in images:
        if isinstance(image, Path) and not image.is_file():
            raise DataError(f"there is no image {image}: give the path of a PNG or JPEG file")
