"""Captures watched as they arrive: what is new is read, then page and figures are made anew."""

import math
import threading
from collections.abc import Callable

from scones.errors import DataError
from scones.monitor import CaptureStream, Report
from scones.monitor.report import end_reloading, render, tell_broken
from scones.monitor.survey import Survey
from scones.project import Project
from scones.steps.captures import Known, known_of, report_folder
from scones.steps.monitoring import EVERYTHING, Source

PROGRESS_EVERY = 1_000  # records


def watch(
    project: Project,
    source: Source = EVERYTHING,
    *,
    seconds: float,
    stop: threading.Event,
    shown: Callable[[Report, int], None],
    ground_truth: str | None = None,
    baseline: str | None = None,
) -> Report | None:
    """Write the report anew whenever captures have arrived, until told to stop.

    The page loads itself anew while this runs, and stays as it is afterwards.

    Args:
        project: The project.
        source: Which captures.
        seconds: From the end of one look to the next.
        stop: Set to end it; what is being drawn is finished first.
        shown: Told each report, and how many captures are new on it.
        ground_truth: As for `report_all`; read once.
        baseline: Likewise.

    Returns:
        The last report, or None where nothing was captured.

    Raises:
        UsageError: An argument is out of range.
        DataError: Captures, labels or baseline cannot be read, or the report not written.
    """
    about = known_of(project, source, ground_truth=ground_truth, baseline=baseline)
    survey = Survey(project.classes, project.settings.threshold, about.labels, about.baseline)
    stream = source.arriving(project)
    report: Report | None = None
    waiting = False
    while not stop.is_set():
        new = _take(project, survey, stream, stop)
        if new:
            report = _render(project, source, about, survey, stream, seconds) or report
        if new and report is not None:
            shown(report, new)
        elif not waiting and report is None:
            waiting = True
            project.reporter.note(f"waiting for captures in {stream.source}")
        stop.wait(seconds)
    if report is not None:
        tell_broken(stream, project.reporter)
        end_reloading(report.html)
    return report


def _take(project: Project, survey: Survey, stream: CaptureStream, stop: threading.Event) -> int:
    """Read what is new; return how much that was."""
    count = 0
    for count, capture in enumerate(stream.new(), start=1):
        survey.add(capture)
        if count % PROGRESS_EVERY == 0:
            project.reporter.progress("new captures", count, None, "records")
        if stop.is_set():
            break
    return count


def _render(
    project: Project,
    source: Source,
    about: Known,
    survey: Survey,
    stream: CaptureStream,
    seconds: float,
) -> Report | None:
    """Write the report; None where there is no answer to report on yet."""
    try:
        figures, compared = survey.finish(stream)
    except DataError:
        return None
    project.reporter.progress("drawing", 0, 1)
    report = render(
        stream,
        figures,
        compared,
        report_folder(project),
        title=source.endpoint(project),
        data_kind=about.kind,
        reload_seconds=math.ceil(seconds),
    )
    project.reporter.progress("drawing", 1, 1)
    return report
