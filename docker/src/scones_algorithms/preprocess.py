"""What a network sees of an image: the one definition that training and serving share."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Mean and deviation of natural photos (ImageNet), red, green and blue, 0 to 255.
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
RESIZE_POLICY = "stretch, bicubic with antialiasing"


def to_shape(image: Image.Image, height: int, width: int) -> Pixels:
    """Bring a whole image to the network's size.

    It is stretched rather than cropped or padded: nothing of the object is lost, and CIFAR's
    images were made the same way. One that has the size already is not touched.

    Args:
        image: mode RGB.
        height: in pixels.
        width: in pixels.

    Returns:
        Array of (height, width, 3).
    """
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8)


def normalise(batch: Floats, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Floats:
    """Centre and scale the colours of a batch.

    Args:
        batch: (n, 3, height, width), values 0 to 255.
        mean: of red, green and blue.
        std: of red, green and blue.

    Returns:
        A new array of the same shape.
    """
    found: Floats = batch - _of_channels(tuple(mean))
    found /= _of_channels(tuple(std))
    return found


@lru_cache
def _of_channels(values: tuple[float, ...]) -> Floats:
    return np.asarray(values, dtype=np.float32).reshape(1, -1, 1, 1)


def to_batch(pixels: Pixels, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Floats:
    """Turn images of (n, height, width, 3) into what the network takes."""
    return normalise(pixels.transpose(0, 3, 1, 2).astype(np.float32), mean, std)
