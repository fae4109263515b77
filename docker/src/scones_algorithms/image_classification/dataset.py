"""Images and labels of a channel, decoded once and held in memory as one array of bytes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from scones_algorithms.errors import CustomerError, ImageError
from scones_algorithms.image_classification.entries import Entry
from scones_algorithms.images import decode
from scones_algorithms.preprocess import Pixels, to_shape

CROP_MARGIN = 1.25  # how much larger than the network's input an image is kept for random crops


@dataclass(frozen=True)
class LabelledImages:
    """Images of one size with their classes.

    Attributes:
        pixels: (n, height, width, 3), bytes.
        labels: (n,), class indices; or (n, classes), ones and zeros, of a multi-label job.
    """

    pixels: Pixels
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def read_training_images(
    entries: list[Entry],
    height: int,
    width: int,
    *,
    resize: int | None,
    keep_margin: bool,
    whole: bool = False,
) -> LabelledImages:
    """Read images to train on; a larger image is cropped in the middle, a smaller one refused.

    Args:
        entries: of the channel.
        height: of the network's input, in pixels.
        width: of the network's input, in pixels.
        resize: bring the shorter side to this many pixels first.
        keep_margin: keep up to a quarter more than the input's size, for crops at random places.
        whole: crop nothing, but bring an image to size as serving does; `resize` goes before it.
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
        if whole and not resize:
            return to_shape(image, height, width)
        return _middle(np.asarray(image), int(height * margin), int(width * margin))

    crops = _read(entries, fit)
    shared = min(len(crop) for crop in crops), min(crop.shape[1] for crop in crops)
    return _labelled([_middle(crop, *shared) for crop in crops], entries)


def read_validation_images(entries: list[Entry], height: int, width: int) -> LabelledImages:
    """Read images to validate with, exactly as serving would see them."""
    return _labelled(_read(entries, lambda image: to_shape(image, height, width)), entries)


def _read(entries: list[Entry], fit: Callable[[Image.Image], Pixels]) -> list[Pixels]:
    pixels: list[Pixels] = []
    problems = []
    for entry in entries:
        try:
            pixels.append(fit(decode(entry.read())))
        except FileNotFoundError:
            problems.append(f"{entry.path.name} is listed but not in its channel")
        except ImageError as error:
            problems.append(f"{entry.path.name}: {error}")
    CustomerError.raise_first(problems)
    return pixels


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
