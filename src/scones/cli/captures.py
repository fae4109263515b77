"""`scones monitor`, `scones monitor baseline` and `scones monitor check`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scones.cli import watching
from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.reacting import Reacting, reacted
from scones.cli.schedules import schedule
from scones.cli.summary import summary
from scones.console import table
from scones.errors import UsageError
from scones.monitor.baseline.constraints import CategoricalDrift, Comparison
from scones.steps import captures, monitoring
from scones.steps.monitoring import Checkup, Source
from scones.steps.reaction import LEAST_ACCURACY, OnViolation

VIOLATED = 3
"""Exit code of a check that found something; 1 is one that could not be made."""

# A time without a zone is in UTC, as in the keys of captures.
_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


def source_options[F: Callable[..., Any]](function: F) -> F:
    """Add the options that say which captures to read."""
    for option in (
        click.option(
            "--until",
            type=_TIME,
            metavar="TIME",
            help="Leave out what was inferred then or later (UTC).",
        ),
        click.option(
            "--since", type=_TIME, metavar="TIME", help="Leave out what was inferred before (UTC)."
        ),
        click.option(
            "--folder", type=click.Path(path_type=Path), help="Capture files on disk instead."
        ),
        click.option(
            "--endpoint", "endpoint_name", help="Its captures; by default this project's."
        ),
    ):
        function = option(function)
    return function


def reaction_options[F: Callable[..., Any]](function: F) -> F:
    """Add the options that say what to do about findings."""
    for option in (
        click.option(
            "--least-accuracy",
            type=click.FloatRange(0, 1),
            default=LEAST_ACCURACY,
            show_default=True,
            help="Of a retrained model on the validation images; below it is not deployed.",
        ),
        click.option(
            "--on-violation",
            type=click.Choice([item.value for item in OnViolation]),
            help="On findings, set unsure images aside for labelling and start the training.",
        ),
    ):
        function = option(function)
    return function


@click.group(invoke_without_command=True)
@source_options
@reaction_options
@click.option("--watch", "watched", is_flag=True, help="Go on as captures arrive, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=1),
    default=5.0,
    show_default=True,
    help="Seconds between two looks while watching.",
)
@click.option("--ground-truth", help="Labels in Model Monitor's form: a folder or an S3 URI.")
@click.option("--baseline", help="What to compare with: a folder or an S3 URI.")
@json_option
@click.pass_context
def monitor(
    context: click.Context,
    /,
    *,
    ground_truth: str | None,
    baseline: str | None,
    watched: bool,
    interval: float,
    on_violation: str | None,
    least_accuracy: float,
    as_json: bool,
    **source: Any,
) -> None:
    """Read the captured requests back and write a report with plots."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    wanted = Source(**source)
    known = {"ground_truth": ground_truth, "baseline": baseline}
    with context.obj.project() as (project, terminal):
        _require(project, wanted, ground_truth, baseline, always=on_violation is not None)
        react = Reacting(project, terminal, wanted, least_accuracy) if on_violation else None
        if react is not None:
            react.require_baseline(baseline)
        terminal.headline("Watching captures" if watched else "Reading captures")
        if watched:
            watching.watch(
                project,
                terminal,
                wanted,
                seconds=interval,
                as_json=as_json,
                react=react.to_report if react is not None else None,
                **known,
            )
            return
        report = captures.report_all(project, wanted, **known)
        done = react.to_report(report) if react is not None else None
        document = {"report": str(report.html), **report.summary, **reacted(done)}
        terminal.result(document, summary(report, plain=terminal.plain), as_json=as_json)


