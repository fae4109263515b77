"""An input object cut into records, and records gathered into what one request carries."""

import gzip
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from scones_localstack.sagemaker.recordio import NotRecordIOError, read_records

MEGABYTE = 1024 * 1024

_TFRECORD_HEADER = struct.Struct("<QI")
_TFRECORD_TAIL_BYTES = 4


class RecordError(Exception):
    """The object does not hold records of this kind, or one is too large."""


@dataclass(frozen=True)
class Record:
    """One unit of input.

    Attributes:
        content: the record alone.
        framed: as it lies in the object, with its line feed, or with header and padding.
    """

    content: bytes
    framed: bytes


def opened(path: Path, *, compressed: bool) -> BinaryIO:
    """Open an input object; gzip is undone on the way."""
    return cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb")


def split(file: BinaryIO, split_type: str) -> Iterator[Record]:
    """Yield an object's records.

    Args:
        file: the object, read as it is needed.
        split_type: AWS's SplitType: `None`, `Line`, `RecordIO` or `TFRecord`.

    Raises:
        RecordError: the object is not what the type says.
    """
    try:
        yield from _SPLITTERS[split_type](file)
    except (gzip.BadGzipFile, EOFError) as error:
        raise RecordError(f"it is not a gzip file: {error}") from error


def _whole(file: BinaryIO) -> Iterator[Record]:
    content = file.read()
    yield Record(content, content)


def _lines(file: BinaryIO) -> Iterator[Record]:
    for line in file:
        content = line.removesuffix(b"\n")
        # An empty line is no record; the model would answer it with an error.
        if content.strip(b"\r"):
            yield Record(content, content + b"\n")


def _recordio(file: BinaryIO) -> Iterator[Record]:
    try:
        for content, framed in read_records(file):
            yield Record(content, framed)
    except NotRecordIOError as error:
        raise RecordError(str(error)) from error


def _tfrecord(file: BinaryIO) -> Iterator[Record]:
    while header := file.read(_TFRECORD_HEADER.size):
        if len(header) < _TFRECORD_HEADER.size:
            raise RecordError("the TFRecord file is cut off")
        length, _ = _TFRECORD_HEADER.unpack(header)
        rest = file.read(length + _TFRECORD_TAIL_BYTES)
        if len(rest) < length + _TFRECORD_TAIL_BYTES:
            raise RecordError("the TFRecord file is cut off")
        yield Record(rest[:length], header + rest)


_SPLITTERS = {"None": _whole, "Line": _lines, "RecordIO": _recordio, "TFRecord": _tfrecord}


def gathered(records: Iterable[Record], *, many: bool, max_bytes: int) -> Iterator[list[Record]]:
    """Yield what goes into one request: one record, or as many as fit.

    Args:
        records: of one object.
        many: BatchStrategy is MultiRecord.
        max_bytes: of a request's body; 0 for no limit.

    Raises:
        RecordError: a record alone is larger than that.
    """
    batch: list[Record] = []
    size = 0
    for record in records:
        length = len(record.framed if many else record.content)
        if max_bytes and length > max_bytes:
            raise RecordError(
                f"a record of {length} bytes is larger than MaxPayloadInMB "
                f"({max_bytes // MEGABYTE} MB): split the data, or allow more"
            )
        if batch and (not many or (max_bytes and size + length > max_bytes)):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch
