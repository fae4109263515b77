"""Images: from their source to the state folder, and from there to S3."""

from pathlib import Path

from scones.errors import DataError
from scones.etl.dataset import Dataset
from scones.etl.opening import open_source
from scones.etl.source import Source, check_classes
from scones.etl.staging import stage
from scones.etl.upload import Uploaded, upload
from scones.project import Project

ARCHIVES = ("*.tar.gz", "*.tgz", "*.tar")
DRAWINGS = "drawings"


def open_images(
    project: Project,
    *,
    archive: Path | None = None,
    folder: Path | None = None,
    drawings: bool = False,
    fall_back: bool = False,
) -> Source:
    """Open the source of images, and make sure that it has the chosen classes.

    Args:
        project: The project.
        archive: A CIFAR-100 archive on disk; by default it is downloaded.
        folder: A folder of images instead.
        drawings: Drawings instead.
        fall_back: Draw the images if that cannot be.

    Raises:
        UsageError: A class is not there, or has no route.
        DataError: The source is not what it should be.
    """
    for name in project.settings.etl.classes:
        project.settings.route(name)
    source = open_source(
        archive,
        folder,
        drawings,
        project.state_dir / "downloads",
        fall_back=fall_back,
        reporter=project.reporter,
    )
    check_classes(project.settings.etl.classes, source.class_names(), source.description)
    return source


def stage_from(project: Project, images: str | Path | None = None) -> Dataset:
    """Open a source of images and stage it, in one step.

    Args:
        project: The project.
        images: An archive, a folder that holds one, a folder of images per class, or "drawings".
            By default CIFAR-100 is downloaded or, where there is no network, the images are drawn.

    Raises:
        UsageError: A class is not there, or has no route.
        DataError: The source is not what it should be.
    """
    drawings = images == DRAWINGS
    archive, folder = told_apart(Path(images)) if images and not drawings else (None, None)
    source = open_images(
        project, archive=archive, folder=folder, drawings=drawings, fall_back=images is None
    )
    return stage_images(project, source)


def told_apart(images: Path | None) -> tuple[Path | None, Path | None]:
    """Return an archive or a folder of images; neither where there is nothing to take.

    Raises:
        DataError: A folder holds several archives.
    """
    if images is None:
        return None, None
    if images.is_dir():
        archives = sorted({path for pattern in ARCHIVES for path in images.glob(pattern)})
        if len(archives) > 1:
            names = ", ".join(path.name for path in archives)
            raise DataError(f"{images} holds several archives ({names}): name one of them")
        return (archives[0], None) if archives else (None, images)
    # Compose mounts /dev/null where a person names nothing.
    return (None, None) if images.is_char_device() else (images, None)


def stage_images(project: Project, source: Source) -> Dataset:
    """Stage the images of the chosen classes; the next steps use them."""
    etl = project.settings.etl
    dataset = stage(
        source,
        etl.classes,
        project.data_dir,
        validation_fraction=etl.validation_fraction,
        seed=etl.seed,
        reporter=project.reporter,
    )
    project.current_dataset.write_text(dataset.name)
    return dataset


def upload_images(project: Project, dataset: Dataset) -> Uploaded:
    """Make the data bucket hold the staged images; unchanged ones are skipped."""
    s3 = project.aws.client("s3")
    return upload(s3, dataset, project.outputs.data_bucket, reporter=project.reporter)
