"""`scones image`."""

from dataclasses import asdict

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.images import PushedImage
from scones.project import Project
from scones.steps import images as steps


@click.group()
def image() -> None:
    """Container images of the target's own registry."""


@image.command()
@click.argument("name", metavar="[IMAGE]", required=False)
@yes_option
@json_option
@pass_invocation
def push(invocation: Invocation, *, name: str | None, yes: bool, as_json: bool) -> None:
    """Push an image of this machine to ECR, and say what its scan found.

    IMAGE is the profile's training_image or detector_image that names no registry, by default the
    first of them, or scones/image-classification:latest.
    """
    with invocation.project() as (project, terminal):
        steps.require_registry(project)
        name = name or steps.default_image(project)
        confirm(project, terminal, f"stores {name} in ECR, which costs", yes=yes)
        terminal.headline(f"Pushing {name}")
        pushed = steps.push(project, name)
        terminal.result(asdict(pushed), _described(pushed), as_json=as_json)
        for line in _settings_for(project, name):
            terminal.note(line)
        training = "detector train" if steps.setting_of(name) == "detector_image" else "train"
        terminal.next_step(f"scones --profile {project.settings.profile} {training}", "runs it")


def _described(pushed: PushedImage) -> str:
    how = "pushed" if pushed.pushed else "was there"
    return f"{pushed.uri}\n{pushed.repository}:{pushed.tag} {how}; scan: {pushed.scan}"


def _settings_for(project: Project, name: str) -> list[str]:
    """Say which settings have jobs use the image, where they do not yet."""
    if name in project.local_images:
        return []
    return [
        "for jobs and endpoints to use it, put into scones.toml:",
        f"[profiles.{project.settings.profile}]",
        f'{steps.setting_of(name)} = "{name}"',
        "own_algorithm = true",
        'training_instance_type = "ml.m5.xlarge" # it needs no GPU',
    ]
