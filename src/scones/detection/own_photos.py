"""A person's own annotated photos, divided into scenes to train on, choose with and test on."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from scones.detection.scene import Scene
from scones.errors import DataError
from scones.etl.source import Split

TEST_FRACTION = 1 / 6
VALIDATION_FRACTION = 0.1


@dataclass(frozen=True)
class OwnPhotos:
    """Photos with boxes, whatever format their annotations have.

    Attributes:
        description: Where they come from, for a person.
        read: Yields all of them, in an order that does not change.
        classes: Those that get boxes; a photo without any of them shows the background.
        seed: Of the division into splits.
    """

    description: str
    read: Callable[[], Iterator[Scene]]
    classes: Sequence[str]
    seed: int = 0
    name: str = "photos"
    kind: str = "photographs"

    def fingerprint(self) -> str:
        """Identify photos, boxes and division."""
        found = hashlib.sha256(repr((list(self.classes), self.seed)).encode())
        for scene in self._all:
            found.update(scene.content)
            found.update(repr([asdict(box) for box in scene.boxes]).encode())
        return f"sha256:{found.hexdigest()}"

    def scenes(self, split: Split) -> Iterator[Scene]:
        """Yield the photos of a split."""
        return (scene for scene, its in zip(self._all, self._splits, strict=True) if its == split)

    @cached_property
    def _all(self) -> list[Scene]:
        scenes = list(self.read())
        shown = {box.class_name for scene in scenes for box in scene.boxes}
        missing = [name for name in self.classes if name not in shown]
        if missing:
            raise DataError(
                f"{self.description} shows no {missing[0]}; it shows {', '.join(sorted(shown))}: "
                "set [detector] classes"
            )
        names = [scene.name for scene in scenes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"{self.description}: two pictures are named {twice[0]}; rename one")
        return scenes

    @cached_property
    def _splits(self) -> list[Split]:
        order = np.random.default_rng(self.seed).permutation(len(self._all))
        test = max(1, round(len(order) * TEST_FRACTION))
        validation = max(1, round(len(order) * VALIDATION_FRACTION))
        if len(order) < test + validation + 1:
            raise DataError(f"{self.description}: {len(order)} pictures are too few; give more")
        splits: list[Split] = ["train"] * len(order)
        for rank, at in enumerate(order[: test + validation]):
            splits[at] = "test" if rank < test else "validation"
        return splits
