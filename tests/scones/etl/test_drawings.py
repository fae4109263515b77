"""Drawings are varied, repeatable, and not told apart by looking at single pixels."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from scones.errors import UsageError
from scones.etl.drawings import Drawings
from scones.etl.source import LabelledImage

CLASSES = ("bicycle", "motorcycle")


@pytest.fixture(scope="module")
def drawn() -> list[LabelledImage]:
    return list(Drawings().images(CLASSES))


def test_there_are_as_many_as_in_cifar_all_different(drawn: list[LabelledImage]) -> None:
    assert Counter((image.class_name, image.split) for image in drawn) == {
        (name, split): count for name in CLASSES for split, count in (("train", 500), ("test", 100))
    }
    assert len({image.pixels.tobytes() for image in drawn}) == 1200
    assert len({image.file_name for image in drawn}) == 1200
    assert {image.pixels.shape for image in drawn} == {(32, 32, 3)}


def test_the_same_seed_draws_the_same() -> None:
    few = Drawings(train=3, test=2, seed=5)
    first, second = list(few.images(CLASSES)), list(few.images(CLASSES))
    assert [i.pixels.tobytes() for i in first] == [i.pixels.tobytes() for i in second]


def test_another_seed_draws_others() -> None:
    one, other = (list(Drawings(3, 2, seed).images(CLASSES)) for seed in (0, 1))
    assert not {i.pixels.tobytes() for i in one} & {i.pixels.tobytes() for i in other}
    assert Drawings(3, 2, 0).fingerprint() != Drawings(3, 2, 1).fingerprint()


def test_a_third_class_changes_nothing_about_the_first_two() -> None:
    few = Drawings(train=3, test=2)
    two = {i.file_name: i.pixels.tobytes() for i in few.images(CLASSES)}
    three = {i.file_name: i.pixels.tobytes() for i in few.images(("bus", *CLASSES))}
    assert two.items() < three.items()


def test_they_are_never_called_photographs() -> None:
    assert Drawings().kind == "drawings"
    assert "drawings" in Drawings().description


def test_a_class_that_cannot_be_drawn_is_named() -> None:
    with pytest.raises(UsageError, match=r"no class 'tank'.*it has bicycle, motorcycle, bus"):
        list(Drawings().images(("bicycle", "tank")))


def test_raw_pixels_do_not_tell_them_apart(drawn: list[LabelledImage]) -> None:
    """A logistic regression on pixels stays well below what a small network reaches (0.94)."""
    train = _arrays([image for image in drawn if image.split == "train"])
    test = _arrays([image for image in drawn if image.split == "test"])
    accuracy = max(_logistic_accuracy(train, test, decay) for decay in (0.01, 1.0))
    assert 0.6 < accuracy < 0.85


def _arrays(images: list[LabelledImage]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pixels = np.array([image.pixels.reshape(-1) for image in images]) / 127.5 - 1
    return pixels, np.array([float(CLASSES.index(image.class_name)) for image in images])


def _logistic_accuracy(
    train: tuple[NDArray[np.float64], NDArray[np.float64]],
    test: tuple[NDArray[np.float64], NDArray[np.float64]],
    decay: float,
) -> float:
    """Fit by gradient descent with momentum; `decay` is the L2 penalty."""
    pixels, labels = train
    middle, spread = pixels.mean(0), pixels.std(0)
    pixels = (pixels - middle) / spread
    weights = velocity = np.zeros(pixels.shape[1])
    for _ in range(200):
        chance = 1 / (1 + np.exp(-pixels @ weights))
        gradient = pixels.T @ (chance - labels) / len(labels) + decay * weights
        velocity = 0.9 * velocity - 0.003 * gradient
        weights = weights + velocity
    found = (test[0] - middle) / spread @ weights > 0
    return float(np.mean(found == test[1]))