def _refuse_options(context: click.Context) -> None:
    """Options of a command below `monitor` are its own."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    if any(found is not click.core.ParameterSource.DEFAULT for found in sources.values()):
        raise UsageError(
            f"options of `scones monitor {context.invoked_subcommand}` stand behind its name"
        )


@monitor.command("baseline")
@source_options
@click.option("--output", help="Where to write it: a folder or an S3 URI.")
@click.option(
    "--threshold",
    type=float,
    default=0.1,
    show_default=True,
    help="Distance above which a check finds a violation.",
)
@click.option(
    "--comparison",
    type=click.Choice([item.value for item in Comparison]),
    default=Comparison.ROBUST.value,
    show_default=True,
    help="How numbers are compared.",
)
@click.option(
    "--categorical",
    type=click.Choice([item.value for item in CategoricalDrift]),
    default=CategoricalDrift.L_INFINITY.value,
    show_default=True,
    help="How categories are compared.",
)
@click.option(
    "--embeddings", is_flag=True, help="Have the endpoint's model embed a sample of the images."
)
@json_option
@pass_invocation
def make_baseline(
    invocation: Invocation,
    /,
    *,
    output: str | None,
    threshold: float,
    comparison: str,
    categorical: str,
    embeddings: bool,
    as_json: bool,
    **source: Any,
) -> None:
    """Take captures as what is usual: statistics.json and constraints.json."""
    wanted = Source(**source)
    with invocation.project() as (project, terminal):
        _require(project, wanted, output, always=embeddings)
        terminal.headline("Reading captures")
        made, files = monitoring.make_baseline(
            project,
            wanted,
            output,
            threshold=threshold,
            comparison=Comparison(comparison),
            categorical=CategoricalDrift(categorical),
            embeddings=embeddings,
        )
        records, features = made.statistics.item_count, list(made.statistics.features)
        text = "\n".join([f"{records:,} records, {len(features)} features", *files])
        document = {"records": records, "features": features, "files": files}
        terminal.result(document, text, as_json=as_json)
        terminal.next_step("scones monitor check", "compares later captures with it")


@monitor.command()
@source_options
@click.option("--baseline", help="What to compare with: a folder or an S3 URI.")
@click.option("--output", help="Where to write the results: a folder or an S3 URI.")
@click.option(
    "--publish/--no-publish", default=True, help="Put metrics, and notify the topic of violations."
)
@click.option(
    "--embeddings/--no-embeddings",
    default=None,
    help="Compare embeddings of a sample of the images.  [default: if the baseline has some]",
)
@reaction_options
@json_option
@pass_invocation
def check(
    invocation: Invocation,
    /,
    *,
    baseline: str | None,
    output: str | None,
    publish: bool,
    embeddings: bool | None,
    on_violation: str | None,
    least_accuracy: float,
    as_json: bool,
    **source: Any,
) -> None:
    """Compare captures with the baseline; exit code 3 if one is violated or a feature drifted."""
    wanted = Source(**source)
    with invocation.project() as (project, terminal):
        _require(project, wanted, baseline, output, always=bool(on_violation or embeddings))
        react = Reacting(project, terminal, wanted, least_accuracy) if on_violation else None
        terminal.headline("Reading captures")
        found = monitoring.check(
            project,
            wanted,
            baseline=baseline,
            output=output,
            publish=publish,
            embeddings=embeddings,
        )
        done = react.to_findings(found.compared) if react is not None else None
        terminal.result(_document(found) | reacted(done), _drawn(found), as_json=as_json)
        if found.message_id is not None:
            terminal.note("the topic was notified")
    if found.compared.alarming:
        raise click.exceptions.Exit(VIOLATED)


def _require(project: Any, source: Source, *places: str | None, always: bool = False) -> None:
    """Require the services unless everything is on disk."""
    if (
        always
        or source.folder is None
        or any(place and place.startswith("s3://") for place in places)
    ):
        project.require_services()


def _document(found: Checkup) -> dict[str, Any]:
    told = {"metrics": found.metrics, "message_id": found.message_id}
    return found.compared.as_json() | told | {"files": list(found.files)}


def _drawn(found: Checkup) -> Any:
    compared = found.compared
    count, usual = compared.statistics.item_count, compared.baseline.statistics.item_count
    title = f"{compared.checked.status}: {count:,} records against {usual:,} of the baseline"
    if not compared.alarming:
        return f"{title}\nnothing to report"
    rows = [
        [item.feature_name, item.constraint_check_type, item.description]
        for item in compared.checked.violations
    ]
    rows += [
        [item.name, "drift test", f"{item.test}: {item.distance:.3f}, p {item.adjusted:.2g}"]
        for item in compared.drifted
    ]
    return table(["feature", "check", "finding"], rows, title)


monitor.add_command(schedule)
