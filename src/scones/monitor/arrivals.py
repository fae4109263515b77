"""Finds what has been captured since the last look: new files in S3, new lines in a folder.

A capture file in S3 is written once and whole, so a key that was read is not read again. A file on
disk may still grow: it is read on from where its last whole line ended.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scones.errors import UsageError
from scones.monitor.listing import keys_between, places_of, span_of
from scones.monitor.reading import CaptureStream

EVERYTHING_SECONDS = 60.0
"""How often all hours are listed; in between only the present one and the one before."""
_CHUNK_BYTES = 1 << 20


def arriving_captures(
    s3_client: Any, s3_uri: str, *, since: datetime | None = None, until: datetime | None = None
) -> CaptureStream:
    """Find what an endpoint captures; `CaptureStream.new` reads each file once.

    Args:
        s3_client: boto3 S3 client.
        s3_uri: As for `stream_captures`.
        since: Leave out what was inferred before.
        until: Leave out what was inferred at that moment or later.

    Raises:
        UsageError: The URI is not one of S3, or `since` is not before `until`.
    """
    bucket, prefixes = places_of(s3_uri)
    begin, end = span_of(since, until)
    seen: set[str] = set()
    everything_at = 0.0

    def files() -> Iterator[tuple[str, Iterable[bytes]]]:
        nonlocal everything_at
        first = begin
        if time.monotonic() >= everything_at:
            everything_at = time.monotonic() + EVERYTHING_SECONDS
        else:
            first = min(max(begin, datetime.now(UTC) - timedelta(hours=1)), end)
        for key in keys_between(s3_client, bucket, prefixes, first, end):
            if key not in seen:
                body = s3_client.get_object(Bucket=bucket, Key=key)["Body"]
                yield key, body.iter_chunks(_CHUNK_BYTES)
                seen.add(key)

    return CaptureStream(s3_uri, files, begin, end)


def arriving_in_folder(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> CaptureStream:
    """Find the capture files in a folder and below; `CaptureStream.new` reads each line once.

    A last line without a line feed is left until it has one, or has not grown between two looks.

    Raises:
        UsageError: It is not a folder, or `since` is not before `until`.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder; name one that holds capture files (.jsonl)")
    read: dict[Path, int] = {}
    sizes: dict[Path, int] = {}

    def files() -> Iterator[tuple[str, Iterable[bytes]]]:
        for file in sorted(path.rglob("*.jsonl")):
            start, size = read.get(file, 0), file.stat().st_size
            end = size if sizes.get(file) == size else _end_of_lines(file, start, size)
            sizes[file] = size
            if end > start:
                read[file] = end
                name = str(file.relative_to(path))
                yield name if start == 0 else f"{name}+{start}", _part(file, start, end)

    return CaptureStream(str(path), files, *span_of(since, until))


def _end_of_lines(file: Path, start: int, size: int) -> int:
    """Where the last whole line ends."""
    with file.open("rb") as opened:
        end = size
        while end > start:
            begin = max(start, end - _CHUNK_BYTES)
            opened.seek(begin)
            found = opened.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return start


def _part(file: Path, start: int, end: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(start)
        while start < end and (chunk := opened.read(min(_CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
