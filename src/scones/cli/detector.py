"""`scones detector`: `stage`, `train`, `deploy`, `bootstrap` and `demo`."""

from dataclasses import asdict
from pathlib import Path

import click

from scones import detector_demo
from scones.cli.app import Invocation, json_option, pass_invocation
from scones.cli.confirmation import confirm, yes_option
from scones.cli.data import source_options
from scones.console import seconds
from scones.errors import UsageError
from scones.etl.dataset import SPLITS
from scones.steps import detector as steps
from scones.steps import quick_detector

PATH = click.Path(path_type=Path)


@click.group()
def detector() -> None:
    """Find objects in photos: stage scenes, train on them, serve the model."""


@detector.command()
@source_options
@click.option("--images", type=PATH, help="Your own photos; with neither of the next two, VOC.")
@click.option("--coco", type=PATH, help="Their annotations as a COCO document.")
@click.option("--annotations", type=PATH, help="Or a folder of the built-in algorithm's JSON.")
@json_option
@pass_invocation
def stage(
    invocation: Invocation,
    *,
    archive: Path | None,
    folder: Path | None,
    drawings: bool,
    images: Path | None,
    coco: Path | None,
    annotations: Path | None,
    as_json: bool,
) -> None:
    """Compose scenes with exact boxes, or take your own annotated photos, and stage them.

    Without an option vehicles are cut from CIFAR-100, which is downloaded (169 MB).
    """
    if images is None and (coco or annotations):
        raise UsageError(
            "--coco and --annotations describe photos: name their folder with --images"
        )
    if coco and annotations:
        raise UsageError("give one of --coco and --annotations, not both")
    if images and (archive or folder or drawings):
        raise UsageError("--images stands alone: leave out --archive, --folder and --drawings")
    with invocation.project() as (project, terminal):
        terminal.headline("Staging scenes")
        if images is None:
            source = steps.compose(project, archive=archive, folder=folder, drawings=drawings)
        else:
            source = steps.own_photos(project, images=images, coco=coco, annotations=annotations)
        staged = steps.stage_scenes(project, source)
        document = {"directory": str(staged.directory), **staged.as_json()}
        terminal.result(document, staged.summary(), as_json=as_json)
        terminal.next_step("scones deploy", "then `scones detector train`")


@detector.command()
@click.option("--job-name", help="Name of the training job; by default a new one.")
@click.option(
    "--pretrained", is_flag=True, help="Begin with GluonCV's weights, which are downloaded."
)
@click.option("--weights", type=PATH, help="Or with this .params file of GluonCV's.")
@yes_option
@json_option
@pass_invocation
def train(
    invocation: Invocation,
    *,
    job_name: str | None,
    pretrained: bool,
    weights: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Upload the staged scenes and train a detector; follow its log until it ends."""
    if pretrained and weights:
        raise UsageError("--weights takes the place of --pretrained: give one of them")
    if weights and not weights.is_file():
        raise UsageError(f"there is no file {weights}")
    with invocation.project() as (project, terminal):
        project.require_services()
        staged = project.scenes()
        confirm(project, terminal, "trains on an instance that costs", yes=yes)
        terminal.headline(f"Training on {staged.pictures[SPLITS[0]]:,} scenes")
        if pretrained:
            weights = steps.published_weights(project)
        result = steps.train(project, staged, job_name=job_name, weights=weights)
        cpu = f", {seconds(result.cpu_seconds)} of CPU" if result.cpu_seconds else ""
        text = f"{result.job_name}: done in {seconds(result.seconds)}{cpu}\n{result.model_uri}"
        terminal.result(asdict(result), text, as_json=as_json)
        terminal.next_step("scones detector deploy", "serves it")


@detector.command()
@yes_option
@json_option
@pass_invocation
def deploy(invocation: Invocation, *, yes: bool, as_json: bool) -> None:
    """Serve the detector that was trained last."""
    with invocation.project() as (project, terminal):
        project.require_services()
        confirm(project, terminal, "serves on an instance that costs", yes=yes)
        terminal.headline("Serving the detector")
        name = steps.serve(project)
        terminal.result({"endpoint": name}, f"{name} is in service", as_json=as_json)


@detector.command()
@json_option
@pass_invocation
def bootstrap(invocation: Invocation, *, as_json: bool) -> None:
    """Bring a quick detector into service on drawn scenes; what is there already is reused."""
    with invocation.project() as (project, terminal):
        project.require_services()
        terminal.headline("Bringing a detector into service")
        done = quick_detector.bootstrap(project)
        how = "trained just now" if done.trained else "reused"
        text = f"{done.endpoint_name} is in service; the model of {done.job_name}, {how}"
        terminal.result(asdict(done), text, as_json=as_json)
        better = "scones detector stage|train|deploy"
        terminal.next_step(better, "it has seen drawings only: for one that has seen more")


@detector.command()
@click.option("--archive", type=PATH, help="Cut vehicles from a CIFAR-100 archive on disk.")
@click.option("--folder", type=PATH, help="Or from a folder with one folder of images per class.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=detector_demo.DetectorDemoRequest.threshold,
    show_default=True,
    help="Least confidence.",
)
@click.option("--keep", is_flag=True, help="Leave everything running at the end.")
@yes_option
@json_option
@pass_invocation
def demo(
    invocation: Invocation,
    *,
    archive: Path | None,
    folder: Path | None,
    threshold: float,
    keep: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Train a quick detector and send photos through it, by S3 and back; then clean up.

    Where a project is deployed already, it and the detector are left running.
    """
    with invocation.project() as (project, terminal):
        confirm(project, terminal, "deploys, trains and serves on instances that cost", yes=yes)
        request = detector_demo.DetectorDemoRequest(archive, folder, threshold, keep)
        document = detector_demo.DetectorDemo(project, terminal).run(request)
        terminal.result(document, detector_demo.describe(document), as_json=as_json)
