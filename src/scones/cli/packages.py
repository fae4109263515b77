"""`scones package`."""

from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.steps.packages import write_packages


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_invocation
def package(invocation: Invocation, folder: Path, *, as_json: bool) -> None:
    """Write the functions' zip files into a folder, for Terraform or a pipeline of one's own."""
    with invocation.project() as (_, terminal):
        paths = [str(path) for path in write_packages(folder)]
        terminal.result({"packages": paths}, "\n".join(paths), as_json=as_json)
