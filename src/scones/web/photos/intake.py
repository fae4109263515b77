"""What passes through the server is looked at before anything else sees it.

Type by content, never by name or header; size; pixels, before they are decoded; and a photo leaves
without what it tells beside the picture (EXIF, with the place it was taken; XMP; comments), turned
upright. What goes straight to S3 is checked by the browser first and by the API's functions after.
"""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_REQUEST_BYTES = 4_500_000
"""What POST /classify carries."""
MAX_UPLOAD_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
THUMBNAIL = (480, 480)
CONTENT_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}
KEPT = ("icc_profile", "transparency", "gamma")
_ORIENTATION = 0x0112


class RefusedError(Exception):
    """A photo is not taken; the message tells its sender why."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A photo that may go on.

    Attributes:
        data: Its bytes, without anything but the picture.
        content_type: image/png or image/jpeg, by content.
        width: Pixels.
        height: Pixels.
        thumbnail: A small JPEG.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    thumbnail: bytes


def accept(data: bytes, max_bytes: int) -> Accepted:
    """Check a photo and return what may go on.

    Args:
        data: What was sent.
        max_bytes: How much of it is allowed.

    Raises:
        RefusedError: It is empty, too large, no PNG or JPEG, broken, or has too many pixels.
    """
    if not data:
        raise RefusedError("The file is empty.")
    if len(data) > max_bytes:
        raise RefusedError(f"The file has {_mb(len(data))} MB; {_mb(max_bytes)} MB are allowed.")
    try:
        with Image.open(io.BytesIO(data), formats=tuple(CONTENT_TYPES)) as photo:
            return _examine(photo)
    except UnidentifiedImageError as error:
        raise RefusedError("The file is no PNG and no JPEG picture.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError(_too_many()) from error
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:
        raise RefusedError("The picture is broken: it cannot be read to its end.") from error


def _examine(photo: Image.Image) -> Accepted:
    if photo.width * photo.height > MAX_PIXELS:  # known from the header: nothing is decoded yet
        raise RefusedError(_too_many())
    photo.load()
    kind = photo.format or ""
    clean = _upright(photo)
    small = clean.convert("RGB")
    small.thumbnail(THUMBNAIL)
    return Accepted(
        data=_saved(clean, kind),
        content_type=CONTENT_TYPES[kind],
        width=clean.width,
        height=clean.height,
        thumbnail=_saved(small, "JPEG", quality=82),
    )


def _upright(photo: Image.Image) -> Image.Image:
    """Return the picture as a viewer shows it; the same object where it is upright already."""
    turned = photo.getexif().get(_ORIENTATION, 1) != 1
    return (ImageOps.exif_transpose(photo) or photo) if turned else photo


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the picture as a file that holds the picture only."""
    picture.info = {name: picture.info[name] for name in KEPT if name in picture.info}
    if kind == "JPEG" and not options:
        # An untouched JPEG keeps its own tables: it is not made worse.
        options = {"quality": "keep" if picture.format == "JPEG" else 95}
    written = io.BytesIO()
    picture.save(written, kind, icc_profile=picture.info.get("icc_profile"), **options)
    return written.getvalue()


def _too_many() -> str:
    return f"The picture has too many pixels; {MAX_PIXELS // 1_000_000} million are allowed."


def _mb(count: int) -> str:
    return f"{count / 1_000_000:.1f}"
