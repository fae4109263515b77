"""Reads CIFAR-100 from its own archive, a gzipped tar of pickles, without unpacking it."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from scones.errors import DataError
from scones.etl.pickles import as_text, read_pickle
from scones.etl.source import Kind, LabelledImage, check_classes

OFFICIAL_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"  # cifar-100-python.tar.gz
_FOLDER = "cifar-100-python"
_PARTS = ("train", "test", "meta")
_PART_MAX_BYTES = 512 * 2**20  # the official `train` has 148 MiB
_MAX_MEMBERS = 64  # the official archive has five
_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE


@dataclass(frozen=True)
class CifarArchive:
    """A source that reads an archive in CIFAR-100's format.

    Attributes:
        path: The `.tar.gz` file.

    Raises:
        DataError: The file is missing, or its first bytes are not such an archive's.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise DataError(f"there is no archive at {self.path}; name an existing file")
        with _opened(self.path) as archive:
            first = archive.next()
            if first is None or PurePosixPath(first.name).parts[:1] != (_FOLDER,):
                inside = first.name if first else "nothing"
                raise DataError(
                    f"{self.path} is not CIFAR-100's archive: it starts with {inside!r}, "
                    f"not {_FOLDER}/; name a cifar-100-python.tar.gz"
                )

    @property
    def kind(self) -> Kind:
        """Photographs, 32 pixels wide."""
        return "photographs"

    @property
    def name(self) -> str:
        """What the staged folder's name starts with."""
        return "cifar-100"

    @cached_property
    def md5(self) -> str:
        """The file's MD5, by which the official archive is known."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, _md5).hexdigest()

    @property
    def official(self) -> bool:
        """Whether this is the archive that the dataset's authors publish."""
        return self.md5 == OFFICIAL_MD5

    @property
    def description(self) -> str:
        """Where the images come from, for a person."""
        if self.official:
            return "CIFAR-100, the official archive"
        return f"{self.path.name}, an archive in CIFAR-100's format (not the official one)"

    def fingerprint(self) -> str:
        """Identify the content."""
        return f"md5:{self.md5}"

    def class_names(self) -> tuple[str, ...]:
        """The fine classes that have images, in the archive's order."""
        names, batches = self._content
        present = {int(label) for batch in batches.values() for label in np.unique(batch.labels)}
        return tuple(name for number, name in enumerate(names) if number in present)

    def images(self, classes: Sequence[str]) -> Iterator[LabelledImage]:
        """Yield the images of the given classes, train before test, in the archive's order."""
        check_classes(classes, self.class_names(), self.description)
        names, batches = self._content
        for split in ("train", "test"):
            batch = batches[split]
            for number, label in enumerate(batch.labels):
                if names[label] in classes:
                    pixels = batch.data[number].reshape(3, _SIDE, _SIDE).transpose(1, 2, 0)
                    yield LabelledImage(
                        batch.file_names[number],
                        names[label],
                        split,
                        np.ascontiguousarray(pixels),
                    )

    @cached_property
    def _content(self) -> tuple[tuple[str, ...], dict[str, "_Batch"]]:
        """Class names and the two batches, read once and checked."""
        parts = _read_parts(self.path)
        names = tuple(as_text(name) for name in _list(parts["meta"], "fine_label_names", "meta"))
        batches = {split: _Batch.checked(parts[split], split, names) for split in ("train", "test")}
        return names, batches


@dataclass(frozen=True, slots=True)
class _Batch:
    """The arrays of one pickle: row by row an image, its label and its file name."""

    data: NDArray[np.uint8]
    labels: list[int]
    file_names: list[str]

    @classmethod
    def checked(cls, part: dict[str, object], split: str, names: Sequence[str]) -> "_Batch":
        """Check that the arrays belong together."""
        data = part.get("data")
        if not isinstance(data, np.ndarray) or data.shape[1] != _PIXELS:
            raise DataError(f"{split}: 'data' is not an array of {_PIXELS} bytes a row")
        labels = _list(part, "fine_labels", split)
        files = _list(part, "filenames", split)
        if not len(data) == len(labels) == len(files):
            raise DataError(
                f"{split}: {len(data)} images, {len(labels)} labels and {len(files)} file names"
            )
        for label in labels:
            if not isinstance(label, int) or not 0 <= label < len(names):
                raise DataError(f"{split}: label {label!r} is none of the {len(names)} classes")
        return cls(data, cast("list[int]", labels), [as_text(file) for file in files])


def _read_parts(path: Path) -> dict[str, dict[str, object]]:
    """Read the three pickles in one pass over the compressed file."""
    parts: dict[str, dict[str, object]] = {}
    with _opened(path) as archive:
        for count, member in enumerate(archive):
            where = PurePosixPath(member.name)
            if count >= _MAX_MEMBERS or member.size > _PART_MAX_BYTES:
                raise DataError(f"{path}: {member.name!r} is more than CIFAR-100's archive holds")
            if where.parent == PurePosixPath(_FOLDER) and where.name in _PARTS and member.isreg():
                stream = cast("IO[bytes]", archive.extractfile(member))
                parts[where.name] = read_pickle(stream, f"{path}: {member.name}")
            if len(parts) == len(_PARTS):
                return parts
    missing = ", ".join(f"{_FOLDER}/{name}" for name in _PARTS if name not in parts)
    raise DataError(f"{path} lacks {missing}; name a complete cifar-100-python.tar.gz")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open the tar as a stream, and say in one way whatever is wrong with it."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            yield archive
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise DataError(
            f"{path} is damaged or not a .tar.gz file ({error}); get it anew"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _list(part: dict[str, object], key: str, where: str) -> list[Any]:
    """Take a list out of a pickle's dictionary."""
    value = part.get(key)
    if not isinstance(value, list):
        raise DataError(f"{where}: {key!r} is missing or not a list; is this CIFAR-100?")
    return value


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)
