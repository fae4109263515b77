"""List files and images, sound and otherwise."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones_algorithms.container import Channel
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.dataset import (
    read_training_images,
    read_validation_images,
)
from scones_algorithms.image_classification.entries import Entry, read_list
from scones_algorithms.image_classification.labels import LabelForm
from tests.algorithms.pictures import picture


@pytest.fixture
def channels(tmp_path: Path) -> tuple[Channel, Channel]:
    for name in ("train", "train_lst"):
        (tmp_path / name).mkdir()
    return (
        Channel("train", tmp_path / "train", "", "File"),
        Channel("train_lst", tmp_path / "train_lst", "", "File"),
    )


def entries(folder: Path, *sizes: tuple[int, int]) -> list[Entry]:
    """Write images of (width, height) whose pixels tell where they were."""
    found = []
    for number, (width, height) in enumerate(sizes):
        across, down = np.meshgrid(np.arange(width), np.arange(height))
        pixels = np.stack([across, down, np.full_like(across, number)], axis=2)
        path = folder / f"{number}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        found.append(Entry(path, number % 2))
    return found


def listed(channels: tuple[Channel, Channel], text: str) -> list[Entry]:
    (channels[1].directory / "train.lst").write_text(text)
    return read_list(*channels, LabelForm(2, multi_label=False))


def test_labels_may_be_written_as_im2rec_does(channels: tuple[Channel, Channel]) -> None:
    found = listed(channels, "0\t1\ta.png\n\n7\t0.000000\tsub/b.png\r\n")
    assert [entry.label for entry in found] == [1, 0]
    assert found[1].path == channels[0].directory / "sub" / "b.png"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 1 a.png\n", "line 1: 1 columns separated by tabs"),
        ("0\t1\ta.png\n1\tcat\tb.png\n", "line 2: class index 'cat'"),
        ("0\t2\ta.png\n", "class index 2 is not from 0 to 1"),
        ("0\t-1\ta.png\n", "class index -1"),
        ("0\t0.5\ta.png\n", "class index 0.5"),
        ("0\tnan\ta.png\n", "class index nan"),
        ("0\t1\t../../etc/passwd\n", "leaves its channel"),
        ("0\t1\t/etc/passwd\n", "leaves its channel"),
        ("\n", "lists no image"),
    ],
)
def test_a_wrong_line_is_named(channels: tuple[Channel, Channel], text: str, words: str) -> None:
    with pytest.raises(CustomerError, match=words.replace(".", r"\.")):
        listed(channels, text)


def test_only_the_first_of_many_problems_are_told(channels: tuple[Channel, Channel]) -> None:
    with pytest.raises(CustomerError, match=r"line 5: .*; 15 more$"):
        listed(channels, "0\tcat\ta.png\n" * 20)


def test_there_must_be_one_list_file(channels: tuple[Channel, Channel]) -> None:
    with pytest.raises(CustomerError, match=r"exactly one \.lst file, not 0"):
        read_list(*channels, LabelForm(2, multi_label=False))


def test_images_of_the_networks_size_are_taken_as_they_are(tmp_path: Path) -> None:
    found = entries(tmp_path, (32, 32), (32, 32))
    images = read_training_images(found, 32, 32, resize=None, keep_margin=True)
    assert images.pixels.shape == (2, 32, 32, 3)
    assert images.pixels.dtype == np.uint8
    np.testing.assert_array_equal(images.pixels[1], np.asarray(Image.open(found[1].path)))


def test_larger_images_are_cropped_in_the_middle(tmp_path: Path) -> None:
    images = read_training_images(
        entries(tmp_path, (60, 40)), 32, 32, resize=None, keep_margin=False
    )
    assert images.pixels.shape == (1, 32, 32, 3)
    assert tuple(images.pixels[0, 0, 0]) == (14, 4, 0)


def test_a_margin_is_kept_for_random_crops_as_far_as_all_images_allow(tmp_path: Path) -> None:
    found = entries(tmp_path, (60, 60), (80, 36))
    images = read_training_images(found, 32, 32, resize=None, keep_margin=True)
    assert images.pixels.shape == (2, 36, 40, 3)


def test_a_smaller_image_is_refused_and_named(tmp_path: Path) -> None:
    found = entries(tmp_path, (32, 32), (31, 40))
    with pytest.raises(CustomerError, match=r"1\.png: 31 x 40 pixels are less than image_shape"):
        read_training_images(found, 32, 32, resize=None, keep_margin=False)


def test_resize_makes_a_smaller_image_large_enough(tmp_path: Path) -> None:
    found = entries(tmp_path, (20, 30))
    images = read_training_images(found, 32, 32, resize=32, keep_margin=True)
    assert images.pixels.shape == (1, 40, 32, 3)


def test_broken_and_missing_images_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(CustomerError, match=r"broken\.png: .*; gone\.png is listed but not"):
        read_training_images(
            [Entry(broken, 0), Entry(tmp_path / "gone.png", 0)],
            32,
            32,
            resize=None,
            keep_margin=False,
        )


def test_a_whole_image_is_shrunk_without_the_stripes_that_leaving_out_pixels_makes(
    tmp_path: Path,
) -> None:
    stripes = np.zeros((64, 320, 3), np.uint8)
    stripes[:, ::2] = 255  # one pixel in ten would be all white, or all black
    path = tmp_path / "stripes.png"
    Image.fromarray(stripes).save(path)
    images = read_training_images(
        [Entry(path, 0)], 32, 32, resize=None, keep_margin=True, whole=True
    )
    assert images.pixels.shape == (1, 32, 32, 3)
    assert np.abs(images.pixels[0, :, 1:-1].astype(int) - 128).max() < 8


def test_validation_images_of_any_size_are_stretched_as_in_serving(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    picture(0, np.random.default_rng(0), 64).resize((90, 20)).save(path)
    images = read_validation_images([Entry(path, 0)], 32, 32)
    expected = Image.open(path).resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(images.pixels[0], np.asarray(expected))
