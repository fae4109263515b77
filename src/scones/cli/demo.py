"""`scones demo`."""

from pathlib import Path

import click

from scones import demo as demo_run
from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.data import classes_option, etl_flags, source_options


@click.command()
@source_options
@classes_option
@click.option("--threshold", type=float, help="Least confidence that routes a delivery, 0 to 1.")
@click.option("--keep", is_flag=True, help="Leave everything running at the end.")
@json_option
@pass_invocation
def demo(
    invocation: Invocation,
    *,
    archive: Path | None,
    folder: Path | None,
    drawings: bool,
    classes: str | None,
    threshold: float | None,
    keep: bool,
    as_json: bool,
) -> None:
    """Run the whole workflow once on this machine, from images to a report, and clean up."""
    flags = etl_flags(invocation, classes) | {"threshold": threshold}
    with invocation.project(**flags) as (project, terminal):
        request = demo_run.DemoRequest(archive, folder, drawings, keep)
        document = demo_run.Demo(project, terminal).run(request)
        terminal.result(document, demo_run.describe(document), as_json=as_json)
