"""Drawn bicycles, motorcycles and buses, for where neither network nor archive is there.

    class, split, number, seed ──▶ a random generator of its own
        ──▶ scenes.background ──▶ vehicles (through a pen, in a random pose) ──▶ scenes.occlude
        ──▶ scenes.photograph ──▶ 32 x 32 RGB

They let the whole workflow run anywhere. They are not photographs: a figure on them says that
the machinery works, and nothing about bicycles in the street. Every summary says so.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scones.etl.drawings.pen import Pen, Pose
from scones.etl.drawings.scenes import DRAWN_SIDE, background, occlude, photograph
from scones.etl.drawings.vehicles import DRAWN
from scones.etl.source import Kind, LabelledImage, check_classes

DRAWINGS_VERSION = 1  # raise when the same seed no longer gives the same pictures


@dataclass(frozen=True, slots=True)
class Drawings:
    """A source that draws its images.

    Attributes:
        train: Images per class to train on; CIFAR-100 has as many.
        test: Images per class to test on.
        seed: The same seed gives the same images.
    """

    train: int = 500
    test: int = 100
    seed: int = 0

    @property
    def kind(self) -> Kind:
        """Drawings, not photographs."""
        return "drawings"

    @property
    def name(self) -> str:
        """What the staged folder's name starts with."""
        return "drawings"

    @property
    def description(self) -> str:
        """Where the images come from, for a person."""
        return f"drawings made by this program (seed {self.seed})"

    def fingerprint(self) -> str:
        """Identify what would be drawn."""
        return f"drawings:v{DRAWINGS_VERSION}:{self.train}+{self.test}:seed={self.seed}"

    def class_names(self) -> tuple[str, ...]:
        """The classes that can be drawn."""
        return tuple(DRAWN)

    def images(self, classes: Sequence[str]) -> Iterator[LabelledImage]:
        """Draw all images of the given classes, class by class, train before test."""
        check_classes(classes, self.class_names(), self.description)
        for name in classes:
            for number in range(self.train):
                yield self._image(name, "train", number)
            for number in range(self.test):
                yield self._image(name, "test", number)

    def _image(self, name: str, split: str, number: int) -> LabelledImage:
        rng = np.random.default_rng([self.seed, zlib.crc32(f"{name}/{split}".encode()), number])
        serial = number if split == "train" else self.train + number
        file_name = f"{name}_d_{serial:06d}.png"
        return LabelledImage(
            file_name, name, "train" if split == "train" else "test", draw(name, rng)
        )


def draw(name: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one image of a class.

    Args:
        name: One of `Drawings().class_names()`.
        rng: Where all variation comes from.

    Returns:
        uint8 array of shape (32, 32, 3).
    """
    picture = background(rng)
    DRAWN[name](Pen(picture, _pose(rng)), rng)
    occlude(picture, rng)
    return photograph(picture, rng)


def _pose(rng: np.random.Generator) -> Pose:
    """Choose a place, size and direction; the vehicle may reach past the edge a little."""
    facing = rng.choice([-1.0, 1.0])
    return Pose(
        centre=(DRAWN_SIDE / 2 + rng.normal(0, 6), DRAWN_SIDE / 2 + rng.normal(2, 6)),
        scale=DRAWN_SIDE / 2 * rng.uniform(0.68, 1.06),
        tilt=rng.normal(0, 0.09),
        squeeze=float(facing * rng.uniform(0.66, 1.0)),
        slant=rng.normal(0, 0.12),
        middle=0.52,
    )
