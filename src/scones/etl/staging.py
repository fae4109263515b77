"""Writes a source's images as the folders and lists that training reads.

    Source ──▶ split ──▶ <name>.partial/{train,validation,test}/*.png, *.lst, dataset.json
        ──▶ rename to <name>/

The folder under its final name is always whole: it is built beside and renamed. What a killed
run left behind is recognised and removed; what is there and has the same fingerprint is reused.
"""

import errno
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scones.errors import DataError, UsageError
from scones.etl.dataset import DOCUMENT, FORMAT, SPLITS, Dataset, Entry, read_dataset
from scones.etl.exclusive import exclusively
from scones.etl.source import LabelledImage, Source, Split
from scones.etl.split import assign
from scones.progress import SILENT, Reporter

VALIDATION_FRACTION = 0.1
_NAME_MAX = 60
_STEM_MAX = 48  # `test/<stem>.png` fits InvokeEndpoint's InferenceId, which has 64 characters
_REPORT_EVERY = 50  # images


def stage(
    source: Source,
    classes: Sequence[str],
    directory: Path,
    *,
    validation_fraction: float = VALIDATION_FRACTION,
    seed: int = 0,
    reporter: Reporter = SILENT,
) -> Dataset:
    """Stage the images of some classes, or reuse what was staged from the same inputs.

    Args:
        source: Where the images come from.
        classes: At least two class names; a label is an index into them, in this order.
        directory: Folder that gets a sub-folder for the dataset.
        validation_fraction: Share of the training images set aside for choosing the model. A
            tenth, the default, costs training little (100 of 1,000 images) and still tells two
            models apart: their difference on the same 100 images is what is looked at.
        seed: Of the division into splits.
        reporter: Receives progress in images.

    Returns:
        The dataset.

    Raises:
        UsageError: A class is not there, or the fraction is not between 0 and 1.
        DataError: The source is damaged, or there is no space left.
    """
    name = _folder_name(source, classes)
    identity = _identity(source, classes, validation_fraction, seed)
    with exclusively(directory):
        final = directory / name
        reusable = _reusable(final, identity, reporter)
        if reusable:
            reporter.note(f"{name}: already staged")
            return reusable
        building = directory / f".{name}.partial"
        _remove(building)
        try:
            _Builder(building, source, tuple(classes), validation_fraction, seed, reporter).build(
                identity
            )
            _swap(building, final)
        except OSError as error:
            raise _cannot_write(directory, error) from error
        finally:
            _remove(building)
        return read_dataset(final)


def _identity(source: Source, classes: Sequence[str], fraction: float, seed: int) -> str:
    """Identify everything that the staged files depend on."""
    parts = [FORMAT, source.kind, source.fingerprint(), list(classes), fraction, seed]
    return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _reusable(final: Path, identity: str, reporter: Reporter) -> Dataset | None:
    """The dataset that is there, if it is whole and of the same inputs."""
    if not final.exists():
        return None
    try:
        dataset = read_dataset(final)
    except DataError as error:
        reporter.note(f"staging anew: {error}")
        return None
    return dataset if dataset.fingerprint == identity else None


class _Builder:
    """Writes one dataset into a folder of its own."""

    def __init__(
        self,
        directory: Path,
        source: Source,
        classes: tuple[str, ...],
        validation_fraction: float,
        seed: int,
        reporter: Reporter,
    ) -> None:
        self._directory = directory
        self._source = source
        self._classes = classes
        self._validation_fraction = validation_fraction
        self._seed = seed
        self._reporter = reporter
        self._names: set[str] = set()

    def build(self, identity: str) -> None:
        """Write images, lists and, last of all, the document."""
        images = list(self._source.images(self._classes))
        splits = assign(
            images,
            self._classes,
            validation_fraction=self._validation_fraction,
            seed=self._seed,
        )
        for split in SPLITS:
            (self._directory / split).mkdir(parents=True)
        entries: dict[Split, list[Entry]] = {split: [] for split in SPLITS}
        for done, (image, split) in enumerate(zip(images, splits, strict=True), start=1):
            file_name = self._unique(image)
            write_png(image.pixels, self._directory / split / file_name)
            label = self._classes.index(image.class_name)
            entries[split].append(Entry(len(entries[split]), label, file_name))
            if done % _REPORT_EVERY == 0 or done == len(images):
                self._reporter.progress("stage", done, len(images), "images")
        self._write_lists(entries)
        self._write_document(identity, entries)

    def _unique(self, image: LabelledImage) -> str:
        """A file name that is safe, and not used yet: the source's own where possible."""
        stem = (
            _safe(re.sub(r"(?i)\.(png|jpe?g)$", "", image.file_name))
            or _safe(image.class_name)
            or "image"
        )
        name, number = f"{stem}.png", 2
        while name.lower() in self._names:  # lower case: some file systems fold it
            name, number = f"{stem}-{number}.png", number + 1
        self._names.add(name.lower())
        return name

    def _write_lists(self, entries: dict[Split, list[Entry]]) -> None:
        for split in SPLITS:
            lines = "".join(entry.line() for entry in entries[split])
            (self._directory / f"{split}.lst").write_text(lines)

    def _write_document(self, identity: str, entries: dict[Split, list[Entry]]) -> None:
        labels = {split: Counter(entry.label for entry in entries[split]) for split in SPLITS}
        dataset = Dataset(
            directory=self._directory,
            kind=self._source.kind,
            source=self._source.description,
            source_fingerprint=self._source.fingerprint(),
            fingerprint=identity,
            classes=self._classes,
            counts={
                split: {name: labels[split][label] for label, name in enumerate(self._classes)}
                for split in SPLITS
            },
            seed=self._seed,
            validation_fraction=self._validation_fraction,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        document = json.dumps(dataset.as_json(), indent=2)
        (self._directory / DOCUMENT).write_text(document + "\n")


def write_png(pixels: NDArray[np.uint8], file: Path) -> None:
    """Write an RGB image; the same pixels give the same bytes."""
    Image.fromarray(pixels).save(file, format="PNG")


def _folder_name(source: Source, classes: Sequence[str]) -> str:
    """A folder name that a person recognises, short enough for any file system."""
    if not classes:
        raise UsageError("no classes given; name at least two")
    whole = "-".join(filter(None, (_safe(part) for part in (source.name, *classes))))
    if len(whole) <= _NAME_MAX:
        return whole
    return f"{whole[: _NAME_MAX - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _safe(text: str) -> str:
    """Keep letters, digits, dots, dashes and underscores; no leading dot, no separator."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:_STEM_MAX]


def _swap(new: Path, final: Path) -> None:
    """Put a finished folder in the place of an older one."""
    old = new.with_name(f".{final.name}.old")
    _remove(old)
    if final.exists():
        final.rename(old)
    new.rename(final)
    _remove(old)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _cannot_write(directory: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(f"no space left in {directory}; free some, then run again")
    return DataError(f"cannot write the dataset in {directory}: {error}")
