"""`scones monitor schedule`: create, list, start, stop, delete."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import table
from scones.errors import UsageError
from scones.steps import executions, scheduling
from scones.steps.executions import Execution
from scones.steps.scheduling import HOURLY, NOW, Kind, Plan, schedule_name

VIOLATED = 3
"""Exit code of an execution that found something; 1 is one that has failed."""


def schedule_options[F: Callable[..., Any]](function: F) -> F:
    """Add the options that say which schedule is meant."""
    for option in (
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in Kind]),
            default=Kind.DATA.value,
            show_default=True,
            help="What it checks.",
        ),
        click.option("--endpoint", "endpoint_name", help="By default this project's."),
    ):
        function = option(function)
    return function


@click.group()
def schedule() -> None:
    """Check captures by the clock, with Model Monitor's schedules."""


@schedule.command()
@schedule_options
@click.option("--cron", help=f"When, in UTC.  [default: {HOURLY}]")
@click.option("--now", is_flag=True, help="Once, at once, and wait for what it finds.")
@click.option(
    "--hours",
    type=click.IntRange(1, 24),
    default=1,
    show_default=True,
    help="How far back --now looks.",
)
@click.option("--baseline", help="What to compare with: an S3 URI.")
@click.option("--ground-truth", help="Labels by hour, for model quality: an S3 URI.")
@click.option("--image", help="The analyzer's image, on AWS.")
@json_option
@pass_invocation
def create(
    invocation: Invocation,
    /,
    *,
    endpoint_name: str | None,
    kind: str,
    cron: str | None,
    now: bool,
    as_json: bool,
    **more: Any,
) -> None:
    """Create the schedule or change it; with --now exit code 3 if something was found."""
    if now and cron:
        raise UsageError("--cron and --now exclude one another")
    with invocation.project() as (project, terminal):
        project.require_services()
        plan = Plan(
            endpoint_name or project.settings.endpoint_name,
            Kind(kind),
            NOW if now else cron or HOURLY,
            **more,
        )
        terminal.headline("Checking captures" if now else "Scheduling")
        begun = datetime.now(UTC)
        name = scheduling.put_schedule(project, plan)
        if not now:
            document = {"schedule": name, "expression": plan.expression}
            terminal.result(document, f"{name}: {plan.expression}", as_json=as_json)
            return
        found = executions.await_execution(project, name, begun)
        terminal.result(found.as_json(), _drawn(found), as_json=as_json)
    if found.status != "Completed":
        raise click.exceptions.Exit(VIOLATED if found.violations else 1)


@schedule.command("list")
@click.option("--endpoint", "endpoint_name", help="By default this project's.")
@json_option
@pass_invocation
def list_executions(invocation: Invocation, /, *, endpoint_name: str | None, as_json: bool) -> None:
    """Show the schedules and their executions, the newest first."""
    with invocation.project() as (project, terminal):
        project.require_services()
        endpoint = endpoint_name or project.settings.endpoint_name
        schedules = scheduling.statuses(project, endpoint)
        found = executions.of_endpoint(project, endpoint)
        rows = [
            [
                f"{each.scheduled:%Y-%m-%d %H:%M:%S}",
                each.schedule,
                each.status,
                each.reason or (f"{len(each.violations)} violations" if each.violations else ""),
            ]
            for each in found
        ]
        title = ", ".join(f"{name}: {status}" for name, status in schedules.items())
        text = table(["time (UTC)", "schedule", "status", "finding"], rows, title or "no schedule")
        document = {"schedules": schedules, "executions": [each.as_json() for each in found]}
        terminal.result(document, text if rows else title or "no schedule", as_json=as_json)


@schedule.command()
@schedule_options
@pass_invocation
def start(invocation: Invocation, /, *, endpoint_name: str | None, kind: str) -> None:
    """Put a schedule that was stopped onto the timetable again."""
    with invocation.project() as (project, terminal):
        project.require_services()
        name = schedule_name(endpoint_name or project.settings.endpoint_name, Kind(kind))
        scheduling.start(project, name)
        terminal.note(f"{name} is started")


@schedule.command()
@schedule_options
@pass_invocation
def stop(invocation: Invocation, /, *, endpoint_name: str | None, kind: str) -> None:
    """Take a schedule off the timetable."""
    with invocation.project() as (project, terminal):
        project.require_services()
        name = schedule_name(endpoint_name or project.settings.endpoint_name, Kind(kind))
        scheduling.stop(project, name)
        terminal.note(f"{name} is stopped")


@schedule.command()
@schedule_options
@pass_invocation
def delete(invocation: Invocation, /, *, endpoint_name: str | None, kind: str) -> None:
    """Remove a schedule; its results stay in S3."""
    with invocation.project() as (project, terminal):
        project.require_services()
        name = schedule_name(endpoint_name or project.settings.endpoint_name, Kind(kind))
        scheduling.delete(project, name, Kind(kind))
        terminal.note(f"{name} is deleted")


def _drawn(found: Execution) -> Any:
    if not found.violations:
        return f"{found.status}\n{found.reason or found.results}"
    rows = [
        [
            item.get("feature_name") or item["metric_name"],
            item["constraint_check_type"],
            item["description"],
        ]
        for item in found.violations
    ]
    return table(["feature", "check", "finding"], rows, f"{found.status}: {found.results}")
