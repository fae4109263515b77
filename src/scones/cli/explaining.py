"""`scones explain`."""

from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.explain import Explanation, request_count
from scones.explain.page import Written
from scones.steps import explaining, model


@click.command()
@click.argument(
    "images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(path_type=Path)
)
@click.option(
    "--grid",
    type=click.IntRange(2, 32),
    default=8,
    show_default=True,
    help="Cells across and down; more are finer, and take more requests.",
)
@click.option("--class", "label", help="The class to explain.  [default: the likeliest]")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for files."
)
@yes_option
@json_option
@pass_invocation
def explain(
    invocation: Invocation,
    images: tuple[Path, ...],
    *,
    grid: int,
    label: str | None,
    output: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Show which parts of photos the endpoint's answers rest on."""
    with invocation.project() as (project, terminal):
        project.require_services()
        photos = explaining.photos_of(images)
        count = len(photos) * request_count(grid)
        terminal.note(f"{count:,} requests to {project.settings.endpoint_name}")
        confirm(project, terminal, f"sends {count:,} requests to an endpoint", yes=yes)
        model.wait_for_endpoint(project)
        found = explaining.explain_photos(project, photos, grid=grid, label=label)
        written = explaining.write(project, found, output)
        text = "\n".join(f"{one.photo.path.name}: {one.text}" for one in found)
        terminal.result(_document(found, written, count), text, as_json=as_json)
        terminal.note(str(written.page))


def _document(found: list[Explanation], written: Written, count: int) -> dict[str, object]:
    return {
        "requests": count,
        "page": str(written.page),
        "images": [
            {
                "image": str(one.photo.path),
                "size": list(one.photo.size),
                "label": one.label,
                "confidence": one.confidence,
                "threshold": one.threshold,
                "heat": one.heat.tolist(),
                "place": one.place,
                "lowest": one.lowest,
                "lowest_box": dict(
                    zip(("left", "top", "width", "height"), one.lowest_box, strict=True)
                ),
                "text": one.text,
                "files": [str(plot.light), str(plot.dark)],
            }
            for one, plot in zip(found, written.plots, strict=True)
        ],
    }
