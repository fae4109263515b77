"""Images of a channel with their labels, not yet decoded, from each form that a channel may have.

    images + list file     a folder, and lines of index, label and path separated by tabs
    RecordIO               *.rec files, or the pipe <channel>_0
    augmented manifest     the pipe <channel>_0: an image's record, then its label's

A pipe is read once: the images stay in memory, so that later epochs cost no reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scones_algorithms.container import Channel, Cluster
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.channels import Format, format_of, has_class_ids
from scones_algorithms.image_classification.labels import Label, LabelForm
from scones_algorithms.record_channel import records_of
from scones_algorithms.recordio import read_records, unpack_image


@dataclass(frozen=True)
class Entry:
    """One image.

    Attributes:
        path: of its file; of a record, what to call it.
        label: what it shows.
        content: the image file where it was in a record.
    """

    path: Path
    label: Label
    content: bytes | None = None

    def read(self) -> bytes:
        """Return the image file's content."""
        return self.path.read_bytes() if self.content is None else self.content

    def exists(self) -> bool:
        """Whether this host has it."""
        return self.content is not None or self.path.exists()


def read_entries(images: Channel, listing: Channel | None, form: LabelForm) -> list[Entry]:
    """Read what a channel lists.

    Args:
        images: the channel with the images.
        listing: the channel with its list file; None for the forms that have none.
        form: of the labels.

    Raises:
        CustomerError: with the first problems, by line or record.
    """
    form = LabelForm(form.num_classes, form.multi_label, class_ids=has_class_ids(images))
    match format_of(images):
        case Format.RECORDIO:
            return _collect(_recordio(images, form), images)
        case Format.MANIFEST:
            return _collect(_manifest(images, form), images)
    if listing is None:
        raise CustomerError(f"channel {images.name} has no list file: give {images.name}_lst")
    return read_list(images, listing, form)


def read_list(images: Channel, listing: Channel, form: LabelForm) -> list[Entry]:
    """Read and check the list file of a channel.

    Args:
        images: the channel with the images.
        listing: the channel that holds exactly one list file.
        form: of the labels.

    Raises:
        CustomerError: with the first problems of the file, by line.
    """
    path = _only_list_file(listing)
    entries: list[Entry] = []
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entries.append(_listed(line, images.directory, form))
        except ValueError as error:
            problems.append(f"{path.name} line {number}: {error}")
    CustomerError.raise_first(problems)
    if not entries:
        raise CustomerError(f"{path.name} of channel {listing.name} lists no image")
    return entries


def own_share(entries: list[Entry], channel: Channel, cluster: Cluster, seed: int) -> list[Entry]:
    """Pick what this host is to train on.

    Of a channel that every host has whole, the hosts take turns in an order that depends on the
    seed alone: a list is often sorted by class. Of a channel that was sharded by its keys, each
    host takes what it has.

    Raises:
        CustomerError: nothing is left for this host.
    """
    if cluster.size == 1:
        return entries
    if channel.sharded:
        share = present(entries, channel)
    else:
        order = np.random.default_rng(seed).permutation(len(entries))
        share = [entries[number] for number in order[cluster.rank :: cluster.size]]
    if not share:
        raise CustomerError(
            f"{len(entries)} images in channel {channel.name} are too few for {cluster.size} "
            "instances: use fewer"
        )
    return share


def present(entries: list[Entry], channel: Channel) -> list[Entry]:
    """Of a channel that is sharded by S3 key, pick the images that this host has been given."""
    if not channel.sharded:
        return entries
    found = [entry for entry in entries if entry.exists()]
    if not found:
        raise CustomerError(
            f"channel {channel.name} is ShardedByS3Key and this host has none of the images that "
            f"{channel.name}_lst lists: use fewer instances, or FullyReplicated"
        )
    return found


def _collect(found: Iterator[Entry | str], channel: Channel) -> list[Entry]:
    """Part entries from problems; text is a problem."""
    entries, problems = [], []
    try:
        for one in found:
            if isinstance(one, Entry):
                entries.append(one)
            else:
                problems.append(one)
    except (ValueError, OSError) as error:
        problems.append(f"channel {channel.name} cannot be read: {error}")
    CustomerError.raise_first(problems)
    if not entries:
        raise CustomerError(f"channel {channel.name} has no image")
    return entries


def _recordio(channel: Channel, form: LabelForm) -> Iterator[Entry | str]:
    for name, record in records_of(channel):
        try:
            labels, content = unpack_image(record)
            yield Entry(Path(name), form.of_numbers(labels), content)
        except ValueError as error:
            yield f"{name}: {error}"


def _manifest(channel: Channel, form: LabelForm) -> Iterator[Entry | str]:
    with channel.pipe(0).open("rb") as file:
        for number, (content, label) in enumerate(_pairs(file)):
            name = f"{channel.name} line {number + 1}"
            try:
                yield Entry(Path(name), form.of_json(label.decode()), content)
            except ValueError as error:
                yield f"{name}: {error}: AttributeNames must be the image, then the label"


def _pairs(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    records = read_records(file)
    for image in records:
        label = next(records, None)
        if label is None:
            raise ValueError("the last image has no label: AttributeNames must name both")
        yield image, label


def _only_list_file(listing: Channel) -> Path:
    found = sorted(listing.directory.rglob("*.lst"))
    if len(found) != 1:
        raise CustomerError(
            f"channel {listing.name} must hold exactly one .lst file, not {len(found)}: give its "
            "whole S3 key"
        )
    return found[0]


def _listed(line: str, directory: Path, form: LabelForm) -> Entry:
    columns = line.rstrip("\r\n").split("\t")
    if len(columns) != form.columns + 2:
        raise ValueError(f"{len(columns)} columns separated by tabs, not {form.columns + 2}")
    relative = columns[-1]
    label = form.of_numbers(columns[1:-1])
    if Path(relative).is_absolute() or ".." in Path(relative).parts:
        raise ValueError(f"path {relative!r} leaves its channel")
    return Entry(directory / relative, label)
