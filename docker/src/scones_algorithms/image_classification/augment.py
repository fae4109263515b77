"""Training batches: images picked, changed at random and mixed, a whole batch at once."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from scones_algorithms.colour import jitter
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.recipe import Augmentation
from scones_algorithms.preprocess import Floats, Pixels, normalise

# The built-in's ranges for crop_color and crop_color_transform.
HLS_SHIFTS = (36, 50, 50)
MAX_DEGREES, MAX_SHEAR, MAX_ASPECT = 10.0, 0.1, 0.25


class Batches:
    """An endless source of epochs.

    Args:
        images: at least as large as the network's input.
        num_classes: width of a target.
        size: height and width of the network's input.
        batch_size: images per batch; every batch is full.
        augmentation: what changes.
        label_smoothing: share of a target that is spread over all classes.
        seed: numbers that, with the epoch's, decide all that is random here.
        per_epoch: batches in an epoch; None for as many as it takes to see every image once.
    """

    def __init__(
        self,
        images: LabelledImages,
        num_classes: int,
        size: tuple[int, int],
        batch_size: int,
        augmentation: Augmentation,
        label_smoothing: float,
        seed: Sequence[int],
        per_epoch: int | None = None,
    ) -> None:
        self._pixels = images.pixels
        self._size = size
        self._scale = 0.0  # of the crops that are at hand
        self._targets = targets(images.labels, num_classes, label_smoothing)
        self._batch_size = batch_size
        self._augmentation = augmentation
        self._seed = seed
        self._rng = np.random.default_rng([*seed, 0])
        self._per_epoch = per_epoch or -(-len(images) // batch_size)

    def __len__(self) -> int:
        return self._per_epoch

    def epoch(self, number: int, scale: float = 1.0) -> Iterator[tuple[Floats, Floats]]:
        """Yield the images in random order; full batches, filled up from the start.

        Args:
            number: from 0; an epoch is the same whether or not others have gone before it.
            scale: shrink images and crops to this share of their size.

        Yields:
            Normalised images of (batch, 3, height, width) and targets of (batch, classes).
        """
        self._rng = np.random.default_rng([*self._seed, number])
        if scale != self._scale:
            self._scale, self._crops = scale, self._crops_at(scale)
        order = self._rng.permutation(len(self._targets))
        order = np.resize(order, len(self) * self._batch_size)
        for picked in order.reshape(len(self), self._batch_size):
            yield self._batch(picked)

    def _crops_at(self, scale: float) -> Pixels:
        """Return a view, not a copy: [image, top, left] is the crop that begins there."""
        has_margin = self._pixels.shape[1:3] != self._size
        pixels = shrink(self._pixels, scale) if scale != 1 else self._pixels
        height, width = (round(side * scale) for side in self._size)
        pad = 0 if has_margin else round(self._augmentation.pad * scale)
        border = ((0, 0), (pad, pad), (pad, pad), (0, 0))
        bordered = np.pad(pixels, border, mode="reflect") if pad else pixels
        return np.lib.stride_tricks.sliding_window_view(bordered, (height, width), axis=(1, 2))

    def _batch(self, picked: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        how, rng = self._augmentation, self._rng
        crops = self._crop(picked)
        if how.hls or how.transform:
            crops = _each_image(crops, how, rng)
        batch = crops.astype(np.float32)
        if how.jitter:
            batch = jitter(batch, how.jitter, rng)
        batch = normalise(batch)
        if how.cutout:
            cut_out(batch, how.cutout, rng)
        wanted = self._targets[picked]
        return mix_up(batch, wanted, how.mixup, rng) if how.mixup else (batch, wanted)

    def _crop(self, picked: npt.NDArray[np.int64]) -> Pixels:
        count = len(picked)
        tops, lefts = self._crops.shape[1:3]
        if self._augmentation.crop:
            top, left = self._rng.integers(0, tops, count), self._rng.integers(0, lefts, count)
        else:
            top, left = np.full(count, tops // 2), np.full(count, lefts // 2)
        crops: Pixels = self._crops[picked, top, left]
        if self._augmentation.flip:
            flipped = self._rng.random(count) < 0.5
            crops[flipped] = crops[flipped, :, :, ::-1]
        return crops


def targets(labels: npt.NDArray[np.int64], num_classes: int, smoothing: float) -> Floats:
    """Return what a network should say of each image, (n, classes).

    Args:
        labels: (n,) class indices, or (n, classes) ones and zeros.
        num_classes: width of a target.
        smoothing: share that is spread: over all classes, or over yes and no.
    """
    if labels.ndim == 2:
        return (labels * (1 - smoothing) + smoothing / 2).astype(np.float32)
    found = np.full((len(labels), num_classes), smoothing / num_classes, dtype=np.float32)
    found[np.arange(len(labels)), labels] += 1.0 - smoothing
    return found


def shrink(pixels: Pixels, scale: float) -> Pixels:
    """Shrink images of (n, height, width, 3) to a share of their size, by the mean of areas."""
    height, width = (round(side * scale) for side in pixels.shape[1:3])
    return np.stack(
        [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in pixels]
    )


def cut_out(batch: Floats, side: int, rng: np.random.Generator) -> None:
    """Blank a square of each image, in place; its centre lies anywhere in the image."""
    count, _, height, width = batch.shape

    def inside(length: int) -> npt.NDArray[np.bool_]:
        distance = np.arange(length) - rng.integers(0, length, (count, 1))
        return (distance >= -(side // 2)) & (distance < side - side // 2)

    rows, columns = inside(height), inside(width)
    batch *= ~(rows[:, None, :, None] & columns[:, None, None, :])


def mix_up(
    batch: Floats, targets: Floats, alpha: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Blend each image and its target with another of the batch (Zhang et al. 2018)."""
    share = np.float32(rng.beta(alpha, alpha))
    other = rng.permutation(len(batch))
    return (
        batch * share + batch[other] * (1 - share),
        targets * share + targets[other] * (1 - share),
    )


