"""The base network beside the one that is trained from it: it tells what is familiar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np

from scones_algorithms.distributed.exchange import Exchange
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.familiarity import (
    FOLDS,
    Background,
    Doubles,
    Familiarity,
    Sums,
    fit,
    fold_numbers,
)
from scones_algorithms.image_classification.inference import base_features
from scones_algorithms.image_classification.initial import BASE_FILE, read_base
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.network import build_network
from scones_algorithms.image_classification.recipe import BASE_NETWORK
from scones_algorithms.image_classification.shrinking import Shrinking
from scones_algorithms.preprocess import Floats, Pixels, to_batch
from scones_algorithms.weights import set_weights

PREFIX = "base_"  # of the base network's parameters in a model
BATCH = 64


@dataclass(frozen=True)
class Onlooker:
    """The base network, and how it judges the job's images.

    Attributes:
        base: with the weights of its file, under names that begin with `base_`.
        shrinking: of the job's images, to what the base looks at.
        familiarity: fitted to the training images.
        mirror: judge by an image and its mirror image.
    """

    base: Any
    shrinking: Shrinking
    familiarity: Familiarity
    mirror: bool

    def arrays(self) -> dict[str, Any]:
        """Return all parameters by the names that they have in a saved network."""
        own = {name: p.data() for name, p in self.base.collect_params().items()}
        rest = self.shrinking.arrays() | self.familiarity.arrays()
        return own | {name: mx.nd.array(array) for name, array in rest.items()}

    def features(self, data: Any) -> Any:
        """Let the base look at what a symbol stands for."""
        smaller = self.shrinking.of_symbols(data)
        return base_features(mx.sym, self.base, smaller, mirror=self.mirror)

    def share(self, pixels: Pixels) -> Doubles:
        """Tell how familiar each of (n, height, width, 3) is, from 0 to 1."""
        seen = features_of(self.base, pixels, self.shrinking, mirror=self.mirror)
        return self.familiarity.share(seen)


def has_onlooker(job: Job) -> bool:
    """Whether a job's network begins as the base network, and answers with what adds up to 1."""
    return job.begins_with_base and not job.multi_label


def learn(job: Job, images: LabelledImages, exchange: Exchange) -> Onlooker:
    """Let the base network look at the training images of all hosts.

    Args:
        job: one that has an onlooker.
        images: of this host.
        exchange: adds up over hosts.
    """
    arrays, mirror = read_base(BASE_FILE), job.recipe.mirror
    background, base = Background.read(arrays), build_base(job.image_shape, arrays)
    shrinking = Shrinking.to(background.side, *job.image_shape[1:])
    seen = features_of(base, middle(images.pixels, job.image_shape), shrinking, mirror=mirror)
    number = fold_numbers(images.labels)
    centred = seen - background.mean
    folds = []
    for fold in range(FOLDS):
        here = number == fold
        own = Sums.of(centred[here], images.labels[here], job.num_classes)
        folds.append(own.unflat(np.array(exchange.total_of(own.flat()))))
    return Onlooker(base, shrinking, fit(background, seen, folds, number), mirror)


def build_base(image_shape: tuple[int, int, int], arrays: Mapping[str, Any]) -> Any:
    """Build the base network of a file; its last layer plays no part."""
    wide = BASE_NETWORK == "wide"
    base = build_network(None, 2, image_shape, wide=wide, prefix=PREFIX)
    set_weights(base, {PREFIX + n: a for n, a in arrays.items() if not n.startswith("dense")})
    base.features.hybridize(static_alloc=True, static_shape=True)
    return base


def features_of(base: Any, pixels: Pixels, shrinking: Shrinking, *, mirror: bool) -> Floats:
    """Compute the base network's features of (n, height, width, 3), in batches of one size."""
    found = []
    for start in range(0, len(pixels), BATCH):
        piece = pixels[start : start + BATCH]
        filled = np.concatenate([piece, np.repeat(piece[:1], BATCH - len(piece), axis=0)])
        smaller = shrinking.of_arrays(mx.nd.array(to_batch(filled)))
        seen = base_features(mx.nd, base, smaller, mirror=mirror)
        found.append(seen.asnumpy()[: len(piece)])
    return np.concatenate(found)


def middle(pixels: Pixels, image_shape: tuple[int, int, int]) -> Pixels:
    """Crop images to the network's size, in the middle."""
    _, height, width = image_shape
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    return pixels[:, top : top + height, left : left + width]
