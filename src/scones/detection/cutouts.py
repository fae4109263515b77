"""Vehicles without what is around them: from labelled images, or drawn on nothing.

A labelled image becomes a cut-out where its border has one colour, nearly, as studio photographs
have: what is connected with the border and of that colour is background. Of other images it cannot
be told where the object ends, so they are left out.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from scones.etl.drawings.pen import Pen, Pose
from scones.etl.drawings.scenes import DRAWN_SIDE
from scones.etl.drawings.vehicles import DRAWN
from scones.etl.source import LabelledImage, Split

type Cutout = NDArray[np.uint8]  # (height, width, 4), cropped to what is opaque
type Cutouts = Mapping[Split, Mapping[str, Sequence[Cutout]]]

TOLERANCE = 60.0  # distance of two colours that count as one, of 441 from black to white
UNIFORM_BORDER = 0.75  # share of the border that must have the border's colour
COVERAGE = (0.12, 0.85)  # share of the image that an object may cover
LEAST_SIDE = 0.45  # of the image's side that an object must reach over
DRAWN_PER_SPLIT: Mapping[Split, int] = {"train": 120, "validation": 30, "test": 40}


def cut_out(pixels: NDArray[np.uint8]) -> Cutout | None:
    """Cut the object out of an image of (height, width, 3); None where that cannot be told."""
    colours = pixels.astype(np.float64)
    rim = np.concatenate([colours[0], colours[-1], colours[1:-1, 0], colours[1:-1, -1]])
    ground = np.median(rim, axis=0)
    if (np.linalg.norm(rim - ground, axis=1) < TOLERANCE).mean() < UNIFORM_BORDER:
        return None
    alike = np.pad(np.linalg.norm(colours - ground, axis=2) < TOLERANCE, 1, constant_values=True)
    regions, _ = ndimage.label(alike)
    inside = (regions != regions[0, 0])[1:-1, 1:-1]
    objects, count = ndimage.label(inside, structure=np.ones((3, 3)))
    if count == 0:
        return None
    largest = 1 + int(np.argmax(np.bincount(objects.ravel())[1:]))
    shape = objects == largest
    if not COVERAGE[0] <= shape.mean() <= COVERAGE[1]:
        return None
    cut = _cropped(np.dstack([pixels, np.where(shape, 255, 0).astype(np.uint8)]))
    return cut if max(cut.shape[:2]) >= LEAST_SIDE * max(pixels.shape[:2]) else None


def cut_out_all(images: Iterable[LabelledImage], splits: Iterable[Split]) -> Cutouts:
    """Cut out what can be cut out, by split and class."""
    found: dict[Split, dict[str, list[Cutout]]] = defaultdict(lambda: defaultdict(list))
    for image, split in zip(images, splits, strict=True):
        cut = cut_out(image.pixels)
        if cut is not None:
            found[split][image.class_name].append(cut)
    return found


def drawn(names: Sequence[str], seed: int) -> Cutouts:
    """Draw vehicles on nothing, some for each split."""
    return {
        split: {name: [_draw(name, split, seed, at) for at in range(count)] for name in names}
        for split, count in DRAWN_PER_SPLIT.items()
    }


def _draw(name: str, split: Split, seed: int, number: int) -> Cutout:
    rng = np.random.default_rng([seed, zlib.crc32(f"{name}/{split}".encode()), number])
    page = Image.new("RGBA", (2 * DRAWN_SIDE, 2 * DRAWN_SIDE))
    pose = Pose(
        centre=(DRAWN_SIDE, DRAWN_SIDE),
        scale=DRAWN_SIDE / 2,
        tilt=rng.normal(0, 0.09),
        squeeze=rng.uniform(0.7, 1.0),
        slant=rng.normal(0, 0.12),
        middle=0.52,
    )
    DRAWN[name](Pen(page, pose), rng)
    return _cropped(np.asarray(page))


def _cropped(rgba: NDArray[np.uint8]) -> Cutout:
    rows, columns = np.nonzero(rgba[..., 3])
    return rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].copy()
