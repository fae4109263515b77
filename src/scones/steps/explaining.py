"""Photos explained through the project's endpoint."""

from collections.abc import Sequence
from pathlib import Path

from scones import explain
from scones.explain import Endpoint, Explanation, Photo
from scones.explain.page import Written
from scones.project import Project


def photos_of(paths: Sequence[Path]) -> list[Photo]:
    """Read the photos, all of them before the first request.

    Raises:
        DataError: One cannot be read.
    """
    return [explain.read_photo(path) for path in paths]


def explain_photos(
    project: Project, photos: Sequence[Photo], *, grid: int, label: str | None = None
) -> list[Explanation]:
    """Ask the endpoint about each photo, whole and covered.

    Raises:
        UsageError: There is no such class, or a photo is too small.
        EndpointError: The endpoint fails, or is of another kind of model.
    """
    endpoint = Endpoint(project.aws, project.settings.endpoint_name)
    classes, threshold = project.classes, project.settings.threshold
    total, done = len(photos) * explain.request_count(grid), 0

    def tell() -> None:
        nonlocal done
        done += 1
        project.reporter.progress("asking", done, total, "requests")

    return [
        explain.explain(
            photo,
            endpoint,
            classes,
            threshold=threshold,
            grid=grid,
            label=label,
            on_answer=tell,
        )
        for photo in photos
    ]


def write(
    project: Project, explanations: Sequence[Explanation], folder: Path | None = None
) -> Written:
    """Draw the explanations, by default in the reports folder.

    Raises:
        DataError: The folder cannot be written.
    """
    return explain.write_page(
        explanations,
        folder or project.reports_dir / "explain",
        title=f"{project.settings.project}: what answers rest on",
        endpoint=project.settings.endpoint_name,
    )
