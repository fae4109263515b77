"""The journal's folder.

One folder per bucket, and in it one file per object: a line of JSON, then the object's bytes::

    buckets/NAME/bucket.json
    buckets/NAME/HASH.NUMBER.object
    broken/                           what could not be read, for a person to look at
    tmp/                              what is being written

A key may be anything, so file names come from its hash; the key stands in the JSON. A file is
written elsewhere, then renamed into its place: each that can be seen is whole. It never takes the
name of its predecessor, which is removed afterwards: replacing a file by a rename makes ext4 write
it to the disk at once, which takes ten times as long as all the rest. So a process killed in
between leaves two files, and the higher number is right. Nothing is synced: what was written
survives the process, but maybe not a power failure.
"""

import contextlib
import hashlib
import itertools
import json
import logging
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LOG = logging.getLogger(__name__)
_BUCKET_FILE = "bucket.json"
_SUFFIX = ".object"
type Document = dict[str, Any]


class BrokenEntryError(ValueError):
    """What is on disk is not what the journal writes."""


@dataclass(frozen=True)
class Entry:
    """One object in the folder.

    Attributes:
        document: what was saved about it.
        path: its file.
        start: where in the file its bytes begin.
    """

    document: Document
    path: Path
    start: int

    @classmethod
    def read(cls, path: Path) -> "Entry":
        """Read all but the bytes.

        Raises:
            BrokenEntryError: the file is not whole.
        """
        try:
            with path.open("rb") as file:
                line = file.readline()
                found = file.seek(0, 2) - len(line)
        except OSError as error:
            raise BrokenEntryError(str(error)) from error
        document = _parsed(line)
        if not isinstance(document.get("key"), str):
            raise BrokenEntryError("it has no key")
        if found != document.get("size"):
            raise BrokenEntryError(f"it has {found} bytes, not {document.get('size')}")
        return cls(document, path, len(line))

    def open(self) -> IO[bytes]:
        """Open the file where the object's bytes begin."""
        file = self.path.open("rb")
        file.seek(self.start)
        return file


class JournalFiles:
    """Buckets and objects as files; calls for the same key must not overlap."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made if it is not there.

        Raises:
            OSError: it cannot be written.
        """
        self.folder = folder
        self._buckets = folder / "buckets"
        self._temporary = folder / "tmp"
        shutil.rmtree(self._temporary, ignore_errors=True)
        for path in (self._buckets, self._temporary):
            path.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(time.time_ns())
        self._paths: dict[tuple[str, str], Path] = {}

    def save_bucket(self, name: str, document: Document) -> None:
        """Save or replace what is known about a bucket."""
        (self._buckets / name).mkdir(exist_ok=True)
        line = json.dumps(document).encode("ascii")
        self._write(self._buckets / name / _BUCKET_FILE, (line,), len(line))

    def has_bucket(self, name: str) -> bool:
        """Tell whether a bucket has been saved."""
        return (self._buckets / name / _BUCKET_FILE).exists()

    def remove_bucket(self, name: str) -> None:
        """Remove a bucket with all that is in it."""
        # Out of the way in one step: a kill must not leave half of it.
        doomed = self._temporary / secrets.token_hex(8)
        with contextlib.suppress(FileNotFoundError):
            (self._buckets / name).rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def save(self, bucket: str, key: str, document: Document, content: Iterable[bytes]) -> None:
        """Save an object, in place of what was saved under its key.

        Args:
            bucket: its bucket, which has been saved.
            key: its key.
            document: what is known about it; `size` is the number of bytes.
            content: its bytes.

        Raises:
            OSError: not saved; what was there before is there still.
        """
        old = self._paths.get((bucket, key))
        name = f"{_digest(key)}.{next(self._numbers)}{_SUFFIX}"
        line = json.dumps({**document, "bucket": bucket, "key": key}).encode("ascii") + b"\n"
        size = len(line) + document["size"]
        new = self._write(self._buckets / bucket / name, itertools.chain((line,), content), size)
        self._paths[bucket, key] = new
        if old:
            old.unlink(missing_ok=True)

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        if path := self._paths.pop((bucket, key), None):
            path.unlink(missing_ok=True)

    def read(self, bucket: str, key: str) -> Entry | None:
        """Return what is saved under a key.

        Raises:
            BrokenEntryError: somebody has changed the file.
        """
        path = self._paths.get((bucket, key))
        return Entry.read(path) if path else None

    def buckets(self) -> Iterator[tuple[str, Document | None]]:
        """Yield each bucket's name and document, or None where that cannot be read."""
        for folder in sorted(self._buckets.iterdir()):
            path = folder / _BUCKET_FILE
            try:
                yield folder.name, _parsed(path.read_bytes())
            except (BrokenEntryError, OSError) as error:
                if folder.is_dir():
                    self.set_aside(error, path)
                    yield folder.name, None
                else:
                    self.set_aside(error, folder)

    def entries(self, bucket: str) -> Iterator[Entry]:
        """Yield a bucket's objects; what is broken is moved aside."""
        paths = sorted((self._buckets / bucket).glob(f"*{_SUFFIX}"), key=_place_and_number)
        # A process that is killed can leave two of one object: the later one is right.
        for path in reversed(paths):
            try:
                entry = Entry.read(path)
                key = entry.document["key"]
                if entry.document.get("bucket") != bucket or path.name.split(".")[0] != _digest(
                    key
                ):
                    raise BrokenEntryError("it does not belong to its key and bucket")
            except BrokenEntryError as error:
                self.set_aside(error, path)
                continue
            if (bucket, key) in self._paths:
                path.unlink()
            else:
                self._paths[bucket, key] = path
                yield entry

    def set_aside_entry(self, entry: Entry, error: Exception) -> None:
        """Move an entry that cannot be used out of the way."""
        self._paths.pop((entry.document["bucket"], entry.document["key"]), None)
        self.set_aside(error, entry.path)

    def set_aside(self, error: Exception, path: Path) -> None:
        """Move a file that cannot be used out of the way, and say so."""
        broken = self.folder / "broken" / f"{secrets.token_hex(4)}-{path.name}"
        LOG.error("S3 journal: %s cannot be read (%s); moved to %s", path, error, broken)
        broken.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.rename(broken)

    def _write(self, path: Path, content: Iterable[bytes], size: int) -> Path:
        new = self._temporary / secrets.token_hex(8)
        try:
            with new.open("xb") as file:
                written = sum(file.write(chunk) for chunk in content)
            if written != size:
                raise OSError(f"{written} of {size} bytes were there to be saved")
            return new.rename(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _place_and_number(path: Path) -> tuple[str, int]:
    digest, number = path.name.split(".")[:2]
    return digest, int(number) if number.isdecimal() else 0


def _parsed(line: bytes) -> Document:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise BrokenEntryError(str(error)) from error
    if not isinstance(document, dict):
        raise BrokenEntryError("it is not a JSON object")
    return document
