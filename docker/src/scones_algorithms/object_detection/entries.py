"""Images of a channel with their boxes, not yet decoded, from each form that a channel may have.

    images + annotations   a folder, and a folder with one JSON file per image
    RecordIO               *.rec files, or the pipe <channel>_0
    augmented manifest     the pipe <channel>_0: an image's record, then its annotation's

A pipe is read once: the images stay in memory, so that later epochs cost no reading.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scones_algorithms.container import Channel
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.annotations import (
    LABEL_HEADER,
    Boxes,
    of_document,
    of_label,
)
from scones_algorithms.object_detection.channels import Format, format_of
from scones_algorithms.object_detection.contract import OBJECT_WIDTH
from scones_algorithms.record_channel import records_of
from scones_algorithms.recordio import read_records, unpack_image

log = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Entry:
    """One image.

    Attributes:
        name: what to call it in a message.
        boxes: what it shows, (objects, 5).
        path: of its file; None where `content` has it.
        content: the image file where it was in a record.
        size: width and height in pixels that its annotation states; None where nothing does.
    """

    name: str
    boxes: Boxes
    path: Path | None = None
    content: bytes | None = None
    size: tuple[int, int] | None = None

    def read(self) -> bytes:
        """Return the image file's content."""
        if self.content is not None:
            return self.content
        assert self.path is not None  # noqa: S101  (one of the two is always given)
        return self.path.read_bytes()


def read_entries(
    images: Channel, annotation: Channel | None, num_classes: int, label_width: int
) -> list[Entry]:
    """Read what a channel lists.

    Args:
        images: the channel with the images.
        annotation: the channel with its JSON files; None for the forms that have none.
        num_classes: class ids are below.
        label_width: numbers in the label of an image at most; the objects must fit into it.

    Raises:
        CustomerError: with the first problems, by file or record.
    """
    form = format_of(images)
    if form is Format.RECORDIO:
        found = _recordio(images, num_classes)
    elif form is Format.MANIFEST:
        found = _manifest(images, num_classes)
    elif annotation is None:
        raise CustomerError(f"channel {images.name}_annotation is missing")
    else:
        found = _annotated(images, annotation, num_classes)
    return _collect(found, images, label_width)


def _collect(found: Iterator[Entry | str], channel: Channel, label_width: int) -> list[Entry]:
    """Part entries from problems; text is a problem."""
    entries, problems = [], []
    try:
        for one in found:
            if isinstance(one, str):
                problems.append(one)
                continue
            entries.append(one)
            needed = LABEL_HEADER + OBJECT_WIDTH * len(one.boxes)
            if needed > label_width:
                objects = len(one.boxes)
                problems.append(f"{one.name}: {objects} objects need label_width={needed}")
    except (ValueError, OSError) as error:
        problems.append(f"channel {channel.name} cannot be read: {error}")
    CustomerError.raise_first(problems)
    if not any(len(entry.boxes) for entry in entries):
        raise CustomerError(f"channel {channel.name} has no image with an object")
    return entries


def _annotated(images: Channel, annotation: Channel, num_classes: int) -> Iterator[Entry | str]:
    documents = sorted(annotation.directory.rglob("*.json"))
    for path in documents:
        try:
            document = json.loads(path.read_bytes())
            boxes, size = of_document(document, num_classes)
            image = _image_of(document, path.relative_to(annotation.directory), images.directory)
            yield Entry(path.name, boxes, image, size=size)
        except ValueError as error:
            yield f"{path.name}: {error}"
    there = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in images.directory.rglob("*"))
    if there > len(documents):
        log.warning(
            "channel %s: %d images have no annotation file and are left out",
            images.name,
            there - len(documents),
        )


def _image_of(document: object, relative: Path, directory: Path) -> Path:
    """Find an annotation's image: as `file` says, by its last part, or by the same base name."""
    named = document.get("file") if isinstance(document, dict) else None
    candidates = [relative.with_suffix(suffix) for suffix in IMAGE_SUFFIXES]
    if isinstance(named, str) and named:
        file = Path(named)
        if file.is_absolute() or ".." in file.parts:
            raise ValueError(f"file {named!r} leaves its channel")
        candidates = [file, Path(file.name), *candidates]
    found = next((path for path in candidates if (directory / path).is_file()), None)
    if found is None:
        raise ValueError(f"its image {named or relative.stem} is not in channel {directory.name}")
    return directory / found


def _recordio(channel: Channel, num_classes: int) -> Iterator[Entry | str]:
    for name, record in records_of(channel):
        try:
            label, content = unpack_image(record)
            yield Entry(name, of_label(label, num_classes), content=content)
        except ValueError as error:
            yield f"{name}: {error}"


def _manifest(channel: Channel, num_classes: int) -> Iterator[Entry | str]:
    with channel.pipe(0).open("rb") as file:
        records = read_records(file)
        for number, content in enumerate(records, start=1):
            name = f"{channel.name} line {number}"
            label = next(records, None)
            if label is None:
                raise ValueError("the last image has no label: AttributeNames must name both")
            try:
                boxes, size = of_document(json.loads(label), num_classes)
                yield Entry(name, boxes, content=content, size=size)
            except ValueError as error:
                yield f"{name}: {error}: AttributeNames must be the image, then the annotation"
