"""Files that people should not send, and some odd ones that they may."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

MARK = "mark of the photographer"


def photo(kind: str = "PNG", size: tuple[int, int] = (64, 48), colour: object = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)  # type: ignore[arg-type]
    return buffer.getvalue()


def with_location(kind: str = "JPEG", orientation: int = 1) -> bytes:
    """A photo, left half red and right half blue, with GPS, a comment and an orientation."""
    image = Image.new("RGB", (60, 40), "red")
    image.paste("blue", (30, 0, 60, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = MARK
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    buffer = io.BytesIO()
    if kind == "JPEG":
        image.save(buffer, kind, exif=exif, comment=MARK.encode(), quality=95)
    else:
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", MARK)
        image.save(buffer, kind, exif=exif, pnginfo=text)
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *extra: bytes, data: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            *extra,
            _chunk(b"IDAT", zlib.compress(data)),
            _chunk(b"IEND", b""),
        ]
    )


def bomb() -> bytes:
    """A real bomb: 10,000 x 10,000 pixels, all there, in some kilobytes."""
    rows = (b"\x00" + b"\x00" * 1250) * 10_000
    return png_of(10_000, 10_000, data=rows)


def text_bomb() -> bytes:
    """A small picture with a text of 80 MB, compressed."""
    text = b"Comment\x00\x00" + zlib.compress(b"a" * 80_000_000)
    return png_of(8, 8, _chunk(b"zTXt", text), data=b"\x00\x00" * 8)


NOT_PHOTOS = {
    "empty": b"",
    "text": b"hello",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + b"\x00" * 40,
    "elf": b"\x7fELF" + b"\x00" * 60,
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 30,
    "tiff": b"II*\x00" + b"\x00" * 30,
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
}
BROKEN = {
    "png signature only": b"\x89PNG\r\n\x1a\n",
    "jpeg signature only": b"\xff\xd8\xff",
    "truncated png": photo("PNG", (200, 200))[:120],
    "truncated jpeg": photo("JPEG", (400, 400), "green")[:700],
    "png with html": b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script></html>",
    "no pixels": png_of(0, 0),
    "claims four billion pixels": png_of(65_535, 65_535),
    "claims the largest size": png_of(2**31 - 1, 2**31 - 1),
    "text bomb": text_bomb(),
    "bomb": bomb(),
}
