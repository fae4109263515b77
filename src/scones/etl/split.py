"""Divides labelled images into train, validation and test, class by class."""

from collections.abc import Sequence

import numpy as np

from scones.errors import DataError, UsageError
from scones.etl.source import LabelledImage, Split

TEST_FRACTION = 1 / 6  # for sources that name no test images; CIFAR-100's own share


def assign(
    images: Sequence[LabelledImage],
    classes: Sequence[str],
    *,
    validation_fraction: float,
    seed: int,
) -> list[Split]:
    """Choose a split for every image.

    Test images stay what the source says; where it says nothing, a sixth is set aside first.
    Validation images are carved out of what remains, so that no choice (of an epoch, of a
    hyperparameter) is ever made by looking at the test images. Each class gives the same share.

    Args:
        images: All images.
        classes: The class names.
        validation_fraction: Share of the training images, between 0 and 1 (neither included).
        seed: The same seed gives the same division.

    Returns:
        The split of each image, in order.

    Raises:
        UsageError: The fraction is not between 0 and 1.
        DataError: A class has too few images for a split of its own.
    """
    if not 0 < validation_fraction < 1:
        raise UsageError(f"validation fraction {validation_fraction} is not between 0 and 1")
    splits: list[Split] = [image.split or "train" for image in images]
    for label, name in enumerate(classes):
        rng = np.random.default_rng([seed, label])
        loose = [n for n, i in enumerate(images) if i.class_name == name and i.split is None]
        for number in _draw(rng, loose, TEST_FRACTION):
            splits[number] = "test"
        rest = [n for n, i in enumerate(images) if i.class_name == name and splits[n] == "train"]
        for number in _draw(rng, rest, validation_fraction):
            splits[number] = "validation"
        _check(name, [splits[n] for n, i in enumerate(images) if i.class_name == name])
    return splits


def _draw(rng: np.random.Generator, numbers: list[int], fraction: float) -> list[int]:
    """Draw a share of the numbers, at least one where there is one to spare."""
    count = max(1, round(len(numbers) * fraction)) if len(numbers) > 1 else 0
    return [int(number) for number in rng.permutation(numbers)[:count]]


def _check(name: str, splits: list[Split]) -> None:
    for split in ("train", "validation", "test"):
        if split not in splits:
            raise DataError(
                f"class {name!r} has {len(splits)} images, too few to train, choose and test "
                f"with (none is left for {split}); give it more"
            )
