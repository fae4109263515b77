"""What `--on-violation retrain` does about findings, and says of it."""

from typing import Any

from scones.console import Terminal
from scones.errors import DataError
from scones.monitor import Report
from scones.monitor.baseline import Compared
from scones.project import Project
from scones.steps.monitoring import Source, baseline_place, find_baseline
from scones.steps.reaction import Reaction, check_reaction, retrain_for


class Reacting:
    """Reacts once to findings, and again only after there were none."""

    def __init__(
        self, project: Project, terminal: Terminal, source: Source, least_accuracy: float
    ) -> None:
        """Make sure that a reaction is possible, before anything is read.

        Raises:
            UsageError: The captures are of another endpoint than the project's.
            DataError: No images are staged.
        """
        check_reaction(project, source)
        self._project = project
        self._terminal = terminal
        self._source = source
        self._least_accuracy = least_accuracy
        self._alarmed = False

    def require_baseline(self, place: str | None) -> None:
        """Raise DataError where there is nothing to compare with."""
        if find_baseline(self._project, self._source, place) is None:
            expected = baseline_place(self._project, self._source)
            raise DataError(
                f"there is no baseline in {expected}, so nothing is ever violated: "
                "run `scones monitor baseline` first"
            )

    def to_report(self, report: Report) -> Reaction | None:
        """React to what a report has found."""
        return None if report.compared is None else self.to_findings(report.compared)

    def to_findings(self, compared: Compared) -> Reaction | None:
        """React to a comparison, and say what was done and what to do next."""
        alarmed, self._alarmed = self._alarmed, compared.alarming
        if not compared.alarming or alarmed:
            return None
        done = retrain_for(
            self._project, self._source, compared, least_accuracy=self._least_accuracy
        )
        self._tell(done)
        return done

    def _tell(self, done: Reaction) -> None:
        terminal, aside = self._terminal, done.set_aside
        if aside.manifest_uri is not None:
            terminal.note(f"{aside.images:,} images to be labelled: {aside.manifest_uri}")
        if aside.before:
            terminal.note(f"{aside.before:,} images had been set aside before")
        if done.started:
            terminal.note(f"started {done.execution_arn}")
            why = "says how far it is; its end is told to the model topic"
            terminal.next_step(f"scones workflow export --execution {done.execution_arn}", why)
        else:
            terminal.note(f"not started: {done.reason} ({done.execution_arn}: {done.status})")
        if aside.manifest_uri is not None:
            terminal.next_step("scones etl --folder LABELLED", "stages them once labelled")


def reacted(done: Reaction | None) -> dict[str, Any]:
    """What was done, for a command's JSON document; nothing where nothing was to be done."""
    return {} if done is None else {"reaction": done.as_json()}
