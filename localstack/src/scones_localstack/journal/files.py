"""The journal's folder.

One folder per bucket, in it `bucket.json` and for each object a document and its content::

    buckets/NAME/bucket.json
    buckets/NAME/HASH.json            what is known about the object; names its content
    buckets/NAME/HASH-TOKEN.content   its bytes, never written to again
    broken/                           what could not be read, for a person to look at
    tmp/                              documents that are being written

A key may be anything, so file names come from its hash. Content is written first, under a name of
its own; the document is renamed into its place then. So each document that can be seen is whole,
and a process killed in between leaves the old object, and a content file that nobody names.
Nothing is synced: what was written survives the process, but maybe not a power failure.
"""

import contextlib
import hashlib
import json
import logging
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)
_BUCKET_FILE = "bucket.json"
type Document = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One object in the folder.

    Attributes:
        document: what was saved about it.
        content: the file with its bytes.
    """

    document: Document
    content: Path


class BrokenEntryError(ValueError):
    """What is on disk is not what the journal writes."""


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
        # Each document's current content, and which state of the object that is.
        self._contents: dict[Path, tuple[Path, int]] = {}

    def save_bucket(self, name: str, document: Document) -> None:
        """Save or replace what is known about a bucket."""
        (self._buckets / name).mkdir(exist_ok=True)
        self._replace(self._buckets / name / _BUCKET_FILE, document)

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
        for path in [path for path in list(self._contents) if path.parent.name == name]:
            self._contents.pop(path, None)

    def save(
        self, bucket: str, key: str, document: Document, content: Iterable[bytes], revision: int
    ) -> None:
        """Save an object, in place of what was saved under its key.

        Args:
            bucket: its bucket, which has been saved.
            key: its key.
            document: what is known about it; `size` is the number of bytes.
            content: its bytes; not read if they are on disk already.
            revision: changes whenever the bytes do.

        Raises:
            OSError: not saved; what was there before is there still.
        """
        path = self._path(bucket, key)
        old, old_revision = self._contents.get(path, (None, None))
        reused = old is not None and revision == old_revision
        file = old if old and reused else path.with_name(f"{path.stem}-{_token()}.content")
        try:
            if not reused:
                _write(file, content, document["size"])
            self._replace(path, {**document, "bucket": bucket, "key": key, "content": file.name})
        except BaseException:
            if not reused:
                file.unlink(missing_ok=True)
            raise
        self._contents[path] = (file, revision)
        if old and not reused:
            old.unlink(missing_ok=True)

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        path = self._path(bucket, key)
        if known := self._contents.pop(path, None):
            path.unlink(missing_ok=True)
            known[0].unlink(missing_ok=True)

    def read(self, bucket: str, key: str) -> Entry | None:
        """Return what is saved under a key."""
        path = self._path(bucket, key)
        return _entry(path) if path in self._contents else None

    def note(self, entry: Entry, revision: int) -> None:
        """Take an entry that has been read as the state of its object."""
        path = self._path(entry.document["bucket"], entry.document["key"])
        self._contents[path] = (entry.content, revision)

    def buckets(self) -> Iterator[tuple[str, Document | None]]:
        """Yield each bucket's name and document, or None where that cannot be read."""
        for folder in sorted(self._buckets.iterdir()):
            path = folder / _BUCKET_FILE
            try:
                yield folder.name, _document(path)
            except BrokenEntryError as error:
                if folder.is_dir():
                    self.set_aside(error, path)
                    yield folder.name, None
                else:
                    self.set_aside(error, folder)

    def entries(self, bucket: str) -> Iterator[Entry]:
        """Yield a bucket's objects; puts aside what is broken, removes content that nobody names.

        Each entry has to be noted, or put aside, before the next one is asked for.
        """
        folder = self._buckets / bucket
        for path in sorted(folder.glob("*.json")):
            if path.name == _BUCKET_FILE:
                continue
            try:
                entry = _entry(path)
                if self._path(bucket, entry.document["key"]) != path:
                    raise BrokenEntryError("it does not belong to its key and bucket")
            except (BrokenEntryError, KeyError) as error:
                self.set_aside(error, path, *folder.glob(f"{path.stem}-*.content"))
            else:
                yield entry
        named = {content for content, _ in self._contents.values()}
        for path in folder.glob("*.content"):
            if path not in named:
                path.unlink()

    def set_aside_entry(self, entry: Entry, error: Exception) -> None:
        """Move an entry that cannot be used out of the way."""
        path = self._path(entry.document["bucket"], entry.document["key"])
        self.set_aside(error, path, entry.content)

    def set_aside(self, error: Exception, *paths: Path) -> None:
        """Move files that cannot be used out of the way, and say so."""
        broken = self.folder / "broken" / _token()
        LOG.error("S3 journal: %s cannot be read (%s); moved to %s", paths[0], error, broken)
        broken.mkdir(parents=True)
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.rename(broken / path.name)

    def _path(self, bucket: str, key: str) -> Path:
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._buckets / bucket / f"{digest[:40]}.json"

    def _replace(self, path: Path, document: Document) -> None:
        new = self._temporary / _token()
        try:
            new.write_text(json.dumps(document), encoding="ascii")
            new.rename(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _token() -> str:
    return secrets.token_hex(6)


def _write(path: Path, content: Iterable[bytes], size: int) -> None:
    written = 0
    with path.open("xb") as file:
        for chunk in content:
            written += file.write(chunk)
    if written != size:
        raise OSError(f"{written} of {size} bytes were there to be saved")


def _document(path: Path) -> Document:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenEntryError(str(error)) from error
    if not isinstance(document, dict):
        raise BrokenEntryError("it is not a JSON object")
    return document


def _entry(path: Path) -> Entry:
    document = _document(path)
    name, size = str(document.get("content")), document.get("size")
    if not name.startswith(f"{path.stem}-") or "/" in name:
        raise BrokenEntryError(f"its content has the name {name!r}")
    content = path.with_name(name)
    try:
        found = content.stat().st_size
    except OSError as error:
        raise BrokenEntryError(str(error)) from error
    if found != size:
        raise BrokenEntryError(f"its content has {found} bytes, not {size}")
    return Entry(document, content)
