"""A reporter that remembers, for tests that look at what a person is told."""


class Recorder:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.steps: list[tuple[str, int, int | None]] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        self.steps.append((label, done, total))
