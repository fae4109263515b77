"""A source of composed scenes, made of a source of labelled images or of drawings."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scones.detection.composer import COMPOSER_VERSION, Composer
from scones.detection.cutouts import Cutouts, cut_out_all, drawn
from scones.detection.scene import Scene
from scones.errors import UsageError
from scones.etl.drawings import Drawings
from scones.etl.source import Source, Split
from scones.etl.split import assign

VALIDATION_FRACTION = 0.15  # of the images that objects are cut from


@dataclass(frozen=True)
class ComposedScenes:
    """Scenes with cut-out objects and exact boxes.

    Attributes:
        source: What the objects are cut from; drawings are drawn without a background.
        classes: Those that get boxes.
        others: Those that stand around without one; what the source lacks is left out.
        counts: Scenes by split.
        side: A scene's sides are from this to twice this many pixels.
        seed: The same seed gives the same scenes.
    """

    source: Source
    classes: Sequence[str]
    others: Sequence[str]
    counts: Mapping[Split, int]
    side: int
    seed: int

    @property
    def kind(self) -> str:
        """What the pixels show."""
        return "drawings" if self._drawn else "composed"

    @property
    def name(self) -> str:
        """What the staged folder is called."""
        return f"composed-{self.source.name}"

    @property
    def description(self) -> str:
        """Where the scenes come from, for a person."""
        return f"this program's composer (seed {self.seed}), objects of {self.source.description}"

    def fingerprint(self) -> str:
        """Identify what would be composed."""
        parts = [COMPOSER_VERSION, self.source.fingerprint(), list(self.classes)]
        parts += [self._others, dict(self.counts), self.side, self.seed]
        return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def scenes(self, split: Split) -> Iterator[Scene]:
        """Compose the scenes of a split."""
        return self._composer.scenes(split, self.counts[split])

    @property
    def _drawn(self) -> bool:
        return isinstance(self.source, Drawings)

    @cached_property
    def _others(self) -> list[str]:
        there = self.source.class_names()
        return [name for name in self.others if name in there and name not in self.classes]

    @cached_property
    def _composer(self) -> Composer:
        there = self.source.class_names()
        if missing := [name for name in self.classes if name not in there]:
            raise UsageError(
                f"no class {missing[0]!r} in {self.source.description}: set [detector] classes"
            )
        return Composer(self._cutouts(), self.classes, self._others, self.side, self.seed)

    def _cutouts(self) -> Cutouts:
        names = [*self.classes, *self._others]
        if self._drawn:
            return drawn(names, self.seed)
        images = list(self.source.images(names))
        return cut_out_all(
            images, assign(images, names, validation_fraction=VALIDATION_FRACTION, seed=self.seed)
        )
