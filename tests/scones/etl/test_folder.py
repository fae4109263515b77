"""A person's own images are read as they are meant to be seen, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones.errors import DataError, UsageError
from scones.etl.folder import MAX_FILE_BYTES, ImageFolder, read_image


def put(
    path: Path, colour: object = "red", mode: str = "RGB", size: tuple[int, int] = (8, 6)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]
    return path


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    put(tmp_path / "bicycle" / "b.png")
    put(tmp_path / "bicycle" / "a.JPG")
    put(tmp_path / "bus" / "c.jpeg")
    (tmp_path / "bus" / "notes.txt").write_text("passed over")
    (tmp_path / "bus" / "._c.png").write_text("passed over: macOS writes such files")
    (tmp_path / "empty").mkdir()
    source = ImageFolder(tmp_path)
    assert source.class_names() == ("bicycle", "bus")
    images = list(source.images(["bus", "bicycle"]))
    assert [(image.class_name, image.file_name) for image in images] == [
        ("bus", "c.jpeg"),
        ("bicycle", "a.JPG"),
        ("bicycle", "b.png"),
    ]
    assert {image.split for image in images} == {None}
    assert images[0].pixels.shape == (6, 8, 3)


def test_a_train_and_a_test_level_are_kept(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("bicycle", "bus"):
            put(tmp_path / split / name / f"{split}.png")
    images = list(ImageFolder(tmp_path).images(["bicycle", "bus"]))
    assert [(image.split, image.class_name) for image in images] == [
        ("train", "bicycle"),
        ("train", "bus"),
        ("test", "bicycle"),
        ("test", "bus"),
    ]


def test_train_can_be_a_class_as_it_is_in_cifar(tmp_path: Path) -> None:
    put(tmp_path / "train" / "a.png")
    put(tmp_path / "bus" / "a.png")
    assert ImageFolder(tmp_path).class_names() == ("bus", "train")


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("L", 77, (77, 77, 77)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("LA", (77, 255), (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 0x8000, (128, 128, 128)),
    ],
)
def test_any_mode_becomes_rgb_on_white(
    tmp_path: Path, mode: str, colour: object, expected: tuple[int, ...]
) -> None:
    pixels = read_image(put(tmp_path / "a.png", colour, mode))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (6, 8, 3)
    assert tuple(pixels[0, 0].tolist()) == expected


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned by a quarter
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").shape == (8, 6, 3)


@pytest.mark.parametrize("cut", [0, 20, 60])
def test_a_broken_image_is_named(tmp_path: Path, cut: int) -> None:
    file = put(tmp_path / "bicycle" / "broken.png")
    file.write_bytes(file.read_bytes()[:cut])
    put(tmp_path / "bus" / "good.png")
    with pytest.raises(DataError, match=r"bicycle/broken\.png is not a readable PNG or JPEG"):
        list(ImageFolder(tmp_path).images(["bus", "bicycle"]))


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    file = put(tmp_path / "a.png")
    content = bytearray(file.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png"):
        read_image(file)


def test_a_gif_under_another_name_is_refused(tmp_path: Path) -> None:
    Image.new("P", (8, 6)).save(tmp_path / "a.gif")
    (tmp_path / "a.gif").rename(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png is not a readable PNG or JPEG"):
        read_image(tmp_path / "a.png")


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.png has 6000 x 5000 pixels"):
        read_image(put(tmp_path / "a.png", 0, "1", (6000, 5000)))


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(DataError, match=r"20,971,521 bytes"):
        read_image(tmp_path / "a.png")


def test_a_folder_without_images_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no images; put PNG or JPEG files in .*/CLASS/"):
        ImageFolder(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is not a folder"):
        ImageFolder(tmp_path / "nowhere")


def test_a_class_without_a_folder_is_named_with_those_there_are(tmp_path: Path) -> None:
    put(tmp_path / "bicycle" / "b.png")
    put(tmp_path / "bus" / "b.png")
    with pytest.raises(UsageError, match=r"no class 'tank'.*it has bicycle, bus"):
        list(ImageFolder(tmp_path).images(["bicycle", "tank"]))


def test_the_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    put(tmp_path / "bicycle" / "b.png")
    source = ImageFolder(tmp_path)
    before = source.fingerprint()
    assert source.fingerprint() == before
    put(tmp_path / "bicycle" / "c.png")
    assert source.fingerprint() != before
