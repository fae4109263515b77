"""Writes the page that compares training jobs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from scones.console import seconds
from scones.drawing import draw, page_templates, put_page
from scones.errors import DataError
from scones.jobs.charts import charts
from scones.jobs.curves import Course
from scones.jobs.history import TrainingRun, told_apart


def write_page(
    runs: Sequence[TrainingRun], courses: Mapping[str, Course], directory: Path, *, title: str
) -> Path:
    """Write `models.html` and its plots; a page that is there is replaced at once, never half.

    Args:
        runs: The jobs, in the order in which they are shown.
        courses: How each went, by its name.
        directory: Where the files go; made if it is not there.
        title: The page's headline.

    Raises:
        DataError: The folder cannot be written.
    """
    html = directory / "models.html"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        plots = [draw(chart, directory) for chart in charts(runs, courses)]
        environment = page_templates("scones.jobs")
        environment.filters["duration"] = seconds
        put_page(
            html,
            environment.get_template("models.html.j2").render(
                title=title,
                runs=runs,
                metrics=sorted({name for run in runs for name in run.metrics}),
                told_apart=told_apart(runs),
                plots=plots,
                now=datetime.now(UTC),
            ),
        )
    except OSError as error:
        raise DataError(f"cannot write a page in {directory}: {error}") from error
    return html
