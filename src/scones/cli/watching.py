"""`scones monitor --watch`: until Ctrl-C, which is how it ends and therefore no failure."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from scones.cli.summary import summary
from scones.console import Terminal
from scones.monitor import Report
from scones.project import Project
from scones.steps.monitoring import Source
from scones.steps.watching import watch as watch_captures


@contextmanager
def until_interrupted() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C sets; the second one interrupts as usual."""
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    if before is signal.SIG_IGN:  # a shell's background job is not what Ctrl-C is for
        yield stop
        return
    signal.signal(signal.SIGINT, end)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def watch(
    project: Project,
    terminal: Terminal,
    source: Source,
    *,
    seconds: float,
    as_json: bool,
    react: Callable[[Report], Any] | None,
    **known: str | None,
) -> None:
    """Show each report: on a terminal in the same place, elsewhere as a line or JSON document."""

    def shown(report: Report, new: int) -> None:
        document = {"report": str(report.html), "new": new, **report.summary}
        if as_json:
            print(json.dumps(document, default=str), flush=True)
        else:
            drawn = summary(report, plain=terminal.plain)
            terminal.refresh(drawn, line_of(report, new))
        if react is not None:
            react(report)

    with until_interrupted() as stop:
        terminal.note("reading what arrives; Ctrl-C ends it")
        last = watch_captures(project, source, seconds=seconds, stop=stop, shown=shown, **known)
    terminal.note("nothing was captured" if last is None else f"{last.html} is complete")


def line_of(report: Report, new: int) -> str:
    """Write what there is in one line."""
    facts = report.summary
    rate = report.figures.pass_rate
    parts = [
        f"{facts['records']:,} records (+{new:,})",
        f"{rate.value:.1%} meet {facts['threshold']:g}",
        f"{facts['below_threshold']:,} below",
    ]
    if report.compared is not None:
        violations, drifted = report.compared.checked.violations, report.compared.drifted
        parts.append(f"{len(violations)} violations, {len(drifted)} features drifted")
    return f"{report.figures.last:%Y-%m-%dT%H:%M:%SZ}  " + ", ".join(parts)
