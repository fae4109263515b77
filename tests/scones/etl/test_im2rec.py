"""Staged images as RecordIO."""

import struct
from pathlib import Path

import numpy as np

from scones.etl.dataset import read_dataset
from scones.etl.drawings import Drawings
from scones.etl.im2rec import pack_dataset, record
from scones.etl.staging import stage

MAGIC = bytes.fromhex("0a23d7ce")


def test_records_are_framed_as_mxnet_frames_them() -> None:
    assert record(1, 7, b"abcde") == (
        MAGIC + struct.pack("<I", 29) + struct.pack("<IfQQ", 0, 1.0, 7, 0) + b"abcde\0\0\0"
    )


def test_a_record_is_cut_where_it_could_be_mistaken_for_two() -> None:
    header = struct.pack("<IfQQ", 0, 0.0, 0, 0)
    flags = [flag << 29 for flag in (1, 2, 3)]
    assert record(0, 0, b"abcd" + MAGIC + MAGIC + b"x" + MAGIC) == (
        MAGIC + struct.pack("<I", flags[0] | 28) + header + b"abcd"
        + MAGIC + struct.pack("<I", flags[1] | 0)
        + MAGIC + struct.pack("<I", flags[2] | 5) + b"x" + MAGIC + b"\0\0\0"
    )  # fmt: skip


def test_each_channel_becomes_one_file_with_an_index(tmp_path: Path) -> None:
    dataset = stage(Drawings(), ("bicycle", "bus"), tmp_path, validation_fraction=0.02)
    files = pack_dataset(dataset)
    assert [path.name for path in files.values()] == ["train.rec", "validation.rec"]
    entries = dataset.entries("validation")
    content = files["validation"].read_bytes()
    lines = files["validation"].with_suffix(".idx").read_text().splitlines()
    offsets = [int(line.split("\t")[1]) for line in lines]
    assert len(offsets) == len(entries) == 20
    for entry, offset in zip(entries, offsets, strict=True):
        label = struct.unpack_from("<f", content, offset + 12)[0]
        length = struct.unpack_from("<I", content, offset + 4)[0] & (1 << 29) - 1
        image = (dataset.channel("validation") / entry.path).read_bytes()
        assert content[offset + 32 : offset + 8 + length] == image
        assert label == entry.label
    assert np.all(np.diff(offsets) > 0)
    assert read_dataset(dataset.directory).size("train") == dataset.size("train")
