"""Training batches: images picked and changed at random, and their boxes with them."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from scones_algorithms.colour import jitter
from scones_algorithms.object_detection.annotations import Boxes
from scones_algorithms.object_detection.contract import OBJECT_WIDTH
from scones_algorithms.object_detection.dataset import Scenes
from scones_algorithms.object_detection.recipe import Augmentation
from scones_algorithms.preprocess import MEAN, Floats, Pixels, normalise

NO_OBJECT = -1.0  # class of a row that only fills up


class Batches:
    """An endless source of epochs.

    Args:
        scenes: to train on.
        batch_size: images per batch; every batch is full.
        augmentation: what changes.
        seed: number that, with the epoch's, decides all that is random here.
    """

    def __init__(
        self, scenes: Scenes, batch_size: int, augmentation: Augmentation, seed: int
    ) -> None:
        self._scenes = scenes
        self._batch_size = batch_size
        self._augmentation = augmentation
        self._seed = seed
        self._most = max(1, *(len(boxes) for boxes in scenes.boxes))

    def __len__(self) -> int:
        return -(-len(self._scenes) // self._batch_size)

    def epoch(self, number: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield the images in random order; full batches, filled up from the start.

        Args:
            number: from 0; an epoch is the same whether or not others have gone before it.

        Yields:
            Normalised images of (batch, 3, side, side), and objects of (batch, most, 5).
        """
        rng = np.random.default_rng([self._seed, number])
        order = rng.permutation(len(self._scenes))
        order = np.resize(order, len(self) * self._batch_size)
        for picked in order.reshape(len(self), self._batch_size):
            changed = [
                change(self._scenes.pixels[at], self._scenes.boxes[at], self._augmentation, rng)
                for at in picked
            ]
            pixels = np.stack([image for image, _ in changed]).transpose(0, 3, 1, 2)
            batch = pixels.astype(np.float32)
            if self._augmentation.jitter:
                batch = jitter(batch, self._augmentation.jitter, rng)
            yield normalise(batch), padded([boxes for _, boxes in changed], self._most)


def padded(boxes: list[Boxes], most: int) -> Floats:
    """Stack the boxes of images, filled up with rows of no object, to (n, most, 5)."""
    filled = np.full((len(boxes), most, OBJECT_WIDTH), NO_OBJECT, dtype=np.float32)
    for row, one in zip(filled, boxes, strict=True):
        row[: len(one)] = one
    return filled


def change(
    image: Pixels, boxes: Boxes, how: Augmentation, rng: np.random.Generator
) -> tuple[Pixels, Boxes]:
    """Mirror and zoom one image of (side, side, 3), and its boxes with it."""
    if how.flip and rng.random() < 0.5:
        image, boxes = image[:, ::-1], mirrored(boxes)
    if how.zoom == (1.0, 1.0):
        return image, boxes
    scale = float(np.exp(rng.uniform(*np.log(how.zoom))))
    left, top = rng.uniform(0, 1, 2) * (1 - scale)  # negative above 1: a part of the image
    moved, seen = placed(boxes, scale, left, top)
    kept = moved[seen >= how.keep]
    if len(boxes) and not len(kept):
        return image, boxes
    return place(image, scale, left, top), kept


def mirrored(boxes: Boxes) -> Boxes:
    """Mirror boxes left to right."""
    turned = boxes.copy()
    turned[:, 1], turned[:, 3] = 1 - boxes[:, 3], 1 - boxes[:, 1]
    return turned


def placed(
    boxes: Boxes, scale: float, left: float, top: float
) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Scale and move boxes; returns those parts in sight, and which share of each that is."""
    moved = boxes.copy()
    moved[:, 1:] = boxes[:, 1:] * scale + np.array([left, top, left, top], dtype=np.float32)
    whole = (moved[:, 3] - moved[:, 1]) * (moved[:, 4] - moved[:, 2])
    moved[:, 1:] = moved[:, 1:].clip(0, 1)
    seen = (moved[:, 3] - moved[:, 1]) * (moved[:, 4] - moved[:, 2])
    return moved, seen / np.maximum(whole, 1e-9)


def place(image: Pixels, scale: float, left: float, top: float) -> Pixels:
    """Scale an image and lay it on a plain ground, its corner at a share of the side."""
    side = image.shape[0]
    # A pixel's centre lies half a pixel inside it.
    move = np.array([left, top]) * side + (scale - 1) / 2
    affine = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    laid: Pixels = cv2.warpAffine(
        image, affine, (side, side), flags=cv2.INTER_LINEAR, borderValue=MEAN
    )
    return laid
