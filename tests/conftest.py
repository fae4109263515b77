"""What holds for all tests."""

import signal
from collections import Counter
from pathlib import Path

import pytest

NOT_RUN = Path(__file__).parents[1] / ".tox" / "not-run.txt"


def pytest_configure() -> None:
    """Let tests press Ctrl-C in programs they start.

    A shell starts its background jobs with SIGINT ignored, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what did not run, and keep it for the last lines of `make test`."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    lines = [f"NOT RUN: {count} x {reason}" for reason, count in reasons.items()]
    if lines:
        terminalreporter.write_line("\n".join(lines))
        NOT_RUN.parent.mkdir(exist_ok=True)
        with NOT_RUN.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
