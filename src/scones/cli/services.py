"""`scones up`, `down` and `status`."""

import click
from rich.filesize import decimal
from rich.table import Table

from scones import hosting
from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import table
from scones.emulation.process import Health, ServiceStatus
from scones.steps import services


def _document(found: ServiceStatus) -> dict[str, object]:
    return {
        "name": found.name,
        "health": found.health.value,
        "host": found.host,
        "port": found.port,
        "page_url": found.page_url,
        "pid": found.pid,
        "memory_bytes": found.memory_bytes,
        "detail": found.detail,
        "log": str(found.log) if found.log else None,
    }


def _drawn(statuses: list[ServiceStatus]) -> Table:
    rows = [
        (
            s.name,
            s.detail or s.health.value,
            f"{s.host}:{s.port}" + (f"  {s.page_url}" if s.page_url else ""),
            s.pid or "",
            decimal(s.memory_bytes) if s.memory_bytes else "",
        )
        for s in statuses
    ]
    return table(("service", "health", "address", "pid", "memory"), rows)


@click.command()
@json_option
@pass_invocation
def up(invocation: Invocation, *, as_json: bool) -> None:
    """Start LocalStack, the SageMaker service and the inbox; put back what was deployed."""
    with invocation.project() as (project, terminal):
        terminal.headline("Starting the offline stack")
        statuses = services.up(project)
        if hosting.status(project.aws, project.settings.endpoint_name) is not None:
            hosting.wait_in_service(project.aws, project.settings.endpoint_name, reporter=terminal)
        terminal.result([_document(s) for s in statuses], _drawn(statuses), as_json=as_json)
        terminal.next_step("scones etl && scones deploy && scones train", "or `scones demo`")


@click.command()
@json_option
@pass_invocation
def down(invocation: Invocation, *, as_json: bool) -> None:
    """Stop the services; what they hold stays in the state folder."""
    with invocation.project() as (project, terminal):
        stopped = services.down(project)
        text = f"stopped {', '.join(stopped)}" if stopped else "nothing was running"
        terminal.result({"stopped": stopped}, text, as_json=as_json)


@click.command()
@json_option
@pass_invocation
def status(invocation: Invocation, *, as_json: bool) -> None:
    """Say what runs; exit code 1 unless all services do."""
    with invocation.project() as (project, terminal):
        statuses = project.service_statuses()
        terminal.result([_document(s) for s in statuses], _drawn(statuses), as_json=as_json)
    if any(s.health is not Health.RUNNING for s in statuses):
        raise click.exceptions.Exit(1)
