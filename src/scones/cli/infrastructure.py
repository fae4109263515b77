"""`scones deploy` and `destroy`."""

from dataclasses import asdict

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.console import table
from scones.steps import infrastructure


@click.command()
@yes_option
@json_option
@pass_invocation
def deploy(invocation: Invocation, *, yes: bool, as_json: bool) -> None:
    """Deploy the CloudFormation stack by change set; no change, no work."""
    with invocation.project() as (project, terminal):
        project.require_services()
        confirm(project, terminal, "creates or changes resources", yes=yes)
        terminal.headline("Deploying the stack")
        outputs = asdict(infrastructure.deploy(project))
        terminal.result(outputs, table(("output", "value"), list(outputs.items())), as_json=as_json)
        terminal.next_step("scones train", "uploads the images and trains")


@click.command()
@yes_option
@json_option
@pass_invocation
def destroy(invocation: Invocation, *, yes: bool, as_json: bool) -> None:
    """Remove everything that was deployed and captured, and check that nothing is left."""
    with invocation.project() as (project, terminal):
        confirm(project, terminal, "deletes the project and its data for good", yes=yes)
        terminal.headline("Removing the project")
        removed = infrastructure.destroy(project)
        text = "\n".join(f"removed {name}" for name in removed) or "nothing was there"
        terminal.result({"removed": removed, "left": []}, text, as_json=as_json)
