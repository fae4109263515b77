"""The project's training jobs: listed, and drawn beside one another."""

from collections.abc import Sequence
from pathlib import Path

from scones import training
from scones.jobs import Course, TrainingRun, read_course, runs, write_page
from scones.project import Project


def listed(project: Project, *, names: Sequence[str] = (), most: int = 10) -> list[TrainingRun]:
    """Return the project's training jobs, the newest first, or those of the names.

    Raises:
        TrainingError: There is no job of one of the names.
    """
    return runs(project.aws, project.settings.project, names=names, most=most)


def drawn(project: Project, found: Sequence[TrainingRun], directory: Path | None = None) -> Path:
    """Draw the jobs on a page, and return its file.

    Raises:
        DataError: The folder cannot be written.
    """
    courses: dict[str, Course] = {}
    for done, run in enumerate(found):
        project.reporter.progress("reading logs", done, len(found), "jobs")
        courses[run.name] = read_course(training.log_lines(project.aws, run.name))
    project.reporter.progress("reading logs", len(found), len(found), "jobs")
    where = directory or project.reports_dir / "models"
    return write_page(found, courses, where, title=f"{project.settings.project}: models")
