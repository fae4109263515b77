"""Capture files on disk, then in S3.

    invocation ─▶ append to the open file ─▶ seal (age or size) ─▶ upload ─▶ remove

A line is appended, unbuffered, before its invocation is answered: a killed service loses nothing,
and what it has left is uploaded by the next one. Nothing is synced to the disk line by line, so a
power failure may lose the last moments. A file's name holds its S3 key, so an upload that was cut
off is repeated under the same key. One folder holds the captures of one variant of one endpoint,
with a file that says where in S3 they belong.
"""

import asyncio
import contextlib
import json
import logging
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.objects import Objects, S3Uri, StorageError

_TICK_SECONDS = 0.25
_AWAY_SECONDS = 2.0
_MAX_FILE_BYTES = 16 * 1024 * 1024
_DESTINATION = "destination.json"
_SUFFIX = ".jsonl"
_CONTENT_TYPE = "application/jsonlines"
_log = logging.getLogger(__name__)


@dataclass
class _OpenFile:
    """The file that a variant's captures are appended to at the moment."""

    path: Path
    descriptor: int
    born: float
    size: int = 0


class CaptureSpool:
    """All capture files of this service that are not in S3 yet."""

    def __init__(self, folder: Path, aws: Aws, flush_seconds: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._aws = aws
        self._flush_seconds = flush_seconds
        self._open: dict[Path, _OpenFile] = {}
        # What an earlier service has left is sealed by its end.
        self._sealed = sorted(folder.glob(f"*/*{_SUFFIX}"))
        for entry in folder.iterdir():
            _tidy(entry)
        self._uploading = asyncio.Lock()
        self._away = False

    def register(self, name: str, region: str, destination: S3Uri) -> Path:
        """Return the folder for a variant's captures.

        Args:
            name: unique to the variant and to the endpoint's creation.
            region: of the endpoint.
            destination: the prefix in S3; dates go below it.
        """
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        document = {"region": region, "bucket": destination.bucket, "prefix": destination.key}
        (folder / _DESTINATION).write_text(json.dumps(document), encoding="utf-8")
        return folder

    def append(self, folder: Path, line: bytes, moment: float) -> None:
        """Append a line; if the disk refuses, the capture is lost and the log says so.

        Args:
            folder: as `register` gave it.
            line: with its line feed.
            moment: of the invocation, in seconds since the epoch.
        """
        try:
            file = self._open.get(folder) or self._create(folder, moment)
            written = os.write(file.descriptor, line)
            if written < len(line):
                os.ftruncate(file.descriptor, file.size)
                raise OSError(f"only {written} of {len(line)} bytes were written")
            file.size += written
        except OSError as error:
            _log.error("a capture of %s is lost: %s", folder.name, error)
            return
        if file.size >= _MAX_FILE_BYTES:
            self._seal(folder)

    async def run(self) -> None:
        """Seal and upload until cancelled."""
        while True:
            await asyncio.sleep(_AWAY_SECONDS if self._away else _TICK_SECONDS)
            try:
                self._seal_aged()
                await self._upload()
            except Exception:
                _log.exception("uploading captures; the next attempt follows")

    async def flush(self, folder: Path | None = None) -> None:
        """Seal and upload what there is now, of one variant or of all."""
        for name in [folder] if folder else list(self._open):
            self._seal(name)
        await self._upload()

    async def retire(self, folder: Path, timeout_seconds: float) -> None:
        """Flush a variant's captures for good; what S3 does not take now goes later."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.flush(folder)), timeout_seconds)
        _tidy(folder)

    def _seal_aged(self) -> None:
        oldest = datetime.now(UTC).timestamp() - self._flush_seconds
        for folder, file in list(self._open.items()):
            if file.born <= oldest:
                self._seal(folder)

    def _create(self, folder: Path, moment: float) -> _OpenFile:
        time = datetime.fromtimestamp(moment, UTC)
        name = f"{time:%Y-%m-%d-%H-%M-%S}-{time.microsecond // 1000:03d}-{uuid.uuid4()}{_SUFFIX}"
        path = folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._open[folder] = file = _OpenFile(path, descriptor, moment)
        return file

    def _seal(self, folder: Path) -> None:
        file = self._open.pop(folder, None)
        if file is not None:
            os.close(file.descriptor)
            self._sealed.append(file.path)

    async def _upload(self) -> None:
        """Upload sealed files, the oldest first; stop where S3 refuses, and try again later."""
        async with self._uploading:
            refused: set[Path] = set()
            for path in list(self._sealed):
                if path.parent in refused:
                    continue
                try:
                    await asyncio.to_thread(self._upload_file, path)
                except (StorageError, OSError, ValueError, KeyError) as error:
                    refused.add(path.parent)
                    if not self._away:
                        _log.warning("captures are kept in %s: %s", path.parent, error)
                else:
                    self._sealed.remove(path)
            self._away = bool(refused)

    def _upload_file(self, path: Path) -> None:
        """Upload one file and remove it; blocks."""
        if not path.exists():
            return
        target = json.loads((path.parent / _DESTINATION).read_text(encoding="utf-8"))
        prefix = S3Uri(target["bucket"], target["prefix"])
        content = path.read_bytes()
        if content:
            uri = prefix.below(key_of(path.name))
            Objects(self._aws, target["region"]).put(content, uri, _CONTENT_TYPE)
        path.unlink()


def key_of(name: str) -> str:
    """Return the key, below the variant's prefix, of a file in the spool.

    `2024-10-16-09-37-02-123-<uuid>.jsonl` becomes `2024/10/16/09/37-02-123-<uuid>.jsonl`.
    """
    year, month, day, hour, rest = name.split("-", 4)
    return f"{year}/{month}/{day}/{hour}/{rest}"


def _tidy(folder: Path) -> None:
    """Remove a variant's folder if it holds no captures."""
    if folder.is_dir() and not list(folder.glob(f"*{_SUFFIX}")):
        (folder / _DESTINATION).unlink(missing_ok=True)
        folder.rmdir()
