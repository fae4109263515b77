"""Tells how much an image looks like the training images, rather than like anything else.

A network that knows two classes finds one of them in every picture. The base network knows many
more: in its features a bicycle lies among bicycles, and a willow does not. Compared are the
distances of an image to the nearest class of the job and to the background, all that the base
network was trained on:

    score = ½ (distance to the background)² - ½ (distance to the nearest class)²

each a Mahalanobis distance. The probabilities are then drawn towards 1/K by as much as the score
lies below those of the training images; which class is the likeliest does not change.

Source: Ren et al. 2021, "A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.errors import AlgorithmError
from scones_algorithms.preprocess import Floats

Doubles = npt.NDArray[np.float64]

PREFIX: Final = "familiar_"  # of the arrays in a model
FOLDS: Final = 5
PRIOR_IMAGES: Final = 1000  # how many images the base's own spread within a class counts for
RIDGE: Final = 0.1  # share of the mean variance that is added to each
LOST: Final = 0.05  # share of the training images with a score below the middle of the slope
SLOPE: Final = 0.1  # its width, as a share of the way from there to the training images' median
STEEPEST: Final = 1.0  # width of a slope: single precision has no finer scores


@dataclass(frozen=True)
class Background:
    """How the features of all that the base network was trained on are spread.

    Attributes:
        mean: (d,).
        within: (d, d), covariance within a class.
        total: (d, d), covariance of everything.
        side: pixels to which the images were shrunk before the base network looked at them.
    """

    mean: Doubles
    within: Doubles
    total: Doubles
    side: int

    @classmethod
    def of(cls, features: Floats, labels: npt.NDArray[np.int64], side: int) -> "Background":
        """Describe the features of many images of many classes."""
        mean = features.mean(axis=0, dtype=np.float64)
        sums = Sums.of(features - mean, labels, int(np.max(labels)) + 1)
        total = np.cov(features, rowvar=False)
        return cls(mean, sums.scatter() / (len(features) - len(sums.counts)), total, side)

    @classmethod
    def read(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "Background":
        """Take it from a base network's file.

        Raises:
            AlgorithmError: the file was packed before its features had a size.
        """
        if SIDE not in arrays:
            raise AlgorithmError(
                f"the base network's file has no {SIDE}, the size of the images that its features "
                "are of: pack it anew with `scones pretrain`"
            )
        found = {name: arrays[f"background_{name}"].astype(np.float64) for name in FIELDS}
        return cls(**found, side=int(arrays[SIDE][0]))

    def arrays(self) -> dict[str, Floats]:
        """Return what a base network's file keeps."""
        found = {f"background_{name}": getattr(self, name).astype(np.float32) for name in FIELDS}
        return found | {SIDE: np.array([self.side], dtype=np.float32)}


FIELDS: Final = ("mean", "within", "total")
SIDE: Final = "background_side"


@dataclass(frozen=True)
class Sums:
    """What is summed over images, and can be summed over hosts as well.

    Attributes:
        counts: (classes,) images.
        sums: (classes, d) of their features.
        products: (d, d) of their features with one another.
    """

    counts: Doubles
    sums: Doubles
    products: Doubles

    @classmethod
    def of(cls, features: Doubles, labels: npt.NDArray[np.int64], classes: int) -> "Sums":
        """Sum over images."""
        one_hot = np.eye(classes)[labels]
        return cls(one_hot.sum(axis=0), one_hot.T @ features, features.T @ features)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.counts + other.counts, self.sums + other.sums, self.products + other.products
        )

    def flat(self) -> Doubles:
        """Return all numbers in a row."""
        return np.concatenate([self.counts, self.sums.ravel(), self.products.ravel()])

    def unflat(self, numbers: Doubles) -> "Sums":
        """Undo `flat`, for numbers of the same shapes as these."""
        counts, sums, products = np.split(
            numbers, [self.counts.size, self.counts.size + self.sums.size]
        )
        return Sums(counts, sums.reshape(self.sums.shape), products.reshape(self.products.shape))

    def means(self) -> Doubles:
        """Return the mean of each class that has images."""
        there = self.counts > 0
        found: Doubles = self.sums[there] / self.counts[there, None]
        return found

    def scatter(self) -> Doubles:
        """Return the sum of squares within the classes."""
        means = self.means()
        found: Doubles = self.products - (means.T * self.counts[self.counts > 0]) @ means
        return found


