"""`scones drift`."""

from dataclasses import asdict

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.deploy.drift import Drifted
from scones.steps import infrastructure

DRIFTED = 3
"""The exit code that says that something has drifted."""


@click.command()
@json_option
@pass_invocation
def drift(invocation: Invocation, *, as_json: bool) -> None:
    """Find what was changed past CloudFormation; exit code 3 if something was."""
    with invocation.project() as (project, terminal):
        project.require_services()
        found = infrastructure.drift(project)
        text = "\n".join(_describe(item) for item in found) or "all is as the stacks say"
        terminal.result({"drifted": [asdict(item) for item in found]}, text, as_json=as_json)
        if found:
            why = "brings changed properties back once the template or a setting changes"
            terminal.next_step("scones deploy", why)
            raise click.exceptions.Exit(DRIFTED)


def _describe(item: Drifted) -> str:
    head = f"{item.status}: {item.logical_id} ({item.type}) {item.physical_id} of {item.stack}"
    lines = [f"  {d.path}: {d.expected} is {d.actual}" for d in item.differences]
    return "\n".join([head, *lines])
