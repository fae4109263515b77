"""The CloudFormation stack: deployed, and removed with all that belongs to the project."""

import json
import os
import shutil
from dataclasses import asdict

from scones import deploy as deployment
from scones.deploy import StackOutputs
from scones.deploy.drift import Drifted
from scones.deploy.drift import drift as find_drift
from scones.deploy.subscriptions import unconfirmed
from scones.emulation import stack
from scones.project import Project

KEPT = ("downloads", "reports", "logs", "run")
"""Folders of the state folder that `destroy` leaves: they are a person's, or say what happened."""


def deploy(project: Project) -> StackOutputs:
    """Bring the stack up to date; no change, no work."""
    project.__dict__.pop("outputs", None)  # the cached ones are those of the last deployment
    outputs = deployment.deploy(project.aws, project.deploy_settings, reporter=project.reporter)
    for topic, address in unconfirmed(project.aws, _stacks(project)):
        project.reporter.note(
            f"{address} gets no emails of {topic} yet: its owner has to follow the link in AWS's "
            "email to confirm"
        )
    project.deployed_marker.parent.mkdir(parents=True, exist_ok=True)
    project.deployed_marker.write_text(json.dumps(asdict(outputs), indent=2))
    return outputs


def scale(project: Project, *, on: bool) -> None:
    """Let the endpoint grow and shrink, or not while it is replaced."""
    if operations := project.operations_settings:
        deployment.deploy_operations(
            project.aws,
            project.deploy_settings,
            operations,
            scaling=on,
            reporter=project.reporter,
        )


def drift(project: Project) -> list[Drifted]:
    """Find what was changed past CloudFormation in the project's stacks.

    Raises:
        DeployError: There is no stack, or the target's CloudFormation compares nothing.
    """
    return [
        found
        for name in _stacks(project)
        for found in find_drift(project.aws, name, reporter=project.reporter)
    ]


def _stacks(project: Project) -> list[str]:
    """Return the names of the project's stacks."""
    settings = project.deploy_settings
    watched = settings.operations is not None
    return [settings.stack_name, *([settings.operations_stack_name] if watched else [])]


def destroy(project: Project) -> list[str]:
    """Remove everything that carries the project's name, here and at the target.

    Returns:
        What was removed.

    Raises:
        DeployError: Something is left; the message names it.
    """
    supervised = project.settings.target.supervised
    if supervised and not project.deployed_marker.exists():
        stack.down(project.specs, reporter=project.reporter)
        return _forget(project)
    if supervised:
        stack.up(project.specs, reporter=project.reporter)
    removed = deployment.destroy(project.aws, project.deploy_settings, reporter=project.reporter)
    project.deployed_marker.unlink(missing_ok=True)
    if supervised:
        stack.down(project.specs, reporter=project.reporter)
        removed += _forget(project)
    return removed


def _forget(project: Project) -> list[str]:
    """Delete what the services and the steps keep in the state folder."""
    removed = []
    for path in sorted(project.state_dir.glob("*/")):
        if path.name not in KEPT:
            shutil.rmtree(path)
            removed.append(os.path.relpath(path))
    return removed
