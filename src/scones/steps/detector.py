"""The object detector: its scenes staged, its model trained on them, and served."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from scones import builtin_algorithm, hosting, training
from scones.detection.builtin import read_builtin
from scones.detection.coco import read_coco
from scones.detection.composed import ComposedScenes
from scones.detection.own_photos import OwnPhotos
from scones.detection.staged import StagedScenes
from scones.detection.staging import SceneSource, stage
from scones.detection.upload import PREFIX, upload
from scones.detection.voc import read_voc
from scones.errors import EndpointError
from scones.etl.opening import open_source
from scones.project import Project
from scones.published_weights import fetch, published_detector, upload_weights
from scones.training import DETECTOR, TrainingResult
from scones.training_request import DETECTOR_METRICS, TrainingRequest

LEAST_BUILT_IN_SIDE = 300  # pixels; AWS's own algorithm takes no smaller image_shape
LABEL_HEADER, OBJECT_WIDTH = 2, 5  # numbers in a label


def compose(
    project: Project,
    *,
    archive: Path | None = None,
    folder: Path | None = None,
    drawings: bool = False,
) -> SceneSource:
    """Open a source of images and compose scenes of it.

    Args:
        project: The project.
        archive: A CIFAR-100 archive on disk; by default it is downloaded.
        folder: A folder with one folder of images per class.
        drawings: Draw the vehicles instead.

    Raises:
        DataError: The source is not what it should be.
    """
    settings = project.settings.detector
    source = open_source(
        archive, folder, drawings, project.state_dir / "downloads", reporter=project.reporter
    )
    counts = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    return ComposedScenes(
        source,
        settings.classes,
        settings.others,
        counts,  # type: ignore[arg-type]
        settings.image_shape,
        settings.seed,
    )


def own_photos(
    project: Project, *, images: Path, coco: Path | None, annotations: Path | None
) -> SceneSource:
    """Open a person's own annotated photos.

    Args:
        project: The project.
        images: Folder of photos; of a PASCAL VOC folder, that folder.
        coco: A COCO document.
        annotations: A folder of the built-in's JSON files; neither of both for PASCAL VOC.
    """
    if coco is not None:
        description, read = f"{coco} (COCO)", lambda: read_coco(coco, images)
    elif annotations is not None:
        description, read = f"{annotations}", lambda: read_builtin(images, annotations)
    else:
        description, read = f"{images} (PASCAL VOC)", lambda: read_voc(images)
    settings = project.settings.detector
    return OwnPhotos(description, read, settings.classes, settings.seed)


def stage_scenes(project: Project, source: SceneSource) -> StagedScenes:
    """Stage scenes; the next steps use them."""
    classes = project.settings.detector.classes
    staged = stage(source, classes, project.scenes_dir, reporter=project.reporter)
    project.current_scenes.write_text(staged.name)
    return staged


def published_weights(project: Project) -> Path:
    """Download GluonCV's weights for the network of the settings, unless they are there.

    Raises:
        UsageError: There are none for it.
        DataError: They cannot be had, or are not what was published.
    """
    wanted = published_detector(project.settings.detector.hyperparameters)
    return fetch(project.state_dir / "downloads", wanted, reporter=project.reporter)


def train(
    project: Project,
    staged: StagedScenes,
    *,
    job_name: str | None = None,
    weights: Path | None = None,
) -> TrainingResult:
    """Upload the scenes and train; pick up a job of the detector that is still running.

    Args:
        project: The project.
        staged: What to train on.
        job_name: A name for the job, by default a new one.
        weights: A .params file of GluonCV's to begin with.

    Raises:
        TrainingError: The job failed or was stopped, or its name is taken.
    """
    family = f"{project.settings.project}-{DETECTOR}"
    hyperparameters = hyperparameters_of(project, staged)
    running = training.running_job(project.aws, family)
    if running is not None and job_name in (None, running):
        project.reporter.note(f"picking up {running}, which is still training")
        name = running
    else:
        name = job_name or training.new_job_name(family)
        request = _request(project, staged, name, hyperparameters)
        if weights is not None:
            channels = upload_weights(
                *(project.aws.client("s3"), weights, project.outputs.data_bucket, PREFIX),
                reporter=project.reporter,
            )
            request = replace(request, channels={**request.channels, **channels})
        training.start(project.aws, request)
    return training.wait(project.aws, name, reporter=project.reporter)


def _request(
    project: Project, staged: StagedScenes, name: str, hyperparameters: dict[str, Any]
) -> TrainingRequest:
    target = project.settings.target
    machine = target.training_instance_type
    for doubt in builtin_algorithm.check(target.detector_image, hyperparameters, machine):
        project.reporter.note(doubt)
    outputs = project.outputs
    s3 = project.aws.client("s3")
    return TrainingRequest(
        job_name=name,
        image=project.detector_image,
        instance_type=target.training_instance_type,
        role_arn=outputs.sagemaker_role_arn,
        channels=upload(s3, staged, outputs.data_bucket, reporter=project.reporter),
        output_uri=f"s3://{outputs.data_bucket}/models",
        checkpoint_uri=f"s3://{outputs.data_bucket}/checkpoints/{name}",
        hyperparameters=hyperparameters,
        max_runtime_seconds=project.settings.detector.max_runtime_seconds,
        volume_gb=target.training_volume_gb,
        spot_wait_seconds=target.spot_wait_seconds,
        vpc_config=target.vpc_config,
        kms_key_arn=target.kms_key_arn,
        tags=project.tags,
        metrics=DETECTOR_METRICS,
    )


def hyperparameters_of(project: Project, staged: StagedScenes) -> dict[str, Any]:
    """What a training job of the detector is told."""
    settings, target = project.settings.detector, project.settings.target
    own = target.own_algorithm and not builtin_algorithm.is_builtin(target.detector_image)
    side = settings.image_shape
    values: dict[str, Any] = {
        "num_classes": len(staged.classes),
        "num_training_samples": staged.pictures["train"],
        "image_shape": side if own else max(side, LEAST_BUILT_IN_SIDE),
        "label_width": max(350, LABEL_HEADER + OBJECT_WIDTH * staged.most_objects),
    }
    if own:
        values["seed"] = settings.seed
    return values | dict(settings.hyperparameters)


def serve(project: Project) -> str:
    """Serve the detector that was trained last, and return the endpoint's name.

    Raises:
        EndpointError: Nothing has been trained, or the endpoint fails.
    """
    settings, target = project.settings, project.settings.target
    model = training.latest_model(project.aws, f"{settings.project}-{DETECTOR}")
    if model is None:
        raise EndpointError("no detector has been trained: run `scones detector train` first")
    hosting.deploy(
        project.aws,
        hosting.EndpointRequest(
            endpoint_name=settings.detector_name,
            model_name=model[0],
            image=project.detector_image,
            model_uri=model[1],
            role_arn=project.outputs.sagemaker_role_arn,
            instance_type=target.endpoint_instance_type,
            capture_uri=None,  # photos of people who upload them are not kept here
            vpc_config=target.vpc_config,
            tags=project.tags,
        ),
        reporter=project.reporter,
    )
    return settings.detector_name
