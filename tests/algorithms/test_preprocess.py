"""Training and serving see the same pixels; what is random stays within its bounds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones_algorithms.image_classification import augment
from scones_algorithms.image_classification.augment import Batches
from scones_algorithms.image_classification.dataset import (
    LabelledImages,
    read_training_images,
)
from scones_algorithms.image_classification.entries import Entry
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_classification.recipe import AUGMENTATION_TYPES, MODERN, Augmentation
from scones_algorithms.preprocess import MEAN, STD, to_batch
from tests.algorithms.jobs import Trained
from tests.algorithms.pictures import encoded, picture


def batches(
    images: LabelledImages, how: Augmentation, *, size: int = 32, batch: int = 8, seed: int = 0
) -> Batches:
    return Batches(images, 2, (size, size), batch, how, label_smoothing=0.0, seed=(seed,))


def some_images(count: int = 8, size: int = 32) -> LabelledImages:
    rng = np.random.default_rng(5)
    pixels = np.stack([np.asarray(picture(n % 2, rng, size)) for n in range(count)])
    return LabelledImages(pixels, np.arange(count) % 2)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("size", [(32, 32), (33, 32), (320, 75)])
def test_training_and_serving_see_an_image_alike_pixel_for_pixel(
    trained: Trained, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    photo = picture(1, np.random.default_rng(2)).resize(size, Image.Resampling.NEAREST)
    content = encoded(photo.convert(mode))
    path = tmp_path / "image.png"
    path.write_bytes(content)
    images = read_training_images(
        [Entry(path, 1)], 32, 32, resize=None, keep_margin=True, whole=MODERN.whole
    )
    in_training, _ = next(batches(images, Augmentation(), batch=1).epoch(0))
    in_serving = Predictor(trained.base / "model").prepare(content)
    assert in_training.dtype == in_serving.dtype == np.float32
    np.testing.assert_array_equal(in_training, in_serving)


def test_colours_are_centred_and_scaled_channel_by_channel() -> None:
    pixels = np.array([255, 0, 128], dtype=np.uint8).reshape(1, 1, 1, 3)
    expected = (np.array([255, 0, 128]) - np.array(MEAN)) / np.array(STD)
    np.testing.assert_allclose(to_batch(pixels).ravel(), expected, rtol=1e-6)


def test_an_epoch_shows_every_image_and_fills_the_last_batch() -> None:
    pixels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1) * np.ones((1, 4, 4, 3), np.uint8)
    source = batches(LabelledImages(pixels, np.zeros(10, np.int64)), Augmentation(), size=4)
    shown = np.concatenate([images[:, 0, 0, 0] for images, _ in source.epoch(0)])
    assert len(source) == 2
    assert len(shown) == 16
    assert len(np.unique(shown)) == 10


def test_epochs_differ_and_seeds_repeat() -> None:
    images = some_images()
    first, again, other = (batches(images, MODERN.augmentation, seed=n) for n in (0, 0, 1))
    epochs = [next(first.epoch(0))[0], next(first.epoch(1))[0]]
    assert not np.array_equal(*epochs)
    np.testing.assert_array_equal(next(again.epoch(1))[0], epochs[1])
    assert not np.array_equal(next(other.epoch(1))[0], epochs[1])


def test_images_that_grow_begin_as_smaller_ones_with_the_same_colours() -> None:
    source = batches(some_images(), Augmentation(pad=4, crop=True))
    small, whole = next(source.epoch(0, scale=0.625))[0], next(source.epoch(0))[0]
    assert small.shape == (8, 3, 20, 20)
    assert whole.shape == (8, 3, 32, 32)
    np.testing.assert_allclose(small.mean(), whole.mean(), atol=0.1)


@pytest.mark.parametrize("name", AUGMENTATION_TYPES)
def test_the_built_ins_augmentations_change_images_and_not_labels(name: str) -> None:
    images = some_images(size=40)
    plain = batches(images, Augmentation())
    changed = batches(images, AUGMENTATION_TYPES[name])
    (before, labels), (after, same_labels) = next(plain.epoch(0)), next(changed.epoch(0))
    assert before.shape == after.shape == (8, 3, 32, 32)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(labels, same_labels)


def test_a_crop_is_a_part_of_the_bordered_image_flipped_or_not() -> None:
    images = some_images(1)
    bordered = np.pad(images.pixels[0], ((4, 4), (4, 4), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(bordered, (32, 32), axis=(0, 1))
    possible = {part.tobytes() for row in windows for w in row for part in (w, w[..., ::-1])}
    source = batches(images, Augmentation(pad=4, crop=True, flip=True), batch=1)
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    seen = set()
    for number in range(40):
        crop, _ = next(source.epoch(number))
        seen.add(np.rint(crop * std + mean).astype(np.uint8).tobytes())
    assert seen <= possible
    assert len(seen) > 20


def test_jitter_keeps_colours_in_range_and_grey_grey() -> None:
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.uniform(0, 255, (6, 1, 8, 8)).astype(np.float32), 3, axis=1)
    after = augment.jitter(grey, 0.4, rng)
    assert after.min() >= 0
    assert after.max() <= 255
    assert not np.allclose(after, grey)
    np.testing.assert_allclose(after[:, 0], after[:, 2], atol=1e-3)


def test_cutout_blanks_at_most_one_square() -> None:
    batch = np.ones((50, 3, 32, 32), np.float32)
    augment.cut_out(batch, 8, np.random.default_rng(0))
    blank = (batch == 0).sum(axis=(1, 2, 3)) / 3
    assert blank.max() == 64
    assert blank.min() >= 16


def test_mixup_blends_targets_as_it_blends_images() -> None:
    batch = np.eye(4, dtype=np.float32).reshape(4, 1, 2, 2)
    targets = np.eye(4, dtype=np.float32)
    mixed, wanted = augment.mix_up(batch, targets, 1.0, np.random.default_rng(1))
    np.testing.assert_allclose(mixed.reshape(4, 4), wanted)
    np.testing.assert_allclose(wanted.sum(axis=1), 1, rtol=1e-6)


def test_hue_shift_keeps_white_and_black_apart() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    image[0] = 255
    shifted = augment.shift_hls(image, np.random.default_rng(0))
    assert shifted[0].min() > shifted[1].max()


def test_a_transform_keeps_the_middle_in_the_middle() -> None:
    image = np.zeros((33, 33, 3), np.uint8)
    image[12:21, 12:21] = 255
    for seed in range(5):
        turned = augment.transform(image, np.random.default_rng(seed))
        assert turned.shape == image.shape
        assert turned[16, 16].min() > 200
        assert np.asarray(Image.fromarray(turned).convert("L"))[:4].max() == 0
