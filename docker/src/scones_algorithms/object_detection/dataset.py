"""Images and boxes of a channel, decoded once and held in memory."""

from dataclasses import dataclass

import numpy as np

from scones_algorithms.errors import CustomerError, ImageError
from scones_algorithms.images import decode
from scones_algorithms.object_detection.annotations import Boxes
from scones_algorithms.object_detection.entries import Entry
from scones_algorithms.preprocess import Pixels, to_shape


@dataclass(frozen=True)
class Scenes:
    """Images of one size with the boxes of what they show.

    Attributes:
        pixels: (n, side, side, 3), bytes.
        boxes: of each image, (objects, 5): class, left, top, right, bottom, as shares.
    """

    pixels: Pixels
    boxes: list[Boxes]

    def __len__(self) -> int:
        return len(self.boxes)


def read_scenes(entries: list[Entry], side: int) -> Scenes:
    """Decode images as serving would see them: stretched to a square.

    Args:
        entries: of the channel.
        side: of the network's input, in pixels.

    Raises:
        CustomerError: with the first images that are broken, or of another size than stated.
    """
    pixels, problems = [], []
    for entry in entries:
        try:
            image = decode(entry.read())
        except ImageError as error:
            problems.append(f"{entry.name}: {error}")
            continue
        if entry.size not in (None, image.size):
            problems.append(
                f"{entry.name}: image_size is {entry.size}, but upright the image has {image.size}"
            )
        pixels.append(to_shape(image, side, side))
    CustomerError.raise_first(problems)
    return Scenes(np.stack(pixels), [entry.boxes for entry in entries])
