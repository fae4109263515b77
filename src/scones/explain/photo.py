"""A picture as it is sent and shown: upright, RGB, and no larger than it need be."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from scones.errors import DataError

MOST_SIDE = 256  # pixels: a covered part is no smaller for the model than in the photo itself
MOST_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG")


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture that is to be explained.

    Attributes:
        path: The file.
        pixels: (height, width, 3), bytes; shrunk where the file has more than 256 a side.
        size: Width and height of the file's picture.
    """

    path: Path
    pixels: np.ndarray
    size: tuple[int, int]


def read_photo(path: Path) -> Photo:
    """Read a PNG or JPEG; what is larger than 256 pixels a side is shrunk, its shape kept.

    Raises:
        DataError: It is not there, not a picture, or too large to be unpacked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise DataError(f"{path} has more than {MOST_PIXELS:,} pixels: scale it down")
                picture = _on_white(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise DataError(f"there is no image {path}: give the path of a PNG or JPEG file") from None
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them
        raise DataError(f"{path} cannot be read as a PNG or JPEG image: {error}") from error
    size = picture.size
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BICUBIC)
    return Photo(path, np.asarray(picture), size)


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
