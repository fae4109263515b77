"""How long-running work tells a person where it stands, without knowing about terminals."""

from typing import Protocol


class Reporter(Protocol):
    """Receives the progress of long-running work."""

    def note(self, message: str) -> None:
        """Say one thing that has happened or been decided."""

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        """Say that `done` of `total` are done; `unit` is "B" for bytes, else a noun."""


class Silent:
    """A reporter that says nothing: for libraries, scripts and tests."""

    def note(self, message: str) -> None:
        """Drop the message."""

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        """Drop the progress."""


SILENT = Silent()
