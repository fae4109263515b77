"""What the endpoint captured: read back from S3, and made into a report."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scones.errors import DataError, WorkflowError
from scones.etl.source import Kind
from scones.monitor import (
    CaptureLog,
    Report,
    read_captures,
    read_truth,
    write_report,
)
from scones.monitor.baseline import Baseline
from scones.project import Project
from scones.steps.inference import INCOMING_PREFIX, TEST_PREFIX
from scones.steps.monitoring import EVERYTHING, Source, find_baseline

CAPTURE_SECONDS = 60.0
"""How long to wait for captures, which reach S3 some time after the answer."""
PATIENT_SECONDS = 600.0
"""The same on AWS, which takes minutes."""
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside captures.

    Attributes:
        kind: What the images show.
        labels: True class index by inference id or event id.
        baseline: What is usual, if that has been said.
    """

    kind: Kind
    labels: dict[str, int]
    baseline: Baseline | None


def report_all(
    project: Project,
    source: Source = EVERYTHING,
    *,
    ground_truth: str | None = None,
    baseline: str | None = None,
) -> Report:
    """Write a report on what was captured.

    Args:
        project: The project.
        source: Which captures.
        ground_truth: Labels in Model Monitor's form, in a folder or below an S3 URI.
        baseline: Where the baseline is; by default where `scones monitor baseline` puts it, if
            there is one.

    Raises:
        UsageError: Nothing was captured, or no answer can be read.
        DataError: Captures, labels or baseline cannot be read.
    """
    about = known_of(project, source, ground_truth=ground_truth, baseline=baseline)
    return write_report(
        source.open(project),
        report_folder(project),
        classes=project.classes,
        threshold=project.settings.threshold,
        labels=about.labels,
        data_kind=about.kind,
        title=source.endpoint(project),
        baseline=about.baseline,
        reporter=project.reporter,
    )


def known_of(
    project: Project, source: Source, *, ground_truth: str | None, baseline: str | None
) -> Known:
    """Find what is known beside captures; arguments as for `report_all`.

    Raises:
        UsageError: A place is neither a folder nor an S3 URI.
        DataError: Labels or baseline cannot be read.
    """
    kind, labels = _truth(project) if source.folder is None else ("images", {})
    if ground_truth is not None:
        client = project.aws.client("s3") if ground_truth.startswith("s3://") else None
        truth = read_truth(ground_truth, project.classes, client)
        if truth.broken_count:
            first = truth.broken[0]
            project.reporter.note(
                f"{truth.broken_count} lines are no labels, the first {first.where}: {first.reason}"
            )
        labels = labels | truth.labels
    return Known(kind, labels, find_baseline(project, source, baseline))


def report_folder(project: Project) -> Path:
    """Where page and plots go."""
    return project.reports_dir / "monitor"


def report_since(project: Project, since: datetime, expected_records: int) -> Report:
    """Wait until as many answers have been captured as were given, then write the report.

    Args:
        project: The project.
        since: When the first was asked for (UTC).
        expected_records: How many were.

    Raises:
        WorkflowError: Fewer have been captured within CAPTURE_SECONDS, or more.
    """
    log = await_captures(project, since, expected_records, deadline_seconds=CAPTURE_SECONDS)
    if len(log.captures) != expected_records:
        raise WorkflowError(_miscounted(project, len(log.captures), expected_records))
    kind, labels = _truth(project)
    return write_report(
        log,
        report_folder(project),
        classes=project.classes,
        threshold=project.settings.threshold,
        labels=labels,
        data_kind=kind,
        title=project.settings.endpoint_name,
        reporter=project.reporter,
    )


def await_captures(
    project: Project,
    since: datetime,
    at_least: int,
    *,
    deadline_seconds: float = PATIENT_SECONDS,
) -> CaptureLog:
    """Wait until so many answers of the project's endpoint have been captured, and read them.

    Args:
        project: The project.
        since: When the first was asked for (UTC).
        at_least: How many were.
        deadline_seconds: How long to wait for them.

    Raises:
        WorkflowError: Fewer have been captured by then.
    """
    whole_second = since.replace(microsecond=0)  # as inferenceTime is written
    name = project.settings.endpoint_name
    deadline = time.monotonic() + deadline_seconds
    while True:
        log = _read(project, name, whole_second)
        project.reporter.progress("captures", len(log.captures), at_least, "records")
        if len(log.captures) >= at_least:
            return log
        if time.monotonic() > deadline:
            raise WorkflowError(_miscounted(project, len(log.captures), at_least))
        time.sleep(POLL_SECONDS)


def _miscounted(project: Project, found: int, expected: int) -> str:
    return (
        f"{found} records were captured for {expected} answers: "
        f"see {project.state_dir / 'logs' / 'sagemaker.log'}"
    )


def _read(project: Project, endpoint_name: str, since: datetime | None = None) -> CaptureLog:
    uri = f"{project.capture_uri}/{endpoint_name}"
    return read_captures(project.aws.client("s3"), uri, since=since)


def _truth(project: Project) -> tuple[Kind, dict[str, int]]:
    """What the images show, and the class of each test image by its inference id, its S3 key."""
    try:
        dataset = project.dataset()
    except DataError:
        return "images", {}
    prefixes = (TEST_PREFIX, INCOMING_PREFIX)
    entries = dataset.entries("test")
    return dataset.kind, {f"{p}{e.path}": e.label for p in prefixes for e in entries}
