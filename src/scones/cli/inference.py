"""`scones classify` and `scones workflow`."""

from dataclasses import asdict
from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.errors import DeployError
from scones.steps import inference, model
from scones.workflow import Status


@click.command()
@click.argument(
    "images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(path_type=Path)
)
@click.option("--batch", is_flag=True, help="All in one execution, which notifies of the unsure.")
@json_option
@pass_invocation
def classify(
    invocation: Invocation, images: tuple[Path, ...], *, batch: bool, as_json: bool
) -> None:
    """Run the workflow on photos; exit code 1 if one of them could not be classified."""
    with invocation.project() as (project, terminal):
        project.require_services()
        model.wait_for_endpoint(project)
        run = inference.classify_batch if batch else inference.classify
        decisions = run(project, images)
        text = "\n".join(inference.describe(decision) for decision in decisions)
        document = {"decisions": [asdict(decision) for decision in decisions]}
        terminal.result(document, text, as_json=as_json)
    if any(decision.status is Status.FAILED for decision in decisions):
        raise click.exceptions.Exit(1)


@click.group()
def workflow() -> None:
    """Look at the state machines."""


@workflow.command()
@click.option("--machine", type=click.Choice(["image", "batch", "train"]), default="image")
@click.option("--execution", "execution_arn", help="ARN of an execution to colour the states by.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the files.")
@json_option
@pass_invocation
def export(
    invocation: Invocation,
    *,
    machine: str,
    execution_arn: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Write a deployed state machine's JSON, and draw it or an execution of it."""
    with invocation.project() as (project, terminal):
        project.require_services()
        if execution_arn is not None and ":stateMachine:" not in execution_arn:
            machine = _machine_of(execution_arn)
        files = inference.export(project, machine, execution_arn=execution_arn, folder=output)
        paths = [str(path) for path in (files.definition, files.svg, files.png)]
        terminal.result({"files": paths}, "\n".join(paths), as_json=as_json)


def _machine_of(execution_arn: str) -> str:
    if "train-and-deploy" in execution_arn:
        return "train"
    return "batch" if "classify-batch" in execution_arn else "image"


@workflow.command()
@json_option
@pass_invocation
def validate(invocation: Invocation, *, as_json: bool) -> None:
    """Check the files in `asl/` by ValidateStateMachineDefinition."""
    with invocation.project() as (project, terminal):
        project.require_services()
        found = inference.validate(project)
        faults = [
            {"file": path.name, **asdict(diagnostic)}
            for path, diagnostics in found.items()
            for diagnostic in diagnostics
        ]
        text = "\n".join(f"{path.name}: {len(faults) or 'valid'}" for path, faults in found.items())
        document = {"files": [path.name for path in found], "invalid": faults}
        terminal.result(document, text, as_json=as_json)
    if any(fault["severity"] == "ERROR" for fault in faults):
        raise DeployError(f"{faults[0]['file']}: {faults[0]['message']}")
