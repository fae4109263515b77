"""`scones train`, `pretrain`, `endpoint` and `retrain`."""

from dataclasses import asdict
from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.console import seconds
from scones.steps import model


@click.command()
@click.option("--job-name", help="Name of the training job; by default a new one.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Begin with this .params file of GluonCV's instead of downloading it.",
)
@yes_option
@json_option
@pass_invocation
def train(
    invocation: Invocation, *, job_name: str | None, weights: Path | None, yes: bool, as_json: bool
) -> None:
    """Upload the staged images and train a model; follow its log until it ends."""
    with invocation.project() as (project, terminal):
        project.require_services()
        dataset = project.dataset()
        confirm(project, terminal, "trains on an instance that costs", yes=yes)
        terminal.headline(f"Training on {dataset.size('train'):,} images")
        result = model.train(project, dataset, job_name=job_name, weights=weights)
        cpu = f", {seconds(result.cpu_seconds)} of CPU" if result.cpu_seconds else ""
        text = f"{result.job_name}: done in {seconds(result.seconds)}{cpu}\n{result.model_uri}"
        terminal.result(asdict(result), text, as_json=as_json)
        terminal.next_step("scones endpoint", "serves it")


@click.command()
@click.option("--archive", type=click.Path(path_type=Path), help="A CIFAR-100 archive on disk.")
@click.option("--epochs", type=click.IntRange(1), help="By default the recipe's.")
@json_option
@pass_invocation
def pretrain(
    invocation: Invocation, *, archive: Path | None, epochs: int | None, as_json: bool
) -> None:
    """Train a base network on CIFAR-100's other classes; go on with one that was cut off."""
    with invocation.project() as (project, terminal):
        terminal.headline("Pretraining on the classes that are not the project's")
        result = model.pretrain(project, archive=archive, epochs=epochs)
        terminal.result(asdict(result), f"{result.file}\nsha256 {result.sha256}", as_json=as_json)


@click.command()
@yes_option
@json_option
@pass_invocation
def endpoint(invocation: Invocation, *, yes: bool, as_json: bool) -> None:
    """Serve the last trained model with all requests and answers captured."""
    with invocation.project() as (project, terminal):
        project.require_services()
        confirm(project, terminal, "starts instances that cost until deleted", yes=yes)
        terminal.headline("Deploying the endpoint")
        name = model.serve(project)
        terminal.result({"endpoint": name}, f"{name} is in service", as_json=as_json)
        terminal.next_step("scones classify IMAGE ...", "runs the workflow")


@click.command()
@click.option(
    "--least-accuracy",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="On the validation images; a model below it is not deployed.",
)
@click.option("--job-name", help="Name of the training job; by default a new one.")
@yes_option
@json_option
@pass_invocation
def retrain(
    invocation: Invocation,
    *,
    least_accuracy: float,
    job_name: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Have the state machine train a model and deploy it, if it is accurate enough."""
    with invocation.project() as (project, terminal):
        project.require_services()
        dataset = project.dataset()
        confirm(project, terminal, "trains and serves on instances that cost", yes=yes)
        terminal.headline(f"Retraining on {dataset.size('train'):,} images")
        result = model.retrain(project, dataset, least_accuracy=least_accuracy, job_name=job_name)
        seen = f"{result.job_name}: accuracy {result.accuracy:.3f}"
        text = f"{seen}, and {result.endpoint_name} serves it"
        if not result.deployed:
            text = f"{seen} is below {result.least_accuracy:g}: {result.endpoint_name} is as it was"
        terminal.result(asdict(result), text, as_json=as_json)
