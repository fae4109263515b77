"""Scenes made of cut-out vehicles on backgrounds, with exact boxes.

    background ──▶ others, which have no box ──▶ objects, far ones first, some overlapping
        ──▶ light, noise, blur ──▶ JPEG

What is random in a scene depends on the seed, the split and the scene's number alone. Objects
of a split come from images of that split alone, so that a test scene shows none that was trained
on.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from scones.detection.cutouts import Cutout, Cutouts
from scones.detection.scene import Box, Scene
from scones.errors import DataError
from scones.etl.drawings.scenes import background
from scones.etl.source import Split

COMPOSER_VERSION = 2  # raise when the same seed no longer gives the same scenes
MOST_OBJECTS = 4
SIZES = (0.3, 0.85)  # larger side of an object, as a share of the scene's shorter side
MOST_COVERED = 0.35  # share of an object's box that each later one's may cover
MOST_OUTSIDE = 0.12  # of its width or height
TRIES = 12
TILT = 7.0  # degrees that an object leans at most
ASPECT = (0.66, 1.0)  # shorter side by longer side, as photographs have it
OPAQUE = 128
QUALITY = 88


@dataclass(frozen=True)
class Composer:
    """Makes the scenes of one dataset.

    Attributes:
        cutouts: By split and class.
        classes: Those that get boxes.
        others: Those that stand around without one.
        side: A scene's sides are from this to twice this many pixels.
        seed: The same seed gives the same scenes.
    """

    cutouts: Cutouts
    classes: Sequence[str]
    others: Sequence[str]
    side: int
    seed: int

    def __post_init__(self) -> None:
        for split in ("train", "validation", "test"):
            there = self.cutouts.get(split, {})
            for name in self.classes:
                if not there.get(name):
                    raise DataError(
                        f"no image of class {name!r} can be cut out for {split} scenes: its images "
                        "need an even background; use others, or --drawings"
                    )

    def scenes(self, split: Split, count: int) -> Iterator[Scene]:
        """Make the scenes of a split."""
        for number in range(count):
            yield self._scene(split, number)

    def _scene(self, split: Split, number: int) -> Scene:
        rng = np.random.default_rng([self.seed, zlib.crc32(split.encode()), number])
        longer = int(rng.integers(self.side, 2 * self.side + 1))
        shorter = max(self.side, round(longer * rng.uniform(*ASPECT)))
        width, height = (longer, shorter) if rng.random() < 0.6 else (shorter, longer)
        page = _ground(width, height, rng)
        there = self.cutouts[split]
        names = [name for name in self.others if there.get(name)]
        if names:
            for _ in range(int(rng.integers(0, 3))):
                name = names[int(rng.integers(len(names)))]
                self._paste(page, name, there[name], rng)
        boxes = self._objects(page, there, rng)
        content = _photograph(page, rng)
        return Scene(f"{split}-{number:05d}", content, ".jpg", width, height, boxes)

    def _objects(
        self, page: Image.Image, there: Mapping[str, Sequence[Cutout]], rng: np.random.Generator
    ) -> tuple[Box, ...]:
        """Put one to four objects on the page, none of which hides another one much."""
        placed: list[Box] = []
        for _ in range(int(rng.integers(1, MOST_OBJECTS + 1))):
            name = self.classes[int(rng.integers(len(self.classes)))]
            box = self._paste(page, name, there[name], rng, placed)
            if box is not None:
                placed.append(box)
        return tuple(placed)

    def _paste(
        self,
        page: Image.Image,
        name: str,
        cutouts: Sequence[Cutout],
        rng: np.random.Generator,
        before: Sequence[Box] = (),
    ) -> Box | None:
        """Paste one of the cut-outs; returns where it is, or None where there was no room."""
        vehicle = _posed(cutouts[int(rng.integers(len(cutouts)))], min(page.size), rng)
        for _ in range(TRIES):
            spare = [round(MOST_OUTSIDE * side) for side in vehicle.size]
            left, top = (
                int(rng.integers(-out, max(1 - out, whole - side + out + 1)))
                for out, whole, side in zip(spare, page.size, vehicle.size, strict=True)
            )
            alpha = Image.new("L", page.size)
            alpha.paste(vehicle.getchannel("A"), (left, top))
            shape = np.asarray(alpha) >= OPAQUE
            if not shape.any():
                continue
            box = _box(name, shape)
            if all(_covered(other, box) <= MOST_COVERED for other in before):
                page.paste(vehicle, (left, top), vehicle)
                return box
        return None


def _covered(under: Box, over: Box) -> float:
    """Tell which share of a box lies under a later one."""
    width = min(under.right, over.right) - max(under.left, over.left)
    height = min(under.bottom, over.bottom) - max(under.top, over.top)
    return max(0.0, width) * max(0.0, height) / (under.width * under.height)


def _posed(cutout: Cutout, scene_side: int, rng: np.random.Generator) -> Image.Image:
    """Choose size, direction, tilt, light and colour of a cut-out."""
    vehicle = Image.fromarray(cutout)
    scale = scene_side * float(np.exp(rng.uniform(*np.log(SIZES)))) / max(vehicle.size)
    stretch = rng.uniform(0.88, 1.12)
    size = (
        max(4, round(vehicle.width * scale * stretch)),
        max(4, round(vehicle.height * scale / stretch)),
    )
    vehicle = vehicle.resize(size, Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        vehicle = vehicle.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    vehicle = _tilted(vehicle, rng.uniform(-TILT, TILT))
    pixels = np.asarray(vehicle).astype(np.float64)
    tint = rng.uniform(0.75, 1.2) * rng.uniform(0.92, 1.08, 3)
    pixels[..., :3] = (pixels[..., :3] * tint + rng.uniform(-12, 12)).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def _tilted(vehicle: Image.Image, degrees: float) -> Image.Image:
    """Turn a cut-out; its transparent margin takes no colour from beyond it."""
    turned = vehicle.convert("RGBa").rotate(degrees, Image.Resampling.BILINEAR, expand=True)
    return turned.convert("RGBA")


def _ground(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """Draw a background of a scene's size."""
    page = background(rng).resize((width, height), Image.Resampling.BICUBIC)
    if rng.random() < 0.6:  # a texture: no wall and no street is one colour
        grain = int(rng.integers(3, 12))  # pixels
        coarse = rng.normal(128, rng.uniform(4, 18), (height // grain + 2, width // grain + 2, 3))
        texture = Image.fromarray(coarse.clip(0, 255).astype(np.uint8))
        rough = np.asarray(texture.resize((width, height), Image.Resampling.BICUBIC)) - 128.0
        page = Image.fromarray((np.asarray(page) + rough).clip(0, 255).astype(np.uint8))
    return page


def _photograph(page: Image.Image, rng: np.random.Generator) -> bytes:
    """Give a scene a camera's faults; returns a JPEG file's content."""
    if rng.random() < 0.4:
        page = page.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    pixels = np.asarray(page).astype(np.float64)
    middle = pixels.mean()
    pixels = (pixels - middle) * rng.uniform(0.75, 1.2) + middle + rng.uniform(-25, 25)
    pixels += rng.normal(0, rng.uniform(1, 10), pixels.shape)
    content = BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


def _box(name: str, shape: NDArray[np.bool_]) -> Box:
    rows, columns = np.nonzero(shape)
    left, top = int(columns.min()), int(rows.min())
    width, height = int(columns.max()) + 1 - left, int(rows.max()) + 1 - top
    return Box(name, left, top, width, height)
