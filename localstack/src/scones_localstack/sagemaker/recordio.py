"""MXNet's RecordIO: records with a header each, padded to four bytes.

    magic number, flag and length, content, padding

A record whose content holds the magic number where a header could begin is cut there: it lies in
the file in several parts, and the number itself is left out between them. Source: dmlc-core's
`recordio.h`, whose format AWS's documentation points to.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MAGIC_NUMBER = 0xCED7230A
_MAGIC = struct.pack("<I", _MAGIC_NUMBER)
_HEADER = struct.Struct("<II")
_LENGTH_BITS = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


class NotRecordIOError(Exception):
    """This is not a RecordIO file, or it is cut off."""


class FramedRecord(NamedTuple):
    """A record: its content, and how it lies in the file."""

    content: bytes
    framed: bytes


def read_records(file: BinaryIO) -> Iterator[FramedRecord]:
    """Yield the records of a file.

    Raises:
        NotRecordIOError: it is not such a file.
    """
    content, framed = b"", b""
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise NotRecordIOError("the RecordIO file is cut off")
        number, flag_and_length = _HEADER.unpack(header)
        if number != _MAGIC_NUMBER:
            raise NotRecordIOError("it is not a RecordIO file")
        flag, length = flag_and_length >> _LENGTH_BITS, flag_and_length & (1 << _LENGTH_BITS) - 1
        padded = file.read(length + -length % 4)
        if len(padded) < length + -length % 4:
            raise NotRecordIOError("the RecordIO file is cut off")
        framed += header + padded
        content += (b"" if flag in (_WHOLE, _FIRST) else _MAGIC) + padded[:length]
        if flag in (_WHOLE, _LAST):
            yield FramedRecord(content, framed)
            content, framed = b"", b""
    if framed:
        raise NotRecordIOError("the RecordIO file is cut off")


def framed(content: bytes) -> bytes:
    """Return a record as it lies in a file."""
    parts = _parts(content)
    if len(parts) == 1:
        return _part(_WHOLE, content)
    middle = b"".join(_part(_MIDDLE, part) for part in parts[1:-1])
    return _part(_FIRST, parts[0]) + middle + _part(_LAST, parts[-1])


def _parts(content: bytes) -> list[bytes]:
    """Cut where the magic number is at a multiple of four bytes."""
    parts, begin, position = [], 0, content.find(_MAGIC)
    while position >= 0:
        if position % 4 == 0:
            parts.append(content[begin:position])
            begin = position + len(_MAGIC)
            position = content.find(_MAGIC, begin)
        else:
            position = content.find(_MAGIC, position + 1)
    return [*parts, content[begin:]]


def _part(flag: int, content: bytes) -> bytes:
    header = _HEADER.pack(_MAGIC_NUMBER, flag << _LENGTH_BITS | len(content))
    return header + content + bytes(-len(content) % 4)
