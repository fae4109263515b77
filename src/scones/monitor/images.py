"""Turns captured request bodies into small pictures that are safe to show."""

import io
import warnings

from PIL import Image

_MAX_PIXELS = 25_000_000
_SHOWN_SIDE = 128
_FORMATS = ("PNG", "JPEG")


def decode(body: bytes | None) -> Image.Image | None:
    """Decode a captured image.

    Args:
        body: The request's body: whatever a caller sent.

    Returns:
        An RGB picture, or None where the body is not an image of a size that can be shown.
    """
    if not body:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=_FORMATS) as opened:
                if opened.width * opened.height > _MAX_PIXELS:
                    return None
                return _on_white(opened)
    except Exception:  # Pillow's decoders raise whatever a broken file makes them
        return None


def thumbnail(body: bytes | None) -> Image.Image | None:
    """Decode a captured image and shrink it to at most 128 pixels a side, for showing.

    It is decoded and encoded anew, never passed on.
    """
    picture = decode(body)
    if picture is not None:
        picture.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
    return picture


def as_png(picture: Image.Image) -> bytes:
    """Encode a picture."""
    target = io.BytesIO()
    picture.save(target, format="PNG")
    return target.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
