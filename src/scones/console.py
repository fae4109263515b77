"""What a person sees: progress and notes on standard error, results on standard output.

On a terminal progress is a live bar in colour; elsewhere it is a line every few seconds. In a
notebook all of it is standard output: what is on standard error stands on red there.
"""

import json
import re
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

PIPE_WIDTH = 200
LINE_SECONDS = 3.0
"""How often progress is said where there is no terminal to draw on."""
REPRINT_SECONDS = 0.2
"""How often it is printed anew in a notebook, which draws each time."""
_COMMAND = re.compile(r"(^|`|&& )scones (?=[a-z])")


def seconds(value: float) -> str:
    """Write a duration as a person would: 85 ms, 3.2 s, 4 min 05 s."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{value // 60:.0f} min {value % 60:02.0f} s"


def amount(done: int, total: int | None, unit: str) -> str:
    """Write how much is done: 3/20 images, 1.2/3.4 MB."""
    if unit == "B":
        return f"{decimal(done)} of {decimal(total)}" if total else decimal(done)
    counted = f"{done:,}/{total:,}" if total is not None else f"{done:,}"
    return f"{counted} {unit}".rstrip()


class Terminal:
    """Implements `scones.progress.Reporter`, and prints results."""

    def __init__(self, *, quiet: bool = False, options: str = "") -> None:
        """Write to this process's standard output and error.

        Args:
            quiet: Say nothing but results.
            options: Those before the command's name, such as "--profile aws": what is to be run
                next is run with them.
        """
        self._options = options
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        # A pipe has no width to fit into.
        self._out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()
        self._end_live()

    @property
    def plain(self) -> bool:
        """Whether standard output can write no more than ASCII, or the like."""
        return not self._out.encoding.lower().startswith("utf")

    def headline(self, message: str) -> None:
        """Start a new stage."""
        self._clear()
        self._end_live()
        self._console.print(f"[bold]{_plain(message)}[/bold]")

    def note(self, message: str) -> None:
        """Say one thing, above any live bar."""
        self._end_live()
        self._console.print(f"  {_plain(message)}", soft_wrap=True)

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        """Show how far the work named `label` is."""
        if self._console.is_terminal:
            self._draw(label, done, total, unit)
            return
        now = time.monotonic()
        first = self._said.setdefault(label, now)
        finished = total is not None and done >= total
        if now - first >= LINE_SECONDS or finished:
            self._said[label] = now
            self.note(f"{label}: {amount(done, total, unit)}")
        if finished:
            del self._said[label]

    def result(self, document: Any, text: str | RenderableType, *, as_json: bool) -> None:
        """Print a command's result on standard output."""
        self._clear()
        self._end_live()
        if as_json:
            sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
            sys.stdout.flush()
        elif isinstance(text, str):
            self._out.print(_plain(text), soft_wrap=True)
        else:
            self._out.print(text)

    def refresh(self, drawn: RenderableType, line: str) -> None:
        """Show a result that changes: on a terminal in the place of the last, else a line more."""
        self._clear()
        if not self._out.is_terminal:
            self._out.print(_plain(line), soft_wrap=True)
        elif self._live is None:
            self._live = Live(drawn, console=self._out, auto_refresh=False)
            self._live.start(refresh=True)
        else:
            self._live.update(drawn, refresh=True)

    def next_step(self, command: str, why: str) -> None:
        """Suggest what to do next."""
        command, why = self._with_options(command), self._with_options(why)
        line = f"  [dim]next:[/dim] {_plain(command)} [dim]({_plain(why)})[/dim]"
        self._console.print(line, soft_wrap=True)

    def failure(self, message: str) -> None:
        """Say what went wrong, in one line."""
        self._clear()
        message = _plain(self._with_options(message))
        self._console.print(f"[bold red]error:[/bold red] {message}", soft_wrap=True)

    def _with_options(self, text: str) -> str:
        """Write the commands in a text with the options of this one, unless they have their own."""
        return _COMMAND.sub(rf"\1scones {self._options} ", text) if self._options else text

    def _draw(self, label: str, done: int, total: int | None, unit: str) -> None:
        if self._bars is None:
            self._bars = Progress(
                TextColumn("  {task.description}"),
                BarColumn(bar_width=28),
                TextColumn("{task.fields[amount]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.start()
        if label not in self._tasks:
            self._end_those_without_a_total()
            self._tasks[label] = self._bars.add_task(label, total=total, amount="")
        task = self._tasks[label]
        self._bars.update(task, completed=done, total=total, amount=amount(done, total, unit))
        if total is not None and done >= total:
            self._bars.remove_task(task)
            del self._tasks[label]

    def _end_those_without_a_total(self) -> None:
        """What has no total cannot be seen to be done; it is, once something else begins."""
        assert self._bars is not None  # noqa: S101
        for task in [task for task in self._bars.tasks if task.total is None]:
            self._bars.remove_task(task.id)
            self._tasks = {name: known for name, known in self._tasks.items() if known != task.id}

    def _end_live(self) -> None:
        """Leave what was shown last where it is; the next goes below."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _clear(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()


class Printed:
    """A reporter for notebooks: notes as lines of standard output, progress as one that changes."""

    def __init__(self) -> None:
        self._line = ""
        self._printed = 0.0

    def note(self, message: str) -> None:
        """Print the message on a line of its own."""
        self._end_line()
        print(message, flush=True)

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        """Print how far the work named `label` is over what was said of it before."""
        finished = total is not None and done >= total
        if not finished and time.monotonic() - self._printed < REPRINT_SECONDS:
            return
        if not self._line.startswith(f"{label}: "):
            self._end_line()
        line = f"{label}: {amount(done, total, unit)}"
        print("\r" + line.ljust(len(self._line)), end="", flush=True)
        self._line, self._printed = line, time.monotonic()
        if finished:
            self._end_line()

    def _end_line(self) -> None:
        if self._line:
            sys.stdout.write("\n")
            self._line = ""


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> Table:
    """Make a plain table."""
    drawn = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(_plain(str(cell)) for cell in row))
    return drawn


def _plain(text: str) -> str:
    """Keep square brackets in messages from being read as markup."""
    return text.replace("[", "\\[")
