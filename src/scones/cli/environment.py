"""`scones env`."""

import shlex

import click

from scones.aws import client_environment
from scones.cli.app import Invocation, json_option, pass_invocation


@click.command()
@json_option
@pass_invocation
def env(invocation: Invocation, *, as_json: bool) -> None:
    """Print what sends any AWS client to the offline stack: eval "$(scones env)"."""
    with invocation.project() as (project, terminal):
        variables, cleared = client_environment(project.settings.target)
        lines = [f"unset {' '.join(cleared)}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        terminal.result(variables, "\n".join(lines), as_json=as_json)
