"""`scones env`."""

import shlex

import click

from scones.aws import EMULATED_KEY
from scones.cli.app import Invocation, json_option, pass_invocation

CLEARED = ("AWS_PROFILE", "AWS_SESSION_TOKEN")


@click.command()
@json_option
@pass_invocation
def env(invocation: Invocation, *, as_json: bool) -> None:
    """Print what sends any AWS client to the offline stack: eval "$(scones env)"."""
    with invocation.project() as (project, terminal):
        target = project.settings.target
        variables = {"AWS_DEFAULT_REGION": target.region}
        cleared: tuple[str, ...] = ("AWS_ENDPOINT_URL",)
        if target.localstack_url:
            variables |= {
                "AWS_ENDPOINT_URL": target.localstack_url,
                "AWS_ACCESS_KEY_ID": EMULATED_KEY,
                "AWS_SECRET_ACCESS_KEY": EMULATED_KEY,
            }
            cleared = CLEARED
        lines = [f"unset {' '.join(cleared)}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        terminal.result(variables, "\n".join(lines), as_json=as_json)
