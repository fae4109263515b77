"""`scones doctor`."""

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import table
from scones.deploy.settings import SOURCE_ROOT
from scones.doctor import Outcome, examine_terraform


@click.group()
def doctor() -> None:
    """Try a tool that the project can be used with, and say what is missing."""


@doctor.command()
@json_option
@pass_invocation
def terraform(invocation: Invocation, *, as_json: bool) -> int:
    """Init, validate, test, and plan and apply against LocalStack; AWS is never asked.

    Exit code 1 unless every check passes.
    """
    with invocation.project() as (project, terminal):
        terminal.headline("Examining terraform/")
        url = project.settings.target.localstack_url
        found = list(examine_terraform(SOURCE_ROOT, url, reporter=terminal))
        document = [
            {"check": f.check, "outcome": f.outcome.value, "detail": f.detail} for f in found
        ]
        rows = [(entry["check"], entry["outcome"], entry["detail"]) for entry in document]
        terminal.result({"checks": document}, table(("check", "", ""), rows), as_json=as_json)
        return 0 if all(f.outcome is Outcome.PASSED for f in found) else 1
