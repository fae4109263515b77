"""Writes explanations: a PNG file for each picture, and a page with all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scones.drawing import Plot, draw, page_templates, put_page
from scones.errors import DataError
from scones.explain.drawing import chart
from scones.explain.occlusion import Explanation

PAGE_FILE = "explain.html"


@dataclass(frozen=True, slots=True)
class Written:
    """The files of some explanations.

    Attributes:
        page: The HTML file; it needs none of the others.
        plots: The PNG files of each explanation, in their order.
    """

    page: Path
    plots: tuple[Plot, ...]


def write_page(
    explanations: Sequence[Explanation], directory: Path, *, title: str, endpoint: str
) -> Written:
    """Write `explain.html` and the PNG files.

    Args:
        explanations: In the order in which they are shown.
        directory: Where the files go; made if it is not there.
        title: The page's headline.
        endpoint: Name of what was asked.

    Raises:
        DataError: The folder cannot be written.
    """
    html = directory / PAGE_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        plots = tuple(
            draw(chart(one, name), directory)
            for one, name in zip(explanations, _names(explanations), strict=True)
        )
        put_page(
            html,
            page_templates("scones.explain")
            .get_template("explain.html.j2")
            .render(
                title=title,
                endpoint=endpoint,
                shown=list(zip(explanations, plots, strict=True)),
                now=datetime.now(UTC),
            ),
        )
    except OSError as error:
        raise DataError(f"cannot write explanations in {directory}: {error}") from error
    return Written(html, plots)


def _names(explanations: Sequence[Explanation]) -> list[str]:
    """Return a stem for each picture's files; pictures of one name are numbered."""
    found: list[str] = []
    for one in explanations:
        stem, number = one.photo.path.stem, 1
        while (name := stem if number == 1 else f"{stem}-{number}") in found:
            number += 1
        found.append(name)
    return found
