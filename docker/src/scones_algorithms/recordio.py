"""MXNet's RecordIO, read from a file or a pipe: images with their labels, one after the other.

    magic number, flag and length, content, padding to four bytes

A record whose content holds the magic number where a header could begin lies in the file in
several parts, between which the number is left out. Source: dmlc-core's `recordio.h`. An image's
content begins with a header of MXNet's: flag, label, id, id2; a flag of n says that n labels
follow. Source: mxnet.apache.org/versions/1.9.1/api/python/docs/api/mxnet/recordio
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MAGIC_NUMBER = 0xCED7230A
MAGIC = struct.pack("<I", MAGIC_NUMBER)
HEADER = struct.Struct("<II")
LENGTH_BITS = 29
WHOLE, FIRST, MIDDLE, LAST = range(4)
IMAGE_HEADER = struct.Struct("<IfQQ")
MOST_LABELS = 100_000  # more than any image has; a header that claims more is broken


def read_records(file: BinaryIO) -> Iterator[bytes]:
    """Yield the contents of the records.

    Raises:
        ValueError: it is not RecordIO, or it is cut off.
    """
    parts: list[bytes] = []
    while header := file.read(HEADER.size):
        if len(header) < HEADER.size:
            raise ValueError("it is cut off")
        number, flag_and_length = HEADER.unpack(header)
        if number != MAGIC_NUMBER:
            raise ValueError("it is not RecordIO")
        flag, length = flag_and_length >> LENGTH_BITS, flag_and_length & (1 << LENGTH_BITS) - 1
        padded = file.read(length + -length % 4)
        if len(padded) < length + -length % 4:
            raise ValueError("it is cut off")
        parts.append(padded[:length])
        if flag in (WHOLE, LAST):
            yield MAGIC.join(parts)
            parts = []
    if parts:
        raise ValueError("it is cut off")


def unpack_image(record: bytes) -> tuple[list[float], bytes]:
    """Take a record apart into its labels and its image file.

    Raises:
        ValueError: it has no such header.
    """
    if len(record) < IMAGE_HEADER.size:
        raise ValueError(f"a record of {len(record)} bytes is no image: make it with im2rec")
    count, label, _, _ = IMAGE_HEADER.unpack_from(record)
    end = IMAGE_HEADER.size + 4 * count
    if count > MOST_LABELS or end > len(record):
        raise ValueError("the record's header is broken: make it with im2rec")
    if count == 0:
        return [label], record[end:]
    return list(struct.unpack_from(f"<{count}f", record, IMAGE_HEADER.size)), record[end:]