@dataclass(frozen=True)
class Familiarity:
    """A fitted score and the slope on which it becomes a share between 0 and 1.

    All are weights and biases of fully connected layers, so that a saved network can have them.

    Attributes:
        near: weight (d, d) and bias (d,): features in units of the spread within a class.
        classes: weight (K, d) and bias (K,), of what `near` gives.
        far: weight (d, d) and bias (d,): features in units of the background's spread.
        slope: weight (1, 1) and bias (1,), of the score.
    """

    near: tuple[Doubles, Doubles]
    classes: tuple[Doubles, Doubles]
    far: tuple[Doubles, Doubles]
    slope: tuple[Doubles, Doubles]

    def score(self, features: Floats) -> Doubles:
        """Tell the score of each image's features, (n,)."""
        near, far = _layer(features, self.near), _layer(features, self.far)
        nearest = _layer(near, self.classes).max(axis=1)
        score: Doubles = nearest - (near**2).sum(axis=1) / 2 + (far**2).sum(axis=1) / 2
        return score

    def share(self, features: Floats) -> Doubles:
        """Tell how familiar each image is: (n,), near 1 for the training images."""
        rise = _layer(self.score(features)[:, None], self.slope)[:, 0]
        share: Doubles = 1 / (1 + np.exp(-rise.clip(-500, 500)))
        return share

    def arrays(self) -> dict[str, Floats]:
        """Return the parameters by name."""
        return {
            f"{PREFIX}{name}_{part}": values.astype(np.float32)
            for name in ("near", "classes", "far", "slope")
            for part, values in zip(("weight", "bias"), getattr(self, name), strict=True)
        }


def fit(
    background: Background, features: Floats, folds: list[Sums], number: npt.NDArray[np.int64]
) -> Familiarity:
    """Fit a score to the training images.

    Args:
        background: of the base network.
        features: (n, d) of this host's training images.
        folds: sums over the features of all hosts' images, without the background's mean.
        number: (n,) the fold that each image is in; it is scored by what the others say.
    """
    found = _fit(background, _total(folds))
    scores = found.score(features)
    for fold in range(len(folds)):
        others = _total([sums for other, sums in enumerate(folds) if other != fold])
        if others.counts.any():
            here = number == fold
            scores[here] = _fit(background, others).score(features[here])
    low, middle = np.quantile(scores, [LOST, 0.5])
    width = max(SLOPE * (middle - low), STEEPEST)
    slope = np.array([[1 / width]]), np.array([-low / width])
    return Familiarity(found.near, found.classes, found.far, slope)


def fold_numbers(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Deal the images of each class out among the folds."""
    numbers = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        numbers[own] = np.arange(len(own)) % FOLDS
    return numbers


def _fit(background: Background, sums: Sums) -> Familiarity:
    within = (sums.scatter() + PRIOR_IMAGES * background.within) / (
        sums.counts.sum() + PRIOR_IMAGES
    )
    near, far = _whitening(within), _whitening(background.total)
    means = sums.means() @ near.T
    return Familiarity(
        near=(near, -near @ background.mean),
        classes=(means, -(means**2).sum(axis=1) / 2),
        far=(far, -far @ background.mean),
        slope=(np.ones((1, 1)), np.zeros(1)),
    )


def _whitening(covariance: Doubles) -> Doubles:
    """Return the matrix by which what has this covariance gets that of white noise."""
    size = len(covariance)
    ridge = RIDGE * np.trace(covariance) / size * np.eye(size)
    inverse: Doubles = np.linalg.inv(np.linalg.cholesky(covariance + ridge))
    return inverse


def _total(parts: list[Sums]) -> Sums:
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total


def _layer(values: npt.NDArray[Any], layer: tuple[Doubles, Doubles]) -> Doubles:
    found: Doubles = values.astype(np.float64) @ layer[0].T + layer[1]
    return found
