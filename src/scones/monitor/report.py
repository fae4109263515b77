"""Writes a report: one HTML page that needs nothing else, and its plots as PNG files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.drawing import Plot, data_uri, page_templates, put_page
from scones.errors import DataError, UsageError
from scones.monitor.baseline.store import Baseline, Compared
from scones.monitor.capture import Captures
from scones.monitor.figures import Figures, Scored
from scones.monitor.images import as_png
from scones.monitor.plots import draw_plots
from scones.monitor.survey import survey
from scones.progress import SILENT, Reporter
from scones.shares import Share

DATA_KINDS = ("photographs", "drawings", "images")
DRAWINGS_NOTE = (
    "These figures are about drawings made by a program, not about photographs. "
    "They show that the workflow works; they say nothing about real vehicles."
)
_BROKEN_SHOWN = 5
_RELOAD = '<meta http-equiv="refresh" content='


@dataclass(frozen=True, slots=True)
class Report:
    """A written report.

    Attributes:
        html: The page.
        plots: The PNG files, on light paper and on dark.
        summary: The figures, ready for JSON.
        figures: The figures themselves.
        compared: What differs from the baseline, where there is one.
    """

    html: Path
    plots: tuple[Path, ...]
    summary: dict[str, Any]
    figures: Figures
    compared: Compared | None


def write_report(
    log: Captures,
    directory: Path,
    *,
    classes: Sequence[str],
    threshold: float,
    labels: Mapping[str, int] | None = None,
    data_kind: str = "images",
    title: str = "Captured inferences",
    baseline: Baseline | None = None,
    reporter: Reporter = SILENT,
) -> Report:
    """Write `report.html` and its plots.

    Args:
        log: What was captured.
        directory: Where they go; made if it is not there.
        classes: Class names in index order.
        threshold: Least confidence that passes, 0 to 1.
        labels: True class index by inference id or event id, for those images whose class is
            known. Of an id that was captured more than once, the newest answer counts.
        data_kind: "photographs", "drawings" or "images" (of which nothing is known). A page on
            drawings says at its top that it is no measure of photographs.
        title: The page's headline.
        baseline: What is usual; the page shows what differs from it.
        reporter: Told what was passed over.

    Returns:
        Where the report is, and what it says.

    Raises:
        UsageError: An argument is out of range.
        DataError: There is nothing to report on, or the folder cannot be written.
    """
    check_data_kind(data_kind)
    figures, compared = survey(log, classes, threshold, labels, baseline)
    tell_broken(log, reporter)
    return render(log, figures, compared, directory, title=title, data_kind=data_kind)


def check_data_kind(data_kind: str) -> None:
    """Raise UsageError unless it is one."""
    if data_kind not in DATA_KINDS:
        raise UsageError(f"data kind {data_kind!r} is none of {', '.join(DATA_KINDS)}")


def tell_broken(log: Captures, reporter: Reporter) -> None:
    """Say how many lines were passed over, and why the first was."""
    if log.broken_count:
        first = log.broken[0]
        reporter.note(f"{log.broken_count} broken lines, the first {first.where}: {first.reason}")


def render(
    log: Captures,
    figures: Figures,
    compared: Compared | None,
    directory: Path,
    *,
    title: str,
    data_kind: str,
    reload_seconds: int | None = None,
) -> Report:
    """Write page and plots of figures that have been worked out.

    Args:
        log: What they were worked out from.
        figures: The figures.
        compared: What differs from a baseline.
        directory: Where they go; a page that is there is replaced at once, never half.
        title: The page's headline.
        data_kind: One of DATA_KINDS.
        reload_seconds: Have the page load itself anew this often; it needs no script for that.

    Raises:
        DataError: The folder cannot be written.
    """
    html = directory / "report.html"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        plots = draw_plots(figures, directory, compared)
        put_page(html, _page(log, figures, compared, plots, title, data_kind, reload_seconds))
    except OSError as error:
        raise DataError(f"cannot write a report in {directory}: {error}") from error
    files = tuple(file for plot in plots for file in (plot.light, plot.dark))
    found = summary(log, figures, data_kind, compared)
    return Report(html, files, found, figures, compared)


def end_reloading(html: Path) -> None:
    """Make a page that loads itself anew one that stays.

    Raises:
        DataError: It cannot be written.
    """
    try:
        lines = html.read_text().splitlines(keepends=True)
        put_page(html, "".join(line for line in lines if not line.startswith(_RELOAD)))
    except OSError as error:
        raise DataError(f"cannot write {html}: {error}") from error


def summary(
    log: Captures, figures: Figures, data_kind: str, compared: Compared | None = None
) -> dict[str, Any]:
    """The report's figures, ready for JSON; those on drawings say so."""
    head: dict[str, Any] = {"data_kind": data_kind}
    if data_kind == "drawings":
        head["note"] = DRAWINGS_NOTE
    read = {"source": log.source, "files": log.files, "broken_lines": log.broken_count}
    comparison = compared.as_json() if compared else None
    return head | read | figures.as_json() | {"comparison": comparison}


def _page(
    log: Captures,
    figures: Figures,
    compared: Compared | None,
    plots: Sequence[Plot],
    title: str,
    data_kind: str,
    reload_seconds: int | None,
) -> str:
    environment = page_templates("scones.monitor")
    environment.filters["interval"] = _interval
    return environment.get_template("report.html.j2").render(
        title=title,
        span=_span(figures.first, figures.last),
        drawings_note=DRAWINGS_NOTE if data_kind == "drawings" else None,
        data_kind=data_kind,
        reload_seconds=reload_seconds,
        log=log,
        broken_shown=log.broken[:_BROKEN_SHOWN],
        figures=figures,
        summary=figures.as_json(),
        plots={plot.name: plot for plot in plots},
        compared=compared,
        wall=[_tile(item, figures) for item in figures.lowest],
        wrong=[_tile(item, figures) for item in figures.wrong],
        now=datetime.now(UTC),
    )


def _tile(item: Scored, figures: Figures) -> dict[str, Any]:
    """One image of the wall."""
    picture = item.picture
    return {
        "image": None if picture is None else data_uri(as_png(picture)),
        "small": picture is not None and max(picture.size) <= 64,
        "predicted": figures.classes[item.predicted],
        "true": None if item.truth is None else figures.classes[item.truth],
        "wrong": item.truth is not None and item.truth != item.predicted,
        "confidence": item.confidence,
        "passes": figures.passes(item),
        "name": item.inference_id or item.event_id,
        "time": item.time,
    }


def _span(first: datetime, last: datetime) -> str:
    """The time from the first to the last, its date once where it is the same."""
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M:%S}"
    return f"{first:%Y-%m-%d %H:%M:%S} to {end}"


def _interval(share: Share) -> str:
    low, high = share.interval
    return f"{100 * low:.1f} to {100 * high:.1f} %"
