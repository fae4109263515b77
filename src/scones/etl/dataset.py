"""A staged dataset: folders of PNG files, list files, and a document that says what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from scones.errors import DataError
from scones.etl.source import Kind, Split

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
DOCUMENT = "dataset.json"
FORMAT = 1  # raise when a staged folder's layout changes

NOT_PHOTOGRAPHS = "drawings, not photographs: no figure on them is an accuracy on photographs"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list file.

    Attributes:
        index: Unique number within its list.
        label: Index of its class in the dataset's `classes`.
        path: Path relative to the channel.
    """

    index: int
    label: int
    path: str

    def line(self) -> str:
        """The entry as SageMaker's built-in algorithms read it."""
        return f"{self.index}\t{self.label}\t{self.path}\n"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was staged.

    Attributes:
        directory: The folder that holds `train/`, `validation/`, `test/`, their list files and
            `dataset.json`.
        kind: "photographs", "drawings", or "images" (a person's own).
        source: Where the images come from, for a person.
        source_fingerprint: Identifies the source's content, by its MD5 where that is a file.
        fingerprint: Identifies everything that the content here depends on.
        classes: Class names; a label is an index into them.
        counts: Images per split and class name.
        seed: Of the division into splits.
        validation_fraction: Share of the training images that was set aside for validation.
        created: When it was staged, ISO 8601 in UTC.
    """

    directory: Path
    kind: Kind
    source: str
    source_fingerprint: str
    fingerprint: str
    classes: tuple[str, ...]
    counts: Mapping[Split, Mapping[str, int]]
    seed: int
    validation_fraction: float
    created: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.directory.name

    @property
    def document(self) -> Path:
        """The file that says what the dataset is."""
        return self.directory / DOCUMENT

    def channel(self, split: Split) -> Path:
        """The folder of a split's images."""
        return self.directory / split

    def list_file(self, split: Split) -> Path:
        """The list of a split's images and labels."""
        return self.directory / f"{split}.lst"

    def size(self, split: Split) -> int:
        """How many images a split has."""
        return sum(self.counts[split].values())

    def entries(self, split: Split) -> list[Entry]:
        """Read a split's list.

        Raises:
            DataError: A line is not an entry.
        """
        return read_list(self.list_file(split))

    def summary(self) -> str:
        """Say in one line what this is; drawings are called drawings."""
        sizes = ", ".join(f"{self.size(split)} {split}" for split in SPLITS)
        line = f"{' and '.join(self.classes)}: {sizes} images from {self.source}"
        return f"{line} [{NOT_PHOTOGRAPHS}]" if self.kind == "drawings" else line

    def as_json(self) -> dict[str, Any]:
        """The document, without the folder that it lies in."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "source": self.source,
            "source_fingerprint": self.source_fingerprint,
            "fingerprint": self.fingerprint,
            "classes": list(self.classes),
            "counts": {split: dict(self.counts[split]) for split in SPLITS},
            "seed": self.seed,
            "validation_fraction": self.validation_fraction,
            "created": self.created,
        } | ({"note": NOT_PHOTOGRAPHS} if self.kind == "drawings" else {})


def read_dataset(directory: Path) -> Dataset:
    """Read a staged dataset, and make sure that all of it is there.

    Raises:
        DataError: There is none, or it is not whole.
    """
    document = directory / DOCUMENT
    try:
        content = json.loads(document.read_text())
        dataset = _from_json(directory, content)
    except FileNotFoundError:
        raise DataError(f"no dataset is staged in {directory}; stage one first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{document} cannot be read ({error!r}); stage the dataset anew") from error
    for split in SPLITS:
        _check_channel(dataset, split)
    return dataset


def _from_json(directory: Path, content: dict[str, Any]) -> Dataset:
    if content["format"] != FORMAT or content["kind"] not in get_args(Kind.__value__):
        raise ValueError(f"format {content['format']!r}, kind {content['kind']!r}")
    counts = {split: MappingProxyType(dict(content["counts"][split])) for split in SPLITS}
    return Dataset(
        directory=directory,
        kind=content["kind"],
        source=content["source"],
        source_fingerprint=content["source_fingerprint"],
        fingerprint=content["fingerprint"],
        classes=tuple(content["classes"]),
        counts=MappingProxyType(counts),
        seed=content["seed"],
        validation_fraction=content["validation_fraction"],
        created=content["created"],
    )


def _check_channel(dataset: Dataset, split: Split) -> None:
    """Make sure that a split's list and folder name the same files."""
    listed = {entry.path for entry in dataset.entries(split)}
    folder = dataset.channel(split)
    found = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if listed != found or len(listed) != dataset.size(split):
        raise DataError(
            f"{folder} has {len(found)} files where its list names {len(listed)} and "
            f"{DOCUMENT} counts {dataset.size(split)}; stage the dataset anew"
        )


def read_list(file: Path) -> list[Entry]:
    """Read a list file: tab-separated index, label and path.

    Raises:
        DataError: The file is not there, or a line is not an entry.
    """
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}); stage the dataset anew") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if len(fields) != 3 or not fields[0].isdigit() or not fields[1].isdigit():
            raise DataError(f"{file}:{number}: {line!r} is not 'index<TAB>label<TAB>path'")
        entries.append(Entry(int(fields[0]), int(fields[1]), fields[2]))
    return entries
