"""Who spends, where: said before anything that costs, and confirmed."""

import sys
from collections.abc import Callable
from typing import Any

import click

from scones.console import Terminal
from scones.errors import UsageError
from scones.project import Project


def yes_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--yes` to a command."""
    help_text = "Do not ask before spending money or deleting on AWS."
    return click.option("--yes", is_flag=True, help=help_text)(function)


def confirm(project: Project, terminal: Terminal, what: str, *, yes: bool) -> None:
    """Say account, region and caller, and go on only if a person or `--yes` says so.

    Args:
        project: The project; where nothing costs, nothing is asked.
        terminal: Where it is said.
        what: What is about to happen, such as "deploys two stacks".
        yes: Whether it has been confirmed already.

    Raises:
        ConfigError: There are no usable credentials.
        UsageError: It was not confirmed, or there is nobody to ask.
    """
    if not project.settings.target.costs:
        return
    caller = project.aws.identity
    where = f"account {caller.account}, region {project.aws.region}, as {caller.arn}"
    terminal.note(where)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this {what} in {where}: give --yes to go on without being asked")
    if not click.confirm(f"This {what}. Go on?", err=True):
        raise UsageError("nothing was changed")
