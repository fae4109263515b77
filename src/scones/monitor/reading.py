"""Reads capture files from S3 or from a folder, line by line, and loses none over a broken one.

A `CaptureStream` holds one line at a time, whatever its files hold together; `CaptureLog` is the
same read to its end and put in order, for when all of it fits in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError, UsageError
from scones.monitor.capture import BrokenLine, Capture, CaptureLog, parse_line
from scones.monitor.listing import keys_between, places_of, span_of

LINE_MAX_BYTES = 32 * 2**20  # a request of 6 MiB takes 8 MiB in base64; the answer as much
BROKEN_KEPT = 1_000
_CHUNK_BYTES = 1 << 20

type Files = Callable[[], Iterator[tuple[str, Iterable[bytes]]]]
"""Makes an iterator over files: the name of each, and its bytes in pieces."""


class CaptureStream:
    """Captured inferences, read while one iterates; each iteration reads anew.

    What `scones explain` has asked is left out: its pictures are covered in part.

    Attributes:
        source: S3 URI or folder.
        files: How many files have been read.
        broken_count: How many lines were passed over.
        broken: The first of them, at most BROKEN_KEPT.
    """

    def __init__(self, source: str, files: Files, since: datetime, until: datetime) -> None:
        self.source = source
        self._open = files
        self._since = since
        self._until = until
        self.files = 0
        self.broken_count = 0
        self.broken: list[BrokenLine] = []

    def __iter__(self) -> Iterator[Capture]:
        """Yield the captures in the order of their files.

        Raises:
            DataError: S3 refused or does not answer, or a file cannot be read.
        """
        self.files, self.broken_count = 0, 0
        self.broken.clear()
        return self.new()

    def new(self) -> Iterator[Capture]:
        """Yield the captures of the files that are there to be opened, and go on counting.

        Of a stream that opens each file once (`scones.monitor.arrivals`) these are the new ones.

        Raises:
            DataError: S3 refused or does not answer, or a file cannot be read.
        """
        try:
            for name, chunks in self._open():
                self.files += 1
                yield from self._captures(name, chunks)
        except (ClientError, BotoCoreError, OSError) as error:
            raise DataError(f"cannot read captures from {self.source}: {error}") from error

    def _captures(self, name: str, chunks: Iterable[bytes]) -> Iterator[Capture]:
        for number, line in enumerate(lines_of(chunks), start=1):
            where = f"{name}:{number}"
            if line is None:
                self._pass_over(where, f"longer than {LINE_MAX_BYTES:,} bytes")
            elif line.strip():
                try:
                    capture = parse_line(line, where)
                except ValueError as error:
                    self._pass_over(where, str(error))
                    continue
                if self._since <= capture.time < self._until and not capture.is_probe:
                    yield capture

    def _pass_over(self, where: str, reason: str) -> None:
        self.broken_count += 1
        if len(self.broken) < BROKEN_KEPT:
            self.broken.append(BrokenLine(where, reason))

    def read(self) -> CaptureLog:
        """Read to the end; captures of one second stay in the order of their files."""
        captures = tuple(sorted(self, key=lambda capture: capture.time))
        return CaptureLog(self.source, self.files, captures, tuple(self.broken), self.broken_count)


def stream_captures(
    s3_client: Any,
    s3_uri: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CaptureStream:
    """Find what an endpoint captured.

    Args:
        s3_client: boto3 S3 client.
        s3_uri: `<DestinationS3Uri>/<endpoint>`, or any prefix above or below it. A destination
            that was given with a slash at its end makes a double one; both spellings are read.
        since: Leave out what was inferred before.
        until: Leave out what was inferred at that moment or later.

    Raises:
        UsageError: The URI is not one of S3, or `since` is not before `until`.
    """
    bucket, prefixes = places_of(s3_uri)
    begin, end = span_of(since, until)

    def files() -> Iterator[tuple[str, Iterable[bytes]]]:
        for key in keys_between(s3_client, bucket, prefixes, begin, end):
            body = s3_client.get_object(Bucket=bucket, Key=key)["Body"]
            yield key, body.iter_chunks(_CHUNK_BYTES)

    return CaptureStream(s3_uri, files, begin, end)


def stream_folder(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> CaptureStream:
    """Find the capture files (`*.jsonl`) in a folder and all folders below it.

    Raises:
        UsageError: It is not a folder, or `since` is not before `until`.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder; name one that holds capture files (.jsonl)")

    def files() -> Iterator[tuple[str, Iterable[bytes]]]:
        for file in sorted(path.rglob("*.jsonl")):
            with file.open("rb") as opened:
                yield str(file.relative_to(path)), iter(lambda: opened.read(_CHUNK_BYTES), b"")

    return CaptureStream(str(path), files, *span_of(since, until))


def read_captures(
    s3_client: Any,
    s3_uri: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CaptureLog:
    """Read what an endpoint captured into memory, in the order of time; see `stream_captures`.

    Raises:
        UsageError: The URI is not one of S3, or `since` is not before `until`.
        DataError: S3 refused, or does not answer.
    """
    return stream_captures(s3_client, s3_uri, since=since, until=until).read()


def read_folder(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> CaptureLog:
    """Read a folder's capture files into memory, in the order of time; see `stream_folder`.

    Raises:
        UsageError: It is not a folder, or `since` is not before `until`.
        DataError: A file cannot be read.
    """
    return stream_folder(path, since=since, until=until).read()


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
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
