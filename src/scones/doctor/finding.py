"""What a check came to."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check.

    Attributes:
        check: Its name.
        outcome: How it ended.
        detail: What was found or, in one line, what is missing and how to get it.
    """

    check: str
    outcome: Outcome
    detail: str
