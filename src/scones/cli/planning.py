"""`scones plan`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.console import Group, RenderableType

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import Terminal, table
from scones.cost import CostEstimate, estimate, quotas
from scones.deploy import PlannedChange
from scones.profiles import Profile
from scones.steps.planning import Plan, make_plan


@click.command()
@click.option("--offline", is_flag=True, help="Ask nobody: what a first deployment would create.")
@json_option
@pass_invocation
def plan(invocation: Invocation, *, offline: bool, as_json: bool) -> None:
    """Say what `deploy` would create, change, replace and delete, without changing anything.

    Without an account, or before the first deployment, that is everything in the templates.
    """
    with invocation.project() as (project, terminal):
        target = project.settings.target
        made = make_plan(project, offline=offline)
        expected = estimate(target) if target.costs else None
        for line in _notes(made, target, expected):
            terminal.note(line)
        document: dict[str, Any] = {
            "profile": project.settings.profile,
            "region": target.region,
            "resources": [asdict(resource) for resource in made.resources],
            "changes": _documented(made.changes),
            "site_changes": _documented(made.site_changes),
            "unanswered": made.unanswered,
        }
        if expected is not None:
            document |= {"cost": asdict(expected), "quotas": _quotas(made, target)}
        _print(terminal, made, document, as_json=as_json)
        command = f"scones --profile {project.settings.profile} deploy"
        terminal.next_step(command, _summary(made))


def _print(terminal: Terminal, made: Plan, document: dict[str, Any], *, as_json: bool) -> None:
    if made.changes is None:
        rows = [(resource.type, resource.logical_id, resource.name) for resource in made.resources]
        terminal.result(document, table(("type", "logical id", "name"), rows), as_json=as_json)
        return
    shown = [_tabled(made.changes)]
    if made.site_changes is not None:
        shown += ["\nthe web site, by `web deploy`:", _tabled(made.site_changes)]
    terminal.result(document, Group(*shown), as_json=as_json)


def _tabled(changes: Sequence[PlannedChange]) -> RenderableType:
    columns = ("change", "type", "logical id", "name", "what differs")
    rows = [(c.action, c.type, c.logical_id, c.name, ", ".join(c.why)) for c in changes]
    return table(columns, rows) if rows else "nothing would change"


def _documented(changes: Sequence[PlannedChange] | None) -> list[dict[str, Any]] | None:
    return None if changes is None else [asdict(change) for change in changes]


def _summary(made: Plan) -> str:
    if made.changes is None:
        return f"{len(made.resources)} resources"
    counts = Counter(change.action for change in made.changes)
    return ", ".join(f"{count} to {action}" for action, count in counts.items()) or "no change"


def _notes(made: Plan, target: Profile, expected: CostEstimate | None) -> list[str]:
    """Write costs, quotas, and what could not be asked, in lines."""
    lines = _positions(expected) if expected else []
    if target.costs:
        lines += [f"quota: {quota}" for quota in made.quotas or quotas(target)]
    return lines + [f"not asked: {reason}" for reason in made.unanswered]


def _positions(expected: CostEstimate) -> list[str]:
    """Write an estimate in lines."""
    lines = [
        f"{'unknown' if line.usd is None else f'{line.usd:.2f} USD'} per {line.per}: {line.what}"
        for line in expected.lines
    ]
    return [*lines, f"list prices of {expected.region}, {expected.as_of}, without free tiers"]


def _quotas(made: Plan, target: Profile) -> list[dict[str, Any]]:
    if made.quotas is None:
        return [asdict(quota) | {"allowed": None, "code": ""} for quota in quotas(target)]
    return [
        asdict(each.quota) | {"allowed": each.allowed, "code": each.code} for each in made.quotas
    ]