def _each_image(crops: Pixels, how: Augmentation, rng: np.random.Generator) -> Pixels:
    """Change what OpenCV changes best, one image at a time; crops are (n, 3, height, width)."""
    changed = np.empty_like(crops)
    for number, crop in enumerate(crops):
        image = np.ascontiguousarray(crop.transpose(1, 2, 0))
        if how.transform:
            image = transform(image, rng)
        if how.hls:
            image = shift_hls(image, rng)
        changed[number] = image.transpose(2, 0, 1)
    return changed


def shift_hls(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Shift hue, lightness and saturation of one image of (height, width, 3)."""
    hls = cv2.cvtColor(image, cv2.COLOR_RGB2HLS).astype(np.int16)
    hls += np.array([rng.integers(-most, most + 1) for most in HLS_SHIFTS], dtype=np.int16)
    hls[..., 0] %= 180  # OpenCV counts hue in steps of two degrees
    hls[..., 1:] = hls[..., 1:].clip(0, 255)
    rgb: Pixels = cv2.cvtColor(hls.astype(np.uint8), cv2.COLOR_HLS2RGB)
    return rgb


def transform(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Rotate, shear and stretch one image of (height, width, 3) about its middle."""
    height, width = image.shape[:2]
    angle = np.deg2rad(rng.uniform(-MAX_DEGREES, MAX_DEGREES))
    shear = rng.uniform(-MAX_SHEAR, MAX_SHEAR)
    aspect = np.sqrt(rng.uniform(1 - MAX_ASPECT, 1 + MAX_ASPECT))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[aspect, shear], [0, 1 / aspect]])
    middle = np.array([width - 1, height - 1]) / 2
    affine = np.column_stack([matrix, middle - matrix @ middle])
    warped: Pixels = cv2.warpAffine(
        image, affine, (width, height), borderMode=cv2.BORDER_REFLECT_101
    )
    return warped
