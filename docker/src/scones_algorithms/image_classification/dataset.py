"""Images and labels of a channel, held in memory as one array of bytes.

A list file has three columns, separated by tabs: a unique index, the class index from 0, and the
image's path relative to its channel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from scones_algorithms.container import Channel, Cluster
from scones_algorithms.errors import CustomerError, ImageError
from scones_algorithms.image_classification.preprocess import Pixels, to_shape
from scones_algorithms.images import decode

PROBLEMS_TOLD = 5
CROP_MARGIN = 1.25  # how much larger than the network's input an image is kept for random crops


@dataclass(frozen=True)
class Entry:
    """One line of a list file."""

    path: Path
    label: int


@dataclass(frozen=True)
class LabelledImages:
    """Images of one size with their classes.

    Attributes:
        pixels: (n, height, width, 3), bytes.
        labels: (n,), class indices.
    """

    pixels: Pixels
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def read_list(images: Channel, listing: Channel, num_classes: int) -> list[Entry]:
    """Read and check the list file of a channel.

    Args:
        images: the channel with the images.
        listing: the channel that holds exactly one list file.
        num_classes: class indices must be below.

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
            entries.append(_entry(line, images.directory, num_classes))
        except ValueError as error:
            problems.append(f"{path.name} line {number}: {error}")
    _raise_first(problems)
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
    found = [entry for entry in entries if entry.path.exists()]
    if not found:
        raise CustomerError(
            f"channel {channel.name} is ShardedByS3Key and this host has none of the images that "
            f"{channel.name}_lst lists: use fewer instances, or FullyReplicated"
        )
    return found


def read_training_images(
    entries: list[Entry], height: int, width: int, *, resize: int | None, keep_margin: bool
) -> LabelledImages:
    """Read images to train on; a larger image is cropped in the middle, a smaller one refused.

    Args:
        entries: of the list file.
        height: of the network's input, in pixels.
        width: of the network's input, in pixels.
        resize: bring the shorter side to this many pixels first.
        keep_margin: keep up to a quarter more than the input's size, for crops at random places.
    """
    margin = CROP_MARGIN if keep_margin else 1.0

    def fit(image: Image.Image) -> Pixels:
        if resize:
            image = _with_shorter_side(image, resize)
        if image.height < height or image.width < width:
            raise ImageError(
                f"{image.width} x {image.height} pixels are less than image_shape's {width} x "
                f"{height}: lower image_shape or give resize"
            )
        return _middle(np.asarray(image), int(height * margin), int(width * margin))

    crops = _read(entries, fit)
    shared = min(len(crop) for crop in crops), min(crop.shape[1] for crop in crops)
    return _labelled([_middle(crop, *shared) for crop in crops], entries)


def read_validation_images(entries: list[Entry], height: int, width: int) -> LabelledImages:
    """Read images to validate with, exactly as serving would see them."""
    return _labelled(_read(entries, lambda image: to_shape(image, height, width)), entries)


def _only_list_file(listing: Channel) -> Path:
    found = sorted(listing.directory.rglob("*.lst"))
    if len(found) != 1:
        raise CustomerError(
            f"channel {listing.name} must hold exactly one .lst file, not {len(found)}: give its "
            "whole S3 key"
        )
    return found[0]


def _entry(line: str, directory: Path, num_classes: int) -> Entry:
    columns = line.rstrip("\r\n").split("\t")
    if len(columns) != 3:
        raise ValueError(f"{len(columns)} columns separated by tabs, not 3")
    _, label, relative = columns
    try:
        class_index = float(label)  # im2rec writes 0.000000
    except ValueError:
        raise ValueError(f"class index {label!r} is not a number") from None
    if not class_index.is_integer() or not 0 <= class_index < num_classes:
        raise ValueError(f"class index {label} is not from 0 to {num_classes - 1}")
    if Path(relative).is_absolute() or ".." in Path(relative).parts:
        raise ValueError(f"path {relative!r} leaves its channel")
    return Entry(directory / relative, int(class_index))


def _read(entries: list[Entry], fit: Callable[[Image.Image], Pixels]) -> list[Pixels]:
    pixels: list[Pixels] = []
    problems = []
    for entry in entries:
        try:
            pixels.append(fit(decode(entry.path.read_bytes())))
        except FileNotFoundError:
            problems.append(f"{entry.path.name} is listed but not in its channel")
        except ImageError as error:
            problems.append(f"{entry.path.name}: {error}")
    _raise_first(problems)
    return pixels


def _raise_first(problems: list[str]) -> None:
    if problems:
        more = len(problems) - PROBLEMS_TOLD
        raise CustomerError.of(problems[:PROBLEMS_TOLD] + ([f"{more} more"] if more > 0 else []))


def _with_shorter_side(image: Image.Image, pixels: int) -> Image.Image:
    scale = pixels / min(image.size)
    size = max(pixels, round(image.width * scale)), max(pixels, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


def _middle(pixels: Pixels, height: int, width: int) -> Pixels:
    top = max(0, (pixels.shape[0] - height) // 2)
    left = max(0, (pixels.shape[1] - width) // 2)
    return pixels[top : top + height, left : left + width]


def _labelled(pixels: list[Pixels], entries: list[Entry]) -> LabelledImages:
    labels = np.array([entry.label for entry in entries], dtype=np.int64)
    return LabelledImages(np.stack(pixels), labels)
