"""Boxes of every form that a channel may have, and what is wrong with others."""

import json
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from mxnet import recordio

from scones_algorithms.container import Channel
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.dataset import read_scenes
from scones_algorithms.object_detection.entries import read_entries
from tests.algorithms.detector_jobs import document, picture
from tests.algorithms.pictures import encoded

SIZE = (80, 40)
BOXES = [(1, 8, 4, 40, 20), (0, 60, 10, 20, 30)]
AS_SHARES = [[1, 0.1, 0.1, 0.6, 0.6], [0, 0.75, 0.25, 1.0, 1.0]]
PNG = encoded(picture(np.random.default_rng(0), SIZE)[0])


def image_channels(tmp_path: Path, about: object, name: str = "a.png") -> tuple[Channel, Channel]:
    images, annotations = tmp_path / "train", tmp_path / "train_annotation"
    images.mkdir()
    annotations.mkdir()
    (images / name).write_bytes(PNG)
    (annotations / "a.json").write_text(json.dumps(about))
    return tuple(Channel(path.name, path, "image/png", "File") for path in (images, annotations))


def told(*channels: Channel | None, label_width: int = 350) -> str:
    with pytest.raises(CustomerError) as caught:
        read_entries(*channels, num_classes=2, label_width=label_width)
    return str(caught.value)


def record(label: list[float], content: bytes = PNG) -> bytes:
    return recordio.pack(recordio.IRHeader(0, label, 0, 0), content)


def test_boxes_of_an_annotation_become_shares(tmp_path: Path) -> None:
    channels = image_channels(tmp_path, document("a.png", SIZE, BOXES))
    (entry,) = read_entries(*channels, num_classes=2, label_width=350)
    assert entry.boxes == pytest.approx(np.array(AS_SHARES))
    assert (entry.size, entry.read()) == (SIZE, PNG)


@pytest.mark.parametrize("named", ["a.png", "some/folder/a.png", None, "other.jpg"])
def test_an_image_is_found_by_file_or_by_the_same_base_name(
    tmp_path: Path, named: str | None
) -> None:
    about = document("a.png", SIZE, BOXES) | {"file": named}
    (entry,) = read_entries(*image_channels(tmp_path, about), num_classes=2, label_width=350)
    assert entry.read() == PNG


def test_an_image_without_an_object_is_background(tmp_path: Path) -> None:
    images, annotations = image_channels(tmp_path, document("a.png", SIZE, BOXES))
    (annotations.directory / "b.json").write_text(json.dumps(document("a.png", SIZE, [])))
    entries = read_entries(images, annotations, num_classes=2, label_width=350)
    assert [len(entry.boxes) for entry in entries] == [2, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file": "../a.png"}, "file '../a.png' leaves its channel"),
        ({"image_size": []}, "image_size is not"),
        ({"annotations": {}}, "annotations is not a list"),
        ({"annotations": [{"class_id": 0}]}, "annotation 0: 'left' is missing"),
        ({"annotations": []}, "has no image with an object"),
    ],
)
def test_an_annotation_that_is_wrong_is_named(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    channels = image_channels(tmp_path, document("a.png", SIZE, BOXES) | change)
    assert words.replace("'left'", "left") in told(*channels)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((2, 0, 0, 8, 8), "class 2 is not from 0 to 1"),
        ((0, 70, 0, 20, 8), "a box leaves the image"),
        ((0, 10, 10, 0, 8), "a box has no width or no height"),
        ((0, float("nan"), 10, 5, 8), "a box has a coordinate that is no number"),
    ],
)
def test_a_box_that_is_wrong_is_named(tmp_path: Path, box: tuple[float, ...], words: str) -> None:
    channels = image_channels(tmp_path, document("a.png", SIZE, [box]))
    assert f"a.json: annotation 0: {words}" in told(*channels)


def test_a_label_width_that_is_too_small_says_what_is_needed(tmp_path: Path) -> None:
    channels = image_channels(tmp_path, document("a.png", SIZE, BOXES))
    assert "2 objects need label_width=12" in told(*channels, label_width=11)
    assert read_entries(*channels, num_classes=2, label_width=12)


def test_an_image_of_another_size_than_stated_is_named(tmp_path: Path) -> None:
    channels = image_channels(tmp_path, document("a.png", (81, 40), [(0, 1, 1, 9, 9)]))
    entries = read_entries(*channels, num_classes=2, label_width=350)
    with pytest.raises(CustomerError, match=r"image_size is \(81, 40\), but .* \(80, 40\)"):
        read_scenes(entries, 64)


def test_recordio_has_header_object_width_and_padding(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    padded = [4, 6, 640, 480, *AS_SHARES[0], 0, *AS_SHARES[1], 1, *[-1.0] * 6]
    writer = recordio.MXRecordIO(str(path), "w")
    writer.write(record([2, 5, *AS_SHARES[0], *AS_SHARES[1]]))
    writer.write(record(padded))
    writer.close()
    channel = Channel("train", tmp_path, "application/x-recordio", "File")
    for entry in read_entries(channel, None, num_classes=2, label_width=350):
        assert entry.boxes == pytest.approx(np.array(AS_SHARES))
    assert read_scenes([entry], 64).pixels.shape == (1, 64, 64, 3)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ([0.0], "its label has no header"),
        ([2, 4, 0, 0.1, 0.1, 0.2], "its label begins with 2, 4"),
        ([2, 5, 0, 0.1], "its label has 4 numbers: objects of 5 do not fit"),
        ([2, 5, 3, 0.1, 0.1, 0.2, 0.2], "class 3.0 is not from 0 to 1"),
    ],
)
def test_a_record_that_is_wrong_is_named(tmp_path: Path, label: list[float], words: str) -> None:
    writer = recordio.MXRecordIO(str(tmp_path / "train.rec"), "w")
    writer.write(record(label))
    writer.close()
    channel = Channel("train", tmp_path, "application/x-recordio", "File")
    assert f"train.rec record 0: {words}" in told(channel, None)


def test_an_augmented_manifest_comes_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "train_0"
    os.mkfifo(pipe)

    def framed(content: bytes) -> bytes:
        padding = bytes(-len(content) % 4)
        return struct.pack("<II", 0xCED7230A, len(content)) + content + padding

    about = json.dumps(document("", SIZE, BOXES)).encode()
    writer = threading.Thread(target=lambda: pipe.write_bytes(framed(PNG) + framed(about)))
    writer.start()
    channel = Channel("train", tmp_path / "train", "", "Pipe", record_wrapper="RecordIO")
    (entry,) = read_entries(channel, None, num_classes=2, label_width=350)
    writer.join()
    assert entry.boxes == pytest.approx(np.array(AS_SHARES))
    assert entry.read() == PNG
