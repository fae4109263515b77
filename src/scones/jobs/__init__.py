"""Training jobs beside one another: what each was told, what came of it, how its time went."""

from scones.jobs.card import complete, fetch, register
from scones.jobs.card_page import summary, write_card
from scones.jobs.curves import Course, read_course
from scones.jobs.history import TrainingRun, runs
from scones.jobs.page import write_page

__all__ = [
    "Course",
    "TrainingRun",
    "complete",
    "fetch",
    "read_course",
    "register",
    "runs",
    "summary",
    "write_card",
    "write_page",
]
