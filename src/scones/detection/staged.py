"""Staged scenes: folders of pictures and annotations, and a document that says what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import DataError
from scones.etl.dataset import NOT_PHOTOGRAPHS, SPLITS
from scones.etl.source import Split

DOCUMENT = "detection.json"
FORMAT = 1  # raise when a staged folder's layout changes


@dataclass(frozen=True, slots=True)
class StagedScenes:
    """What was staged.

    Attributes:
        directory: Holds a folder of pictures and one of annotations per split, and the document.
        kind: What the pixels show: "photographs", "drawings" or "composed" scenes.
        source: Where they come from, for a person.
        fingerprint: Identifies everything that the content depends on.
        classes: Class names; a class_id is an index into them.
        pictures: How many, by split.
        objects: How many, by split and class name.
    """

    directory: Path
    kind: str
    source: str
    fingerprint: str
    classes: tuple[str, ...]
    pictures: Mapping[Split, int]
    objects: Mapping[Split, Mapping[str, int]]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.directory.name

    @property
    def document(self) -> Path:
        """The file that says what the scenes are."""
        return self.directory / DOCUMENT

    def images(self, split: Split) -> Path:
        """The folder of a split's pictures."""
        return self.directory / split

    def annotations(self, split: Split) -> Path:
        """The folder of a split's annotations."""
        return self.directory / f"{split}_annotation"

    @property
    def most_objects(self) -> int:
        """Of a picture to train or choose with."""
        files = (
            file
            for split in ("train", "validation")
            for file in (self.directory / f"{split}_annotation").glob("*.json")
        )
        return max((len(json.loads(file.read_bytes())["annotations"]) for file in files), default=0)

    def summary(self) -> str:
        """Say in one line what this is."""
        sizes = ", ".join(
            f"{self.pictures[split]} {split} ({sum(self.objects[split].values())} objects)"
            for split in SPLITS
        )
        line = f"{' and '.join(self.classes)}: {sizes} scenes from {self.source}"
        return f"{line} [{NOT_PHOTOGRAPHS}]" if self.kind == "drawings" else line

    def as_json(self) -> dict[str, Any]:
        """The document, without the folder that it lies in."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "source": self.source,
            "fingerprint": self.fingerprint,
            "classes": list(self.classes),
            "pictures": dict(self.pictures),
            "objects": {split: dict(self.objects[split]) for split in SPLITS},
        } | ({"note": NOT_PHOTOGRAPHS} if self.kind == "drawings" else {})


def read_staged(directory: Path) -> StagedScenes:
    """Read staged scenes, and make sure that all of them are there.

    Raises:
        DataError: There are none, or they are not whole.
    """
    document = directory / DOCUMENT
    try:
        content = json.loads(document.read_text())
        if content.pop("format") != FORMAT:
            raise ValueError("another format")
        content.pop("note", None)
        staged = StagedScenes(
            directory=directory, **(content | {"classes": tuple(content["classes"])})
        )
    except FileNotFoundError:
        raise DataError(
            f"no scenes are staged in {directory}: run `scones detector stage` first"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{document} cannot be read ({error!r}); stage the scenes anew") from error
    for split in SPLITS:
        for folder in (staged.images(split), staged.annotations(split)):
            found = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
            if found != staged.pictures[split]:
                raise DataError(
                    f"{folder} has {found} files where {DOCUMENT} counts "
                    f"{staged.pictures[split]}; stage the scenes anew"
                )
    return staged
