"""`scones models`."""

from dataclasses import asdict
from pathlib import Path

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.console import Terminal, seconds, table
from scones.errors import UsageError
from scones.jobs.history import told_apart
from scones.steps import models as steps


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB...]")
@click.option(
    "--last",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="How many jobs, where none is named.",
)
@click.option("--page", is_flag=True, help="Also draw them, on a page with their curves.")
@click.option("--card", is_flag=True, help="The model card of one job, by default the newest.")
@click.option("--register", is_flag=True, help="Put the card among SageMaker's model cards.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the page.")
@json_option
@pass_invocation
def models(
    invocation: Invocation,
    *,
    jobs: tuple[str, ...],
    last: int,
    page: bool,
    card: bool,
    register: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """List and compare training jobs: settings, metrics, times, and who serves the model."""
    with invocation.project() as (project, terminal):
        project.require_services()
        if card or register:
            if page or len(jobs) > 1:
                raise UsageError("--card is of one job: leave out --page, and name one at the most")
            (name,) = jobs or (steps.newest(project),)
            (run,) = steps.listed(project, names=[name])
            written = steps.write_card(project, run, output, register=register)
            _show_card(terminal, written, as_json=as_json)
            return
        found = steps.listed(project, names=jobs, most=last)
        drawn = steps.drawn(project, found, output) if found and (page or output) else None
        names = sorted({name for run in found for name in run.metrics})
        apart = told_apart(found)
        rows = [
            [
                run.name,
                run.status,
                f"{run.created:%Y-%m-%d %H:%M}",
                *(f"{run.metrics[n]:.4f}" if n in run.metrics else "" for n in names),
                *(run.hyperparameters.get(n, "default") for n in apart),
                seconds(run.seconds),
                ", ".join(run.endpoints),
            ]
            for run in found
        ]
        columns = ["job", "status", "created", *names, *apart, "time", "served by"]
        document = {
            "jobs": [asdict(run) | {"seconds": run.seconds} for run in found],
            "page": str(drawn) if drawn else None,
        }
        shown = table(columns, rows) if found else "no training jobs yet"
        terminal.result(document, shown, as_json=as_json)
        if drawn:
            terminal.note(str(drawn))
        elif found:
            terminal.next_step("scones models --page", "draws their curves")
            terminal.next_step("scones models --card JOB", "says what one was made of")
        else:
            terminal.next_step("scones train", "trains the first")


def _show_card(terminal: Terminal, written: steps.WrittenCard, *, as_json: bool) -> None:
    document = {
        "job": written.job,
        "page": str(written.page),
        "arn": written.arn,
        "card": written.card,
    }
    terminal.result(document, written.text, as_json=as_json)
    terminal.note(str(written.page))
    if written.arn:
        terminal.note(written.arn)
