"""Training jobs beside one another: what each was told, what came of it, how its time went."""

from scones.jobs.curves import Course, read_course
from scones.jobs.history import TrainingRun, runs
from scones.jobs.page import write_page

__all__ = ["Course", "TrainingRun", "read_course", "runs", "write_page"]
