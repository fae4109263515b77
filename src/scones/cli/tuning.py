"""`scones tune`."""

import json
from dataclasses import asdict

import click

from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.console import seconds, table
from scones.jobs.history import told_apart
from scones.steps import tuning


@click.command()
@click.option("--trials", type=click.IntRange(2, 256), help="How many; by default the setting's.")
@yes_option
@json_option
@pass_invocation
def tune(invocation: Invocation, *, trials: int | None, yes: bool, as_json: bool) -> None:
    """Compare hyperparameters by training jobs; go on with a search that was cut off."""
    with invocation.project() as (project, terminal):
        project.require_services()
        dataset = project.dataset()
        metric = project.settings.tuning.metric
        count = trials or project.settings.tuning.trials
        confirm(project, terminal, f"trains {count} times on an instance that costs", yes=yes)
        terminal.headline(f"Tuning for {metric}: {count} trials")
        found = tuning.tune(project, dataset, count=count)
        apart = told_apart(found.ranked)
        rows = [
            [
                run.name,
                f"{run.metrics[metric]:.4f}",
                *(run.hyperparameters.get(name, "default") for name in apart),
                seconds(run.seconds),
            ]
            for run in found.ranked
        ]
        document = {
            "metric": metric,
            "best": found.chosen,
            "jobs": [asdict(run) for run in found.ranked],
            "page": str(found.page),
        }
        terminal.result(document, table(["job", metric, *apart, "time"], rows), as_json=as_json)
        terminal.note(str(found.page))
        if found.chosen:
            lines = ", ".join(f"{name} = {json.dumps(v)}" for name, v in found.chosen.items())
            terminal.next_step("scones train", f"after [training.hyperparameters] {lines}")
        else:
            terminal.note("the project's own settings are the best of these")
