"""`scones bootstrap`."""

from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.profiles import LOOPBACK_HOST
from scones.project import Project
from scones.steps import bootstrap as steps


@click.command()
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="An archive, a folder with one, or a folder of images per class; else drawings are made.",
)
@json_option
@pass_invocation
def bootstrap(invocation: Invocation, *, images: Path | None, as_json: bool) -> None:
    """Bring the running services to a serving endpoint; what is there already is reused."""
    with invocation.project() as (project, terminal):
        project.require_services()
        target = project.settings.profile
        terminal.headline("Bringing the project into service")
        done = steps.bootstrap(project, images)
        document = {
            "dataset": str(done.dataset.directory),
            "data_kind": done.dataset.kind,
            "training_job": done.job_name,
            "trained": done.trained,
            "endpoint": done.endpoint_name,
        }
        terminal.result(document, _described(project, done), as_json=as_json)
        terminal.next_step(f"scones --profile {target} classify IMAGE ...", "runs the workflow")
        if project.settings.target.localstack_host != LOOPBACK_HOST:
            image = done.dataset.channel("test") / done.dataset.entries("test")[0].path
            again = f"docker compose run --rm bootstrap classify {image}"
            terminal.next_step(again, "the same, where scones is not installed")
            terminal.next_step("docker compose logs --follow detector", "trains for the web site")


def _described(project: Project, done: steps.Bootstrapped) -> str:
    """Write what is ready, with the addresses on this machine's loopback."""
    target = project.settings.target
    lines = {
        "endpoint": f"{done.endpoint_name} is in service",
        "model": f"{done.job_name}, {'trained just now' if done.trained else 'reused'}",
        "images": done.dataset.summary(),
    }
    if target.emulated:
        lines |= {
            "LocalStack": f"http://127.0.0.1:{target.localstack_port}",
            "SageMaker": f"http://127.0.0.1:{target.sagemaker_port}",
            "inbox": f"http://127.0.0.1:{target.inbox_port}/",
        }
    return "\n".join(f"{name:>12}  {value}" for name, value in lines.items())
