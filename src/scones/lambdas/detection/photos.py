"""Photos from strangers: checked by content, turned upright, and stripped of all but the picture.

A photo's EXIF says where it was taken; a comment may say who is in it. Neither reaches the model,
its captures or the drawn picture, because only the pixels and their colour profile are kept.
"""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from .faults import NotAPhoto, UnsupportedType

PIXEL_LIMIT = 50_000_000  # a phone's largest photo; 150 MB once it is unpacked
ENDPOINT_SIDE_LIMIT = 1_024  # pixels; detectors look at 300 to 512
LOSSLESS_PIXELS = 65_536  # up to here PNG costs nothing and changes nothing
JPEG_QUALITY = 92
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}


def content_type_of(data: bytes) -> str:
    """Return image/png or image/jpeg, by the first bytes and nothing else.

    Raises:
        UnsupportedType: They are of neither.
    """
    for signature, content_type in SIGNATURES.items():
        if data.startswith(signature):
            return content_type
    raise UnsupportedType("the photo is neither a PNG nor a JPEG image by its content")


def open_photo(data: bytes) -> Image.Image:
    """Return a photo upright and in RGB, without anything that is not picture.

    Raises:
        UnsupportedType: It is neither PNG nor JPEG.
        NotAPhoto: It is broken, or has more pixels than PIXEL_LIMIT.
    """
    content_type = content_type_of(data)
    with warnings.catch_warnings():
        # Pillow warns of many pixels, of broken EXIF and of odd chunks; the limit here is stricter.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=(FORMATS[content_type],)) as image:
                _check_pixels(*image.size)
                return _plain(_upright(image))
        except Image.DecompressionBombError as error:
            raise NotAPhoto(
                f"the photo has more than the {PIXEL_LIMIT:,} pixels allowed"
            ) from error
        except UnidentifiedImageError as error:
            raise NotAPhoto("the photo cannot be read: its header is broken") from error
        except NotAPhoto:
            raise
        except MemoryError as error:
            raise NotAPhoto("the photo needs more memory than there is") from error
        except Exception as error:  # Pillow's readers raise many kinds for broken files
            raise NotAPhoto(f"the photo cannot be read: {error}") from error


def for_endpoint(image: Image.Image) -> tuple[bytes, str]:
    """Return a copy for the model, at most ENDPOINT_SIDE_LIMIT pixels wide and high, and its type.

    The answer's coordinates are shares of the sides, so they hold for the photo itself.
    """
    small = image.copy()
    small.thumbnail((ENDPOINT_SIDE_LIMIT, ENDPOINT_SIDE_LIMIT), Image.Resampling.LANCZOS)
    lossless = small.width * small.height <= LOSSLESS_PIXELS
    content_type = "image/png" if lossless else "image/jpeg"
    return encode(small, content_type), content_type


def encode(image: Image.Image, content_type: str) -> bytes:
    """Return a picture's file of one of the two types."""
    buffer = io.BytesIO()
    profile = image.info.get("icc_profile")
    if content_type == "image/png":
        image.save(buffer, "PNG", icc_profile=profile, compress_level=3)
    else:
        image.save(
            buffer, "JPEG", icc_profile=profile, quality=JPEG_QUALITY, subsampling=0, optimize=False
        )
    return buffer.getvalue()


def _check_pixels(width: int, height: int) -> None:
    if width * height > PIXEL_LIMIT:
        raise NotAPhoto(
            f"the photo has {width:,} x {height:,} pixels, more than the {PIXEL_LIMIT:,} allowed"
        )


def _upright(image: Image.Image) -> Image.Image:
    """Return the picture as its EXIF says it was held; as it is where the EXIF is broken."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a broken picture shows when it is unpacked
        return image


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in RGB; of what else the file held only a fitting colour profile."""
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    if image.mode.startswith("I"):  # 16 bits a pixel
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    image = image.convert("RGB")
    image.info = {"icc_profile": profile} if profile else {}
    return image
