"""Chooses the source of images: what a person names, else the download, else drawings."""

from pathlib import Path

from scones.errors import UsageError
from scones.etl.archive import UnreachableError, download
from scones.etl.cifar import CifarArchive
from scones.etl.dataset import NOT_PHOTOGRAPHS
from scones.etl.drawings import Drawings
from scones.etl.folder import ImageFolder
from scones.etl.source import Source
from scones.progress import SILENT, Reporter


def open_source(
    archive: Path | None,
    folder: Path | None,
    drawings: bool,
    download_dir: Path,
    *,
    fall_back: bool = False,
    reporter: Reporter = SILENT,
) -> Source:
    """Open the source that was asked for, or get CIFAR-100.

    Args:
        archive: A file in CIFAR-100's format, official or not.
        folder: A folder of images with a sub-folder per class.
        drawings: Draw the images.
        download_dir: Where the downloaded archive is kept.
        fall_back: Draw the images when there is no network.
        reporter: Receives the download's progress, and a note of any fall-back.

    Returns:
        The source, checked as far as is possible at once.

    Raises:
        UsageError: More than one source is named.
        DataError: What is named is not there or not what it should be.
        UnreachableError: There is no network, and `fall_back` is off.
    """
    if sum((archive is not None, folder is not None, drawings)) > 1:
        raise UsageError("give one of an archive, a folder and drawings, not several")
    if archive is not None:
        return CifarArchive(archive)
    if folder is not None:
        return ImageFolder(folder)
    if drawings:
        return Drawings()
    try:
        return CifarArchive(download(download_dir, reporter=reporter))
    except UnreachableError as error:
        if not fall_back:
            raise
        reporter.note(f"{error}. Going on with {NOT_PHOTOGRAPHS}")
        return Drawings()
