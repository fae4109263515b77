"""The project's training jobs: listed, drawn beside one another, each with its model card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones import jobs, training
from scones.errors import DataError, UsageError
from scones.etl.dataset import Dataset
from scones.jobs import Course, TrainingRun, read_course, runs, write_page
from scones.project import Project


@dataclass(frozen=True, slots=True)
class WrittenCard:
    """A model card, and its page.

    Attributes:
        job: The training job.
        card: In SageMaker's model card schema.
        page: The HTML file; its JSON lies beside it.
        text: What it says, in a few lines.
        arn: Of SageMaker's model card, where it was registered.
    """

    job: str
    card: dict[str, Any]
    page: Path
    text: str
    arn: str | None = None


def listed(project: Project, *, names: Sequence[str] = (), most: int = 10) -> list[TrainingRun]:
    """Return the project's training jobs, the newest first, or those of the names.

    Raises:
        TrainingError: There is no job of one of the names.
    """
    return runs(project.aws, project.settings.project, names=names, most=most)


def newest(project: Project) -> str:
    """Return the name of the project's last completed training job.

    Raises:
        UsageError: There is none.
    """
    found = training.latest_model(project.aws, project.settings.project)
    if found is None:
        raise UsageError("no training job has completed yet: run `scones train`")
    return found[0]


def drawn(
    project: Project,
    found: Sequence[TrainingRun],
    directory: Path | None = None,
    *,
    title: str = "models",
) -> Path:
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
    return write_page(found, courses, where, title=f"{project.settings.project}: {title}")


def write_card(
    project: Project, run: TrainingRun, directory: Path | None = None, *, register: bool = False
) -> WrittenCard:
    """Fetch a job's model card, complete it and write its page.

    Args:
        project: The project.
        run: The job.
        directory: Where the files go, by default a folder of the reports.
        register: Also put it among SageMaker's model cards.

    Raises:
        TrainingError: The job has left none, or SageMaker refuses it.
        DataError: It cannot be read, or the folder cannot be written.
    """
    card = jobs.complete(jobs.fetch(project.aws, run), run, _staged(project))
    where = directory or project.reports_dir / "models" / run.name
    page = jobs.write_card(card, where)
    arn = jobs.register(project.aws, run, card, project.tags) if register else None
    return WrittenCard(run.name, card, page, jobs.summary(card), arn)


def _staged(project: Project) -> Dataset | None:
    try:
        return project.dataset()
    except DataError:
        return None
