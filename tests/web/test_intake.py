"""What passes through the server: refused, or freed of all but the picture."""

import io

import pytest
from PIL import Image

from scones.web.photos.intake import MAX_REQUEST_BYTES, RefusedError, accept
from tests.web.hostile import (
    COMMENT,
    GPS_IFD,
    HOSTILE,
    bomb_by_text,
    jpeg,
    located_jpeg,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(name: str) -> None:
    _, make, told = HOSTILE[name]
    with pytest.raises(RefusedError, match=told):
        accept(make(), MAX_REQUEST_BYTES)


def test_a_large_file_is_refused_with_its_size() -> None:
    with pytest.raises(RefusedError, match=r"4\.6 MB; 4\.5 MB are allowed"):
        accept(jpeg() + bytes(4_600_000), MAX_REQUEST_BYTES)


def test_text_that_unpacks_to_100_mb_is_not_unpacked() -> None:
    with pytest.raises(RefusedError):
        accept(bomb_by_text(), MAX_REQUEST_BYTES)


@pytest.mark.parametrize("orientation", [1, 6])
def test_place_camera_and_notes_are_gone(orientation: int) -> None:
    before = located_jpeg(orientation)
    assert b"private note" in before
    accepted = accept(before, MAX_REQUEST_BYTES)
    for data in (accepted.data, accepted.thumbnail):
        with Image.open(io.BytesIO(data)) as photo:
            assert not photo.getexif()
            assert not photo.getexif().get_ifd(GPS_IFD)
            assert COMMENT not in photo.getexif()
        assert b"private note" not in data
        assert b"Camera of a person" not in data


def test_a_turned_photo_is_upright_afterwards() -> None:
    accepted = accept(located_jpeg(6), MAX_REQUEST_BYTES)
    assert (accepted.width, accepted.height) == (48, 80)


def test_an_upright_photo_looks_the_same_afterwards() -> None:
    before = located_jpeg()
    accepted = accept(before, MAX_REQUEST_BYTES)
    with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(accepted.data)) as is_now:
        pairs = zip(was.tobytes(), is_now.tobytes(), strict=True)
        differences = [abs(a - b) for a, b in pairs]
    assert sum(differences) / len(differences) < 0.5  # of 255: its own tables, not worse ones


def test_a_png_stays_the_same_pixel_for_pixel() -> None:
    written = io.BytesIO()
    picture = Image.effect_noise((40, 30), 60).convert("RGB")
    picture.save(written, "PNG")
    accepted = accept(written.getvalue(), MAX_REQUEST_BYTES)
    assert accepted.content_type == "image/png"
    with Image.open(io.BytesIO(accepted.data)) as photo:
        assert photo.tobytes() == picture.tobytes()
