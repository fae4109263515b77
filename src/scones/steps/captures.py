"""What the endpoint captured: read back from S3, and made into a report."""

import time
from datetime import datetime
from pathlib import Path

from scones.errors import DataError, WorkflowError
from scones.etl.source import Kind
from scones.monitor import CaptureLog, Report, read_captures, read_folder, write_report
from scones.project import Project
from scones.steps.inference import INCOMING_PREFIX, TEST_PREFIX

CAPTURE_SECONDS = 60.0
"""How long to wait for captures, which reach S3 some time after the answer."""
POLL_SECONDS = 0.5


def report_all(
    project: Project, *, endpoint_name: str | None = None, folder: Path | None = None
) -> Report:
    """Write a report on everything that was captured.

    Args:
        project: The project.
        endpoint_name: Another endpoint than the project's.
        folder: Capture files on disk instead.

    Raises:
        DataError: Nothing was captured.
    """
    if folder is not None:
        return _write(project, read_folder(folder), str(folder), labelled=False)
    name = endpoint_name or project.settings.endpoint_name
    log = _read(project, name)
    if not log.captures:
        raise DataError(
            f"nothing has been captured at {log.source}: run `scones classify IMAGE ...` first"
        )
    return _write(project, log, name, labelled=True)


def report_since(project: Project, since: datetime, expected_records: int) -> Report:
    """Wait until as many answers have been captured as were given, then write the report.

    Args:
        project: The project.
        since: When the first was asked for (UTC).
        expected_records: How many were.

    Raises:
        WorkflowError: Fewer have been captured within CAPTURE_SECONDS, or more.
    """
    whole_second = since.replace(microsecond=0)  # as inferenceTime is written
    name = project.settings.endpoint_name
    deadline = time.monotonic() + CAPTURE_SECONDS
    while True:
        log = _read(project, name, whole_second)
        project.reporter.progress("captures", len(log.captures), expected_records, "records")
        if len(log.captures) >= expected_records or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    if len(log.captures) != expected_records:
        raise WorkflowError(
            f"{len(log.captures)} records were captured for {expected_records} answers: "
            f"see {project.state_dir / 'logs' / 'sagemaker.log'}"
        )
    return _write(project, log, name, labelled=True)


def _read(project: Project, endpoint_name: str, since: datetime | None = None) -> CaptureLog:
    uri = f"{project.capture_uri}/{endpoint_name}"
    return read_captures(project.aws.client("s3"), uri, since=since)


def _write(project: Project, log: CaptureLog, title: str, *, labelled: bool) -> Report:
    kind, labels = _truth(project) if labelled else ("images", {})
    return write_report(
        log,
        project.reports_dir / "monitor",
        classes=project.classes,
        threshold=project.settings.threshold,
        labels=labels,
        data_kind=kind,
        title=title,
        reporter=project.reporter,
    )


def _truth(project: Project) -> tuple[Kind, dict[str, int]]:
    """What the images show, and the class of each test image by its inference id, its S3 key."""
    try:
        dataset = project.dataset()
    except DataError:
        return "images", {}
    prefixes = (TEST_PREFIX, INCOMING_PREFIX)
    entries = dataset.entries("test")
    return dataset.kind, {f"{p}{e.path}": e.label for p in prefixes for e in entries}
