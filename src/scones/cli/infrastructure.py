"""`scones plan`, `deploy` and `destroy`."""

from dataclasses import asdict

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import table
from scones.deploy import plan as plan_stack
from scones.steps import infrastructure


@click.command()
@json_option
@pass_invocation
def plan(invocation: Invocation, *, as_json: bool) -> None:
    """Say what `deploy` would create, without an account and without changing anything."""
    with invocation.project() as (project, terminal):
        planned = plan_stack(project.deploy_settings)
        rows = [(resource.type, resource.logical_id, resource.name) for resource in planned]
        document = {
            "profile": project.settings.profile,
            "region": project.settings.target.region,
            "resources": [asdict(resource) for resource in planned],
        }
        terminal.result(document, table(("type", "logical id", "name"), rows), as_json=as_json)
        terminal.next_step(
            f"scones --profile {project.settings.profile} deploy", f"{len(rows)} resources"
        )


@click.command()
@json_option
@pass_invocation
def deploy(invocation: Invocation, *, as_json: bool) -> None:
    """Deploy the CloudFormation stack by change set; no change, no work."""
    with invocation.project() as (project, terminal):
        project.require_services()
        terminal.headline("Deploying the stack")
        outputs = asdict(infrastructure.deploy(project))
        terminal.result(outputs, table(("output", "value"), list(outputs.items())), as_json=as_json)
        terminal.next_step("scones train", "uploads the images and trains")


@click.command()
@json_option
@pass_invocation
def destroy(invocation: Invocation, *, as_json: bool) -> None:
    """Remove everything that was deployed and captured, and check that nothing is left."""
    with invocation.project() as (project, terminal):
        terminal.headline("Removing the project")
        removed = infrastructure.destroy(project)
        text = "\n".join(f"removed {name}" for name in removed) or "nothing was there"
        terminal.result({"removed": removed, "left": []}, text, as_json=as_json)
