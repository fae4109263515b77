"""Vehicles without what is around them: from labelled images, or drawn on nothing.

A labelled image becomes a cut-out where its border changes smoothly, as in studio photographs and
before many walls, and where one thing stands out from that, whole and clearly. Of other images it
cannot be told where the object ends, so they are left out.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from scones.detection.matting import matte
from scones.etl.drawings.pen import Pen, Pose
from scones.etl.drawings.scenes import DRAWN_SIDE
from scones.etl.drawings.vehicles import DRAWN
from scones.etl.source import LabelledImage, Split

type Cutout = NDArray[np.uint8]  # (height, width, 4), cropped to what is opaque
type Cutouts = Mapping[Split, Mapping[str, Sequence[Cutout]]]

EVEN_BORDER = 0.55  # share of the border that must look like the ground
MOST_NOISE = 14.0  # of the ground, as a distance of colours: grass and gravel have more
LEAST_CONTRAST = 62.0  # mean distance of the object's colours from the ground's
OPAQUE = 0.5  # opacity from which a pixel counts as the object's
WHOLE = 0.85  # share of what stands out that must hang together, gaps of two pixels allowed
COVERAGE = (0.1, 0.75)  # share of the image that an object may cover
LEAST_SIDES = (0.35, 0.6)  # of the image's side that an object must reach over, both ways
MOST_CUT_OFF = 0.32  # share of the border that an object may cover
DRAWN_PER_SPLIT: Mapping[Split, int] = {"train": 120, "validation": 30, "test": 40}


def cut_out(pixels: NDArray[np.uint8]) -> Cutout | None:
    """Cut the object out of an image of (height, width, 3); None where that cannot be told."""
    found = matte(pixels)
    if found.even < EVEN_BORDER or found.noise > MOST_NOISE:
        return None
    solid = found.opacity >= OPAQUE
    near = _largest(solid, found.opacity)
    if near is None or not _is_one_object(solid & near):
        return None
    shape = solid & near
    if found.distance[shape].mean() < LEAST_CONTRAST:
        return None
    opacity = np.where(near, found.opacity, 0)
    rgba = np.dstack([found.colours, 255 * opacity]).round().astype(np.uint8)
    return _cropped(rgba, shape)


def _largest(solid: NDArray[np.bool_], opacity: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Return the region that nearly all that stands out lies in, a pixel wider than that."""
    regions, count = ndimage.label(ndimage.binary_dilation(solid, np.ones((3, 3))))
    if count == 0:
        return None
    masses = ndimage.sum(opacity * solid, regions, range(1, count + 1))
    whole = masses.max() >= WHOLE * masses.sum()
    return np.asarray(regions == 1 + int(np.argmax(masses))) if whole else None


def _is_one_object(shape: NDArray[np.bool_]) -> bool:
    """Tell whether a shape is as large as an object that was photographed, and not cut off."""
    height, width = shape.shape
    rows, columns = np.nonzero(shape)
    reach = sorted([(np.ptp(rows) + 1) / height, (np.ptp(columns) + 1) / width])
    rim = np.concatenate([shape[0], shape[-1], shape[1:-1, 0], shape[1:-1, -1]])
    large = reach[0] >= LEAST_SIDES[0] and reach[1] >= LEAST_SIDES[1]
    return bool(large and COVERAGE[0] <= shape.mean() <= COVERAGE[1] and rim.mean() <= MOST_CUT_OFF)


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
    rgba = np.asarray(page)
    return _cropped(rgba, rgba[..., 3] > 0)


def _cropped(rgba: NDArray[np.uint8], shape: NDArray[np.bool_]) -> Cutout:
    rows, columns = np.nonzero(shape)
    return rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].copy()
