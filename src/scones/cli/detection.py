"""`scones detect`."""

from dataclasses import asdict
from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.steps import detection


@click.command()
@click.argument(
    "photos",
    nargs=-1,
    required=True,
    metavar="PHOTO...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for files."
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least confidence.  [default: 0.5]")
@click.option("--upload", is_flag=True, help="Straight to S3, also what a request cannot carry.")
@json_option
@pass_invocation
def detect(
    invocation: Invocation,
    photos: tuple[Path, ...],
    *,
    output: Path | None,
    threshold: float | None,
    upload: bool,
    as_json: bool,
) -> None:
    """Find objects in photos through the REST API; exit code 1 if one of them failed."""
    with invocation.project() as (project, terminal):
        project.require_services()
        found = detection.detect(project, photos, threshold=threshold, upload=upload, folder=output)
        text = "\n".join(detection.describe(each) for each in found)
        document = {"photos": [asdict(each) for each in found]}
        terminal.result(document, text, as_json=as_json)
    if any(each.error for each in found):
        raise click.exceptions.Exit(1)
