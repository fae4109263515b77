"""Photos from strangers: what is refused, what is kept, what is left behind."""

import io

import pytest
from PIL import Image

from scones.lambdas.detection import photos
from scones.lambdas.detection.faults import NotAPhoto, UnsupportedType
from tests.scones.lambdas.detection.hostile import BROKEN, MARK, NOT_PHOTOS, photo, with_location


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("name", NOT_PHOTOS)
def test_what_is_no_png_or_jpeg_by_content_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedType):
        photos.open_photo(NOT_PHOTOS[name])


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_unpacked_is_refused(name: str) -> None:
    with pytest.raises(NotAPhoto):
        photos.open_photo(BROKEN[name])


def test_a_photo_at_the_limit_of_pixels_is_taken_and_one_beyond_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photos, "PIXEL_LIMIT", 64 * 48)
    assert photos.open_photo(photo(size=(64, 48))).size == (64, 48)
    with pytest.raises(NotAPhoto, match=r"65 x 48 pixels, more than the 3,072 allowed"):
        photos.open_photo(photo(size=(65, 48)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_neither_location_nor_comment_is_in_what_goes_on(kind: str) -> None:
    data = with_location(kind)
    assert MARK.encode() in data
    opened = photos.open_photo(data)
    for content_type in photos.FORMATS:
        written = photos.encode(opened, content_type)
        assert MARK.encode() not in written
        assert b"Exif" not in written
        assert b"eXIf" not in written
        assert not Image.open(io.BytesIO(written)).getexif()
    assert MARK.encode() not in photos.for_endpoint(opened)[0]


@pytest.mark.parametrize(("orientation", "upper_left"), [(1, "red"), (3, "blue"), (6, "red")])
def test_a_photo_is_turned_as_it_was_held(orientation: int, upper_left: str) -> None:
    opened = photos.open_photo(with_location("JPEG", orientation))
    assert opened.size == ((40, 60) if orientation == 6 else (60, 40))
    red, _, blue = opened.getpixel((3, 3))  # type: ignore[misc]
    assert (red > blue) == (upper_left == "red")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    opened = photos.open_photo(saved(Image.new("L", (20, 10), 255).convert("I").convert(mode)))
    assert opened.mode == "RGB"
    assert opened.size == (20, 10)


def test_sixteen_bits_keep_their_brightness() -> None:
    opened = photos.open_photo(saved(Image.new("I;16", (4, 4), 128 * 257)))
    assert opened.getpixel((0, 0)) == pytest.approx((128, 128, 128), abs=1)


def test_cmyk_becomes_rgb() -> None:
    opened = photos.open_photo(saved(Image.new("CMYK", (20, 10), (0, 255, 255, 0)), "JPEG"))
    red, green, _ = opened.getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > 60 > green


def test_what_is_transparent_is_white() -> None:
    opened = photos.open_photo(saved(Image.new("RGBA", (4, 4), (255, 0, 0, 0))))
    assert opened.getpixel((0, 0)) == (255, 255, 255)


def test_the_endpoint_gets_a_small_photo_unchanged_and_a_large_one_scaled() -> None:
    small = Image.effect_noise((64, 64), 80).convert("RGB")
    body, content_type = photos.for_endpoint(small)
    assert content_type == "image/png"
    assert Image.open(io.BytesIO(body)).tobytes() == small.tobytes()
    large = Image.new("RGB", (4_000, 3_000), "red")
    body, content_type = photos.for_endpoint(large)
    assert content_type == "image/jpeg"
    assert Image.open(io.BytesIO(body)).size == (1_024, 768)
