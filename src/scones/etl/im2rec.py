"""Packs staged images into MXNet's RecordIO, as its tool im2rec does: one file for each channel.

    train/*.png, train.lst ──▶ train.rec (images with labels) and train.idx (where each begins)

A record: magic number, length, header (flag, label, id, id2), the PNG file as it is, padding to
four bytes. A record that holds the magic number where a header could begin is cut there, and the
number left out. Source: dmlc-core's `recordio.h`, mxnet.apache.org/api/faq/recordio
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from scones.etl.dataset import Dataset
from scones.etl.source import Split

PACKED: tuple[Split, ...] = ("train", "validation")
_MAGIC = struct.pack("<I", 0xCED7230A)
_HEADER = struct.Struct("<4sI")
_IMAGE = struct.Struct("<IfQQ")
_LENGTH_BITS = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


def pack_dataset(dataset: Dataset) -> dict[str, Path]:
    """Write `train.rec` and `validation.rec`, each with its index, into the dataset's folder.

    Args:
        dataset: What was staged. Its test images are not packed: they are no channel of training.

    Returns:
        The files by channel.
    """
    return {split: _pack(dataset, split) for split in PACKED}


def record(label: int, number: int, image: bytes) -> bytes:
    """Return an image and its label as they lie in a file.

    Args:
        label: Class index.
        number: Of the image, in its list.
        image: Content of a PNG or JPEG file.
    """
    content = _IMAGE.pack(0, label, number, 0) + image
    return b"".join(_framed(content))


def _pack(dataset: Dataset, split: Split) -> Path:
    final = dataset.directory / f"{split}.rec"
    part, index = final.with_suffix(".rec.part"), []
    try:
        with part.open("wb") as file:
            for entry in dataset.entries(split):
                index.append(f"{entry.index}\t{file.tell()}\n")
                image = (dataset.channel(split) / entry.path).read_bytes()
                file.write(record(entry.label, entry.index, image))
        final.with_suffix(".idx").write_text("".join(index))
        os.replace(part, final)
    finally:
        part.unlink(missing_ok=True)
    return final


def _framed(content: bytes) -> Iterator[bytes]:
    parts = _cut(content)
    for place, piece in enumerate(parts):
        if len(parts) == 1:
            flag = _WHOLE
        else:
            flag = _FIRST if place == 0 else _LAST if place == len(parts) - 1 else _MIDDLE
        yield _HEADER.pack(_MAGIC, flag << _LENGTH_BITS | len(piece))
        yield piece + bytes(-len(piece) % 4)


def _cut(content: bytes) -> list[bytes]:
    """Cut content at magic numbers that begin at a multiple of four bytes."""
    parts, start = [], 0
    place = content.find(_MAGIC)
    while place >= 0:
        if place % 4 == 0:
            parts.append(content[start:place])
            start = place + len(_MAGIC)
            place = content.find(_MAGIC, start)
        else:
            place = content.find(_MAGIC, place + 1)
    return [*parts, content[start:]]
