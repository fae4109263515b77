"""A baseline of what the endpoint is usually asked, and checks of what it was asked later."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.errors import DataError, UsageError
from scones.monitor import CaptureStream, stream_captures, stream_folder
from scones.monitor.arrivals import arriving_captures, arriving_in_folder
from scones.monitor.baseline import (
    Baseline,
    Compared,
    Statistics,
    Store,
    compare,
    notify,
    put_metrics,
    read_baseline,
    suggest,
    write_baseline,
    write_results,
)
from scones.monitor.baseline.constraints import (
    CategoricalDrift,
    Comparison,
    DistributionConstraints,
    MonitoringConfig,
)
from scones.monitor.survey import profile
from scones.project import Project
from scones.steps.embeddings import embed_baseline, embed_like

MONITORING_PREFIX = "monitoring"
FEW = 100
"""Records below which a baseline says little: a test of so few sees only large changes."""


@dataclass(frozen=True, slots=True)
class Source:
    """Which captures to read.

    Attributes:
        endpoint_name: Another endpoint than the project's.
        folder: Capture files on disk instead.
        since: Leave out what was inferred before; without a zone in UTC.
        until: Leave out what was inferred at that moment or later.
    """

    endpoint_name: str | None = None
    folder: Path | None = None
    since: datetime | None = None
    until: datetime | None = None

    def endpoint(self, project: Project) -> str:
        """Name of the endpoint; of a folder its path."""
        if self.folder is not None:
            return str(self.folder)
        return self.endpoint_name or project.settings.endpoint_name

    def open(self, project: Project) -> CaptureStream:
        """Find the captures, without reading any yet."""
        if self.folder is not None:
            return stream_folder(self.folder, since=self.since, until=self.until)
        return stream_captures(*self._in_s3(project), since=self.since, until=self.until)

    def arriving(self, project: Project) -> CaptureStream:
        """Find the captures as they arrive; each is read once."""
        if self.folder is not None:
            return arriving_in_folder(self.folder, since=self.since, until=self.until)
        return arriving_captures(*self._in_s3(project), since=self.since, until=self.until)

    def _in_s3(self, project: Project) -> tuple[Any, str]:
        return project.aws.client("s3"), f"{project.capture_uri}/{self.endpoint(project)}"


EVERYTHING = Source()


@dataclass(frozen=True, slots=True)
class Checkup:
    """A check: what it found, the files that it wrote, and who was told."""

    compared: Compared
    files: tuple[str, ...]
    metrics: int = 0
    message_id: str | None = None


def make_baseline(
    project: Project,
    source: Source,
    output: str | None = None,
    *,
    threshold: float = 0.1,
    comparison: Comparison = Comparison.ROBUST,
    categorical: CategoricalDrift = CategoricalDrift.L_INFINITY,
    embeddings: bool = False,
) -> tuple[Baseline, list[str]]:
    """Take captures as what is usual, and write statistics.json and constraints.json.

    Args:
        project: The project.
        source: Which captures.
        output: Folder or S3 URI to write to.
        threshold: Distance from the baseline, 0 to 1, above which a check finds a violation.
        comparison: How numbers are compared.
        categorical: How categories are.
        embeddings: Have the endpoint's model embed a sample of the images too.

    Returns:
        The baseline, and where its files are.

    Raises:
        UsageError: The threshold is out of range.
        DataError: There are no captures, or they cannot be read.
    """
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold {threshold} is not between 0 and 1")
    statistics = _profile(project, source)
    if statistics.item_count < FEW:
        project.reporter.note(
            f"{statistics.item_count} records are few for a baseline: take {FEW} or more"
        )
    distributions = DistributionConstraints(
        comparison_threshold=threshold,
        comparison_method=comparison,
        categorical_comparison_threshold=threshold,
        categorical_drift_method=categorical,
    )
    constraints = suggest(statistics, MonitoringConfig(distribution_constraints=distributions))
    store = _store(project, output or baseline_place(project, source))
    embedded = embed_baseline(project, source) if embeddings else None
    files = write_baseline(store, statistics, constraints, embedded)
    return Baseline(store.place, statistics, constraints, embedded), files


def check(
    project: Project,
    source: Source,
    *,
    baseline: str | None = None,
    output: str | None = None,
    publish: bool = True,
    embeddings: bool | None = None,
) -> Checkup:
    """Compare captures with the baseline, write the results, and tell of them.

    Args:
        project: The project.
        source: Which captures.
        baseline: Folder or S3 URI of the baseline.
        output: Folder or S3 URI for the results.
        publish: Put metrics, and notify the topic of what is alarming. Captures of a folder are
            never told of: nobody knows when they were made.
        embeddings: Compare embeddings of a sample of the images; by default if the baseline has
            some.

    Raises:
        DataError: There is no baseline, or no captures, or one of them cannot be read.
    """
    found = find_baseline(project, source, baseline)
    if found is None:
        place = baseline_place(project, source)
        raise DataError(f"there is no baseline in {place}: run `scones monitor baseline` first")
    if embeddings and found.embeddings is None:
        raise DataError(
            f"the baseline in {found.source} has no embeddings: make it anew with --embeddings"
        )
    statistics = _profile(project, source)
    wanted = found.embeddings if embeddings is not False else None
    embedded = None if wanted is None else embed_like(project, source, wanted)
    compared = compare(found, statistics, embedded)
    now = datetime.now(UTC)
    store = _store(project, output or _results_place(project, source, now))
    files = tuple(write_results(store, compared))
    if not publish or source.folder is not None:
        return Checkup(compared, files)
    name = source.endpoint(project)
    metrics = put_metrics(
        project.aws.client("cloudwatch"),
        compared,
        endpoint=name,
        schedule=f"{name}-monitor",
        time=now,
    )
    if not compared.alarming:
        return Checkup(compared, files, metrics)
    sns, topic = project.aws.client("sns"), project.outputs.topic_arn
    message_id = notify(sns, topic, compared, endpoint=name, results=store.place)
    return Checkup(compared, files, metrics, message_id)


def find_baseline(project: Project, source: Source, place: str | None = None) -> Baseline | None:
    """Read a baseline.

    Args:
        project: The project.
        source: The captures that it is for.
        place: Where it is; by default where `make_baseline` puts it.

    Returns:
        The baseline, or None where none has been made.

    Raises:
        DataError: There is none at the place named, or it cannot be read.
    """
    found = read_baseline(_store(project, place or baseline_place(project, source)))
    if found is None and place is not None:
        raise DataError(
            f"there is no baseline in {place}: it holds statistics.json and constraints.json"
        )
    return found


def baseline_place(project: Project, source: Source) -> str:
    """Where a baseline goes: beside the captures in S3 or, of a folder, beside the reports."""
    if source.folder is not None:
        return str(project.reports_dir / "monitor" / "baseline")
    return f"{_monitoring_uri(project, source)}/baseline"


def _results_place(project: Project, source: Source, now: datetime) -> str:
    """Where results go: in S3 a folder per check, by its hour, as Model Monitor's executions."""
    if source.folder is not None:
        return str(project.reports_dir / "monitor")
    return f"{_monitoring_uri(project, source)}/results/{now:%Y/%m/%d/%H/%M-%S}"


def _monitoring_uri(project: Project, source: Source) -> str:
    bucket = project.outputs.data_bucket
    return f"s3://{bucket}/{MONITORING_PREFIX}/{source.endpoint(project)}"


def _store(project: Project, place: str) -> Store:
    client = project.aws.client("s3") if place.startswith("s3://") else None
    return Store(place, client)


def _profile(project: Project, source: Source) -> Statistics:
    captures = source.open(project)
    statistics = profile(captures, project.classes, project.settings.threshold)
    if captures.broken_count:
        first = captures.broken[0]
        project.reporter.note(
            f"{captures.broken_count} broken lines, the first {first.where}: {first.reason}"
        )
    if not statistics.item_count:
        raise DataError(
            f"nothing has been captured at {captures.source} in that time: "
            "run `scones classify IMAGE ...` first"
        )
    return statistics
