"""`scones etl`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.etl.im2rec import pack_dataset
from scones.etl.opening import open_source
from scones.steps import data


def classes_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--classes` to a command."""
    help_text = "Class names in index order, separated by commas."
    return click.option("--classes", help=help_text)(function)


def source_options[F: Callable[..., Any]](function: F) -> F:
    """Add to a command the options that say where images come from."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--drawings", is_flag=True, help="Draw the images instead."),
        click.option("--folder", type=path, help="A folder with one folder of images per class."),
        click.option("--archive", type=path, help="A CIFAR-100 archive on disk."),
    ):
        function = option(function)
    return function


def etl_flags(invocation: Invocation, classes: str | None) -> dict[str, object]:
    """Return the settings flag that `--classes` stands for, beside the other ETL settings."""
    if classes is None:
        return {}
    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    with invocation.project() as (project, _):
        return {"etl": project.settings.etl.model_copy(update={"classes": names}).model_dump()}


@click.command()
@source_options
@classes_option
@click.option("--recordio", is_flag=True, help="Also pack train.rec and validation.rec.")
@click.option("--list-classes", is_flag=True, help="Say which classes there are, and end.")
@json_option
@pass_invocation
def etl(
    invocation: Invocation,
    *,
    archive: Path | None,
    folder: Path | None,
    drawings: bool,
    classes: str | None,
    recordio: bool,
    list_classes: bool,
    as_json: bool,
) -> None:
    """Take the images of the chosen classes and stage them with their list files.

    Without an option CIFAR-100 is downloaded (169 MB, resumed where it stopped).
    """
    with invocation.project(**etl_flags(invocation, classes)) as (project, terminal):
        if list_classes:
            source = open_source(archive, folder, drawings, project.state_dir / "downloads")
            names = source.class_names()
            terminal.result({"classes": names}, "\n".join(names), as_json=as_json)
            return
        terminal.headline("Staging images")
        source = data.open_images(project, archive=archive, folder=folder, drawings=drawings)
        dataset = data.stage_images(project, source)
        packed = pack_dataset(dataset) if recordio else {}
        document = {"directory": str(dataset.directory), **dataset.as_json()}
        document |= {"recordio": {name: str(file) for name, file in packed.items()}}
        terminal.result(document, dataset.summary(), as_json=as_json)
        terminal.next_step("scones deploy", "then `scones train`")
