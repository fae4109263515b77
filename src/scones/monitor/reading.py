"""Reads capture files from S3 or from a folder, line by line, and loses none over a broken one.

<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-SS-mmm-<uuid>.jsonl
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError, UsageError
from scones.monitor.capture import BrokenLine, Capture, CaptureLog, parse_line

LINE_MAX_BYTES = 32 * 2**20  # a request of 6 MiB takes 8 MiB in base64; the answer as much
_CHUNK_BYTES = 1 << 20
_HOUR = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/(\d{2})/[^/]*$")
_SLACK = timedelta(hours=1)  # a file is named for one moment and holds what came around it


def read_captures(
    s3_client: Any,
    s3_uri: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CaptureLog:
    """Read what an endpoint captured.

    Args:
        s3_client: boto3 S3 client.
        s3_uri: `<DestinationS3Uri>/<endpoint>`, or any prefix above it. A destination that was
            given with a slash at its end makes a double one; both spellings are read then.
        since: Leave out what was inferred before.
        until: Leave out what was inferred at that moment or later.

    Returns:
        The captures in the order of their times, and the lines that could not be read.

    Raises:
        UsageError: The URI is not one of S3, or `since` is not before `until`.
        DataError: S3 refused, or does not answer.
    """
    bucket, prefixes = _places(s3_uri)
    since, until = _span(since, until)
    log = _Collector(s3_uri, since, until)
    try:
        for key in _keys(s3_client, bucket, prefixes):
            if _may_hold(key, since, until):
                body = s3_client.get_object(Bucket=bucket, Key=key)["Body"]
                log.add(key, body.iter_chunks(_CHUNK_BYTES))
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"cannot read captures from {s3_uri}: {error}") from error
    return log.finish()


def read_folder(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> CaptureLog:
    """Read the capture files (`*.jsonl`) in a folder and all folders below it.

    Raises:
        UsageError: It is not a folder, or `since` is not before `until`.
        DataError: A file cannot be read.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder; name one that holds capture files (.jsonl)")
    since, until = _span(since, until)
    log = _Collector(str(path), since, until)
    try:
        for file in sorted(path.rglob("*.jsonl")):
            with file.open("rb") as stream:
                chunks = iter(lambda: stream.read(_CHUNK_BYTES), b"")
                log.add(str(file.relative_to(path)), chunks)
    except OSError as error:
        raise DataError(f"cannot read captures from {path}: {error}") from error
    return log.finish()


class _Collector:
    """Gathers the captures of one log."""

    def __init__(self, source: str, since: datetime, until: datetime) -> None:
        self._source = source
        self._since = since
        self._until = until
        self._files = 0
        self._captures: list[Capture] = []
        self._broken: list[BrokenLine] = []

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Read one file."""
        self._files += 1
        for number, line in enumerate(_lines(chunks), start=1):
            where = f"{name}:{number}"
            if line is None:
                self._broken.append(BrokenLine(where, f"longer than {LINE_MAX_BYTES:,} bytes"))
            elif line.strip():
                self._add_line(line, where)

    def _add_line(self, line: bytes, where: str) -> None:
        try:
            capture = parse_line(line, where)
        except ValueError as error:
            self._broken.append(BrokenLine(where, str(error)))
            return
        if self._since <= capture.time < self._until:
            self._captures.append(capture)

    def finish(self) -> CaptureLog:
        """Put the captures in order; those of one second stay in the order of their files."""
        captures = tuple(sorted(self._captures, key=lambda capture: capture.time))
        return CaptureLog(self._source, self._files, captures, tuple(self._broken))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Cut a stream into lines; None stands for one that is too long to be kept."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for end in whole:
            yield _joined(parts, size, end)
            parts, size = [], 0
        size += len(rest)
        if size <= LINE_MAX_BYTES:
            parts.append(rest)
    if size:
        yield _joined(parts, size, b"")


def _joined(parts: list[bytes], size: int, end: bytes) -> bytes | None:
    return None if size + len(end) > LINE_MAX_BYTES else b"".join([*parts, end])


def _places(s3_uri: str) -> tuple[str, list[str]]:
    """Bucket and key prefixes of a URI, each ending in a slash so that names are not cut."""
    match = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", s3_uri, re.DOTALL)
    if match is None:
        raise UsageError(f"{s3_uri!r} is not an S3 URI; give s3://BUCKET/PREFIX/ENDPOINT")
    prefix = match[2] or ""
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    single = re.sub(r"/+", "/", prefix)
    return match[1], sorted({prefix, single})


def _keys(s3_client: Any, bucket: str, prefixes: Iterable[str]) -> list[str]:
    """All capture files under the prefixes, each once, in order."""
    pages = s3_client.get_paginator("list_objects_v2")
    return sorted(
        {
            found["Key"]
            for prefix in prefixes
            for page in pages.paginate(Bucket=bucket, Prefix=prefix)
            for found in page.get("Contents", ())
            if found["Key"].endswith(".jsonl")
        }
    )


def _may_hold(key: str, since: datetime, until: datetime) -> bool:
    """Whether a file may hold captures of a span, going by the hour in its key."""
    match = _HOUR.search(key)
    if match is None:
        return True
    try:
        year, month, day, hour = (int(part) for part in match.groups())
        begin = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return True
    return begin + timedelta(hours=1) > _earlier(since) and begin < _later(until)


def _earlier(time: datetime) -> datetime:
    return time - _SLACK if time - _BEGINNING > _SLACK else time


def _later(time: datetime) -> datetime:
    return time + _SLACK if _END - time > _SLACK else time


_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


def _span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """Both ends in UTC, far away where not given; a time without a zone is in UTC."""
    begin, end = (
        time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        for time in (since or _BEGINNING, until or _END)
    )
    if begin >= end:
        raise UsageError(f"since {begin} is not before until {end}")
    return begin, end
