"""Files that a site meets sooner or later, and what each is."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

GPS_IFD, ORIENTATION, COMMENT = 0x8825, 0x0112, 0x9286


def jpeg(size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    written = io.BytesIO()
    Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 60).convert("RGB").save(
        written, "JPEG", **options
    )
    return written.getvalue()


def png_of(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose header claims a size, with the chunks that are given."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    written = b"\x89PNG\r\n\x1a\n"
    for name, body in parts:
        written += struct.pack(">I", len(body)) + name + body
        written += struct.pack(">I", zlib.crc32(name + body))
    return written


def located_jpeg(orientation: int = 1) -> bytes:
    """A photo that tells where and with what it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Camera of a person"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 14.9), 3: "E", 4: (11.0, 34.0, 31.8)})
    return jpeg((80, 48), exif=exif, comment=b"a private note")


def bomb_by_header() -> bytes:
    """A few bytes that claim 2.5 thousand million pixels."""
    return png_of(50_000, 50_000, (b"IDAT", zlib.compress(b"\0" * 1000)))


def bomb_by_text() -> bytes:
    """Text that unpacks to 100 MB."""
    return png_of(
        1,
        1,
        (b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 100_000_000, 9)),
        (b"IDAT", zlib.compress(b"\0" * 4)),
    )


def gif() -> bytes:
    written = io.BytesIO()
    Image.new("P", (8, 8)).save(written, "GIF")
    return written.getvalue()


# name: (file name, its bytes, what is said of it)
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("empty.jpg", lambda: b"", "The file is empty."),
    "text named as a picture": ("photo.jpg", lambda: b"hello " * 99, "no PNG and no JPEG"),
    "page named as a picture": (
        "photo.png",
        lambda: b"<html><script>alert(1)</script>",
        "no PNG and no JPEG",
    ),
    "drawing with a script": (
        "photo.svg",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "no PNG and no JPEG",
    ),
    "another kind of picture": ("photo.png", gif, "no PNG and no JPEG"),
    "cut off": ("photo.jpg", lambda: jpeg((400, 300))[:2000], "is broken"),
    "beginning only": ("photo.png", lambda: b"\x89PNG\r\n\x1a\n", "(no PNG and no JPEG|is broken)"),
    "bomb by its header": ("photo.png", bomb_by_header, "too many pixels"),
}
