"""Writes scenes in the layout that object detection trains on.

    scenes ──▶ <name>.partial/{train,validation,test}/*.jpg, {...}_annotation/*.json, detection.json
        ──▶ rename to <name>/

The folder under its final name is always whole. What is there and has the same fingerprint is used
again.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from scones.detection.scene import Scene
from scones.detection.staged import DOCUMENT, StagedScenes, read_staged
from scones.errors import DataError
from scones.etl.dataset import SPLITS
from scones.etl.exclusive import exclusively
from scones.etl.source import Split
from scones.progress import SILENT, Reporter

_REPORT_EVERY = 50  # scenes


class SceneSource(Protocol):
    """Where scenes come from."""

    @property
    def kind(self) -> str:
        """What the pixels show."""

    @property
    def name(self) -> str:
        """What the staged folder is called."""

    @property
    def description(self) -> str:
        """Where they come from, for a person."""

    def fingerprint(self) -> str:
        """Identify the content; it changes whenever any scene does."""

    def scenes(self, split: Split) -> Iterator[Scene]:
        """Yield the scenes of a split, in an order that does not change."""


def stage(
    source: SceneSource,
    classes: Sequence[str],
    directory: Path,
    *,
    reporter: Reporter = SILENT,
) -> StagedScenes:
    """Stage scenes, or use again what was staged from the same.

    Args:
        source: Where they come from.
        classes: Class names in the order of their class_ids; boxes of others are left out.
        directory: Folder that gets a sub-folder for them.
        reporter: Receives progress in scenes.

    Raises:
        DataError: The source is damaged, or there is no space left.
    """
    fingerprint = source.fingerprint()
    with exclusively(directory):
        final = directory / source.name
        if (final / DOCUMENT).exists() and (there := _reusable(final, fingerprint)):
            reporter.note(f"{final.name}: already staged")
            return there
        building = directory / f".{source.name}.partial"
        shutil.rmtree(building, ignore_errors=True)
        try:
            _build(building, source, tuple(classes), fingerprint, reporter)
            shutil.rmtree(final, ignore_errors=True)
            building.rename(final)
        except OSError as error:
            raise DataError(f"cannot write the scenes in {directory}: {error}") from error
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return read_staged(final)


def _reusable(final: Path, fingerprint: str) -> StagedScenes | None:
    try:
        there = read_staged(final)
    except DataError:
        return None
    return there if there.fingerprint == fingerprint else None


def _build(
    directory: Path,
    source: SceneSource,
    classes: tuple[str, ...],
    fingerprint: str,
    reporter: Reporter,
) -> None:
    """Write pictures, annotations and, last of all, the document."""
    pictures: dict[Split, int] = {}
    objects: dict[Split, Counter[str]] = {}
    for split in SPLITS:
        counts, done = Counter[str](), 0
        images, annotations = directory / split, directory / f"{split}_annotation"
        images.mkdir(parents=True)
        annotations.mkdir()
        for done, scene in enumerate(source.scenes(split), start=1):
            _write(scene, classes, images, annotations)
            counts.update(box.class_name for box in scene.boxes if box.class_name in classes)
            if done % _REPORT_EVERY == 0:
                reporter.progress(f"stage {split}", done, None, "scenes")
        pictures[split] = done
        objects[split] = Counter({name: counts[name] for name in classes})
    staged = StagedScenes(
        directory, source.kind, source.description, fingerprint, classes, pictures, objects
    )
    (directory / DOCUMENT).write_text(json.dumps(staged.as_json(), indent=2) + "\n")


def _write(scene: Scene, classes: tuple[str, ...], images: Path, annotations: Path) -> None:
    class_ids = {name: number for number, name in enumerate(classes)}
    (images / f"{scene.name}{scene.suffix}").write_bytes(scene.content)
    document = json.dumps(scene.annotation(class_ids))
    (annotations / f"{scene.name}.json").write_text(document)
