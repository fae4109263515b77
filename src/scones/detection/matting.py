"""How much of each pixel is object, and in which colour, where the ground changes smoothly.

    rim ──▶ a smooth ground, by colour ──▶ corrected from what looks like it ──▶ distance from it
        ──▶ opacity ──▶ the object's own colours, without the ground's at its edges

What is seen through an object, as between a bicycle's spokes, is ground too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]

ALIKE = 28.0  # distance of two colours that count as one, of 441 from black to white
RIM = 2  # pixels, of an image's border
TRIMMING = (80.0, 50.0, 35.0)  # distance from the ground, fit by fit, of rim pixels that count
REACH = 2.5  # pixels over which the ground is corrected
FAINTEST = 18.0  # distance from the ground at which opacity begins
FADE = 40.0  # further distance over which it rises to one
MIXED = 0.85  # share of the distance beside it from which an edge's pixel is no mixture
EDGE = 0.8  # pixels from which an edge takes its colour


@dataclass(frozen=True)
class Matte:
    """An image taken apart.

    Attributes:
        opacity: (height, width), 0 to 1.
        colours: of the object, (height, width, 3), 0 to 255.
        distance: of each pixel from the ground's colour there.
        even: share of the rim that looks like the ground.
        noise: distance that 70 % of the ground's pixels stay below.
    """

    opacity: Floats
    colours: Floats
    distance: Floats
    even: float
    noise: float


def matte(pixels: NDArray[np.uint8]) -> Matte:
    """Take an image of (height, width, 3) apart."""
    seen = pixels.astype(np.float64)
    rim = _rim(seen.shape[0], seen.shape[1])
    ground = _corrected(seen, _smooth_ground(seen, rim))
    distance = _distance(seen, ground)
    alike = distance < ALIKE
    noise = float(np.percentile(distance[alike], 70)) if alike.any() else ALIKE
    opacity = _opacity(distance, alike, max(FAINTEST, 2 * noise))
    colours = _own_colours(seen, opacity)
    return Matte(opacity, colours, distance, float(alike[rim].mean()), noise)


def _smooth_ground(seen: Floats, rim: Mask) -> Floats:
    """Fit a quadratic surface to each colour of the rim, leaving out what is far from it."""
    height, width = rim.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    ground = np.broadcast_to(np.median(seen[rim], axis=0), seen.shape)
    for limit in TRIMMING:
        counted = rim & (_distance(seen, ground) < limit)
        if counted.sum() <= 3 * terms.shape[-1]:
            break
        weights, *_ = np.linalg.lstsq(terms[counted], seen[counted], rcond=None)
        ground = terms @ weights
    return ground


def _corrected(seen: Floats, ground: Floats) -> Floats:
    """Move the ground to what looks like it nearby; far from that it stays."""
    for _ in range(2):
        alike = (_distance(seen, ground) < ALIKE).astype(np.float64)
        weight = ndimage.gaussian_filter(alike, REACH)
        error = (seen - ground) * alike[..., None]
        nearby = ndimage.gaussian_filter(error, (REACH, REACH, 0)) / (weight[..., None] + 1e-3)
        ground = ground + nearby * np.minimum(1, 4 * weight)[..., None]
    return ground


def _opacity(distance: Floats, alike: Mask, begins: float) -> Floats:
    """Tell opacity by the distance from the ground, at edges by that of the object beside too."""
    edge = ndimage.binary_dilation(alike, np.ones((3, 3)))
    full = np.full_like(distance, begins + FADE)
    full[edge] = np.maximum(full, MIXED * ndimage.maximum_filter(distance, 3))[edge]
    return np.asarray(((distance - begins) / (full - begins)).clip(0, 1))


def _own_colours(seen: Floats, opacity: Floats) -> Floats:
    """Give half opaque pixels the colour of opaque ones beside them: theirs is half the ground's.

    Else a thing before a white wall would have a white edge before every other ground.
    """
    weight = opacity[..., None] ** 4
    blurred = ndimage.gaussian_filter(seen * weight, (EDGE, EDGE, 0))
    beside = blurred / (ndimage.gaussian_filter(weight, (EDGE, EDGE, 0)) + 1e-6)
    own = np.maximum(0, 2 * opacity - 1)[..., None]
    return np.asarray(own * seen + (1 - own) * beside)


def _distance(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.linalg.norm(first - second, axis=-1))


def _rim(height: int, width: int) -> Mask:
    rim = np.ones((height, width), dtype=np.bool_)
    rim[RIM:-RIM, RIM:-RIM] = False
    return rim
