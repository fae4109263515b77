"""What demos share: numbered stages with their times, and an end at which nothing is left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scones.console import Terminal, seconds
from scones.deploy.operation import describe
from scones.project import Project
from scones.steps import infrastructure, services


class Demonstration:
    """One run of a demo."""

    def __init__(self, project: Project, terminal: Terminal, stages: int) -> None:
        """Prepare it.

        Args:
            project: The project.
            terminal: Where its stages are said.
            stages: How many there are, with the end.
        """
        self._project = project
        self._terminal = terminal
        self._stages = stages
        self._seconds: dict[str, float] = {}

    def carry_out(
        self, show: Callable[[], dict[str, Any]], *, keep: bool, afterwards: str
    ) -> dict[str, Any]:
        """Run all stages; return what they gave with `removed` and `seconds`, JSON-ready.

        Whatever is interrupted or fails, services of this machine are stopped and the state folder
        stays, so that the next run goes on from there.

        Args:
            show: All stages but the end.
            keep: Leave everything running; so is what was there before.
            afterwards: The command that goes on with what was left running.
        """
        keep = keep or self._found_a_project()
        try:
            document = show()
            with self.stage("end", "Leaving it running" if keep else "Removing everything"):
                document["removed"] = [] if keep else infrastructure.destroy(self._project)
                if keep:
                    self._terminal.next_step(afterwards, "`scones destroy` removes all of it")
                else:
                    self._marker.unlink()
                    self._terminal.note(f"removed {len(document['removed'])}, and nothing is left")
        except BaseException:
            if not keep:
                self._leave()
            raise
        document["seconds"] = {name: round(value, 2) for name, value in self._seconds.items()}
        return document

    @contextmanager
    def stage(self, name: str, headline: str) -> Iterator[None]:
        """Say a stage's number and headline, and take its time."""
        number = len(self._seconds) + 1
        self._terminal.headline(f"[{number}/{self._stages}] {headline}")
        started = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - started
        self._terminal.note(f"done in {seconds(self._seconds[name])}")

    @property
    def _marker(self) -> Path:
        """Says that what is deployed is a demo's, which may remove it."""
        return self._project.state_dir / "run" / f"demo-{self._project.settings.profile}"

    def _found_a_project(self) -> bool:
        """Return whether something was deployed here that is not a demo's to remove."""
        if self._is_deployed() and not self._marker.exists():
            self._terminal.note("a project is deployed here already; it will be left running")
            return True
        self._marker.parent.mkdir(parents=True, exist_ok=True)
        self._marker.touch()
        return False

    def _is_deployed(self) -> bool:
        project = self._project
        if project.settings.target.supervised:  # it may not run yet
            return project.deployed_marker.exists()
        client = project.aws.client("cloudformation")
        return describe(client, project.deploy_settings.stack_name) is not None

    def _leave(self) -> None:
        if self._project.settings.target.supervised:
            self._terminal.note("stopping the services; the state folder stays")
            services.down(self._project)
        else:
            self._terminal.note("what was made stays: the same command, or `scones destroy`")
