"""`scones plan`, `deploy` and `destroy`."""

from dataclasses import asdict
from typing import Any

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.console import table
from scones.cost import CostEstimate, estimate, quotas
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
        document: dict[str, Any] = {
            "profile": project.settings.profile,
            "region": project.settings.target.region,
            "resources": [asdict(resource) for resource in planned],
        }
        target = project.settings.target
        if target.costs:
            expected = estimate(target)
            document |= {"cost": asdict(expected), "quotas": quotas(target)}
            for line in _positions(expected):
                terminal.note(line)
            for quota in quotas(target):
                terminal.note(f"quota: {quota}")
        terminal.result(document, table(("type", "logical id", "name"), rows), as_json=as_json)
        terminal.next_step(
            f"scones --profile {project.settings.profile} deploy", f"{len(rows)} resources"
        )


def _positions(expected: CostEstimate) -> list[str]:
    """Write an estimate in lines."""
    lines = [
        f"{'unknown' if line.usd is None else f'{line.usd:.2f} USD'} per {line.per}: {line.what}"
        for line in expected.lines
    ]
    return [*lines, f"list prices of {expected.region}, {expected.as_of}, without free tiers"]


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
