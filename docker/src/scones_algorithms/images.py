"""Bytes of a photo in, an upright RGB image out.

Training and serving both read images through `decode`, so that a photo means the same to both.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from scones_algorithms.errors import ImageError, ImageTooLargeError

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 50_000_000  # a 48-megapixel phone photo passes; unpacked it takes 150 MB
BEHIND_TRANSPARENT = "white"


def decode(data: bytes) -> Image.Image:
    """Read a PNG or JPEG of any colour mode.

    Greyscale, palette, CMYK and 16-bit images become 8-bit RGB; transparent parts are laid on
    white; the orientation that a camera noted in EXIF is applied.

    Args:
        data: the file's content.

    Returns:
        The image in mode RGB.

    Raises:
        ImageTooLargeError: it has more than 50 million pixels; nothing was unpacked.
        ImageError: it is neither PNG nor JPEG, or it is broken.
    """
    if not data:
        raise ImageError("the image is empty")
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
        refuse_too_large(image)
        image.load()
        if image.mode == "RGB" and not image.info:
            return image  # nothing to turn, to lay on white or to convert: most small PNG files
        return _as_rgb(ImageOps.exif_transpose(image))
    except ImageTooLargeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLargeError(f"the image has more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise ImageError("the data is neither a PNG nor a JPEG image") from None
    except Exception as error:  # decoders meet hostile bytes with errors of every class
        raise ImageError(f"the image is broken: {' '.join(str(error).split())}") from error


def refuse_too_large(image: Image.Image) -> None:
    """Raise ImageTooLargeError where the header promises too many pixels."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageTooLargeError(
            f"the image has {width} x {height} pixels: at most {MAX_PIXELS:,} are unpacked"
        )


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would clip to white
        values = np.asarray(image).astype(np.int64)
        image = Image.fromarray((values >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        photo = image.convert("RGBA")
        page = Image.new("RGBA", photo.size, BEHIND_TRANSPARENT)
        return Image.alpha_composite(page, photo).convert("RGB")
    return image.convert("RGB")
