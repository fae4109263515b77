"""`scones monitor`."""

from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.steps import captures


@click.command()
@click.option("--endpoint", "endpoint_name", help="Its captures; by default this project's.")
@click.option("--folder", type=click.Path(path_type=Path), help="Capture files on disk instead.")
@json_option
@pass_invocation
def monitor(
    invocation: Invocation, *, endpoint_name: str | None, folder: Path | None, as_json: bool
) -> None:
    """Read the captured requests back and write a report with plots."""
    with invocation.project() as (project, terminal):
        if folder is None:
            project.require_services()
        terminal.headline("Reading captures")
        report = captures.report_all(project, endpoint_name=endpoint_name, folder=folder)
        document = {"report": str(report.html), **report.summary}
        text = (
            f"{document['records']:,} records, {document['below_threshold']:,} below "
            f"{document['threshold']}\n{report.html}"
        )
        terminal.result(document, text, as_json=as_json)
