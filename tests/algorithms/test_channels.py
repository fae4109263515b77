"""The forms in which images and labels come: what is read from each, and what is refused."""

import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.container import Channel, Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.entries import Entry, read_entries
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.labels import LabelForm
from scones_algorithms.image_classification.train import read_images
from tests.algorithms.jobs import SMALL_JOB, write_channel, write_config
from tests.algorithms.pictures import encoded, picture

SINGLE, MULTI = LabelForm(3, multi_label=False), LabelForm(3, multi_label=True)
RECORDIO = "application/x-recordio"
MAGIC = b"\x0a\x23\xd7\xce"


def pack(label: float | list[float], content: bytes) -> bytes:
    return mx.recordio.pack(mx.recordio.IRHeader(0, label, 0, 0), content)


def write_records(path: Path, records: Iterable[bytes]) -> Path:
    """Write records as MXNet itself does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mx.recordio.MXRecordIO(str(path), "w")
    for record in records:
        file.write(record)
    file.close()
    return path


def channel(base: Path, mode: str = "File", content_type: str = RECORDIO, **more: str) -> Channel:
    return Channel("train", base / "train", content_type, mode, **more)


def fill_pipe(source: Path, pipe: Path) -> None:
    """Send a file through a named pipe, as SageMaker does."""
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()), daemon=True).start()


def shown(entries: list[Entry]) -> list[tuple[object, bytes]]:
    return [(entry.label, entry.read()) for entry in entries]


def test_a_recordio_file_gives_its_labels_and_contents(tmp_path: Path) -> None:
    contents = [b"one", MAGIC * 3, b"abc" + MAGIC + b"d", b"x" * 1001 + MAGIC]
    records = [pack(float(n % 3), content) for n, content in enumerate(contents)]
    write_records(tmp_path / "train" / "images.rec", records)
    found = read_entries(channel(tmp_path), None, SINGLE)
    assert shown(found) == [(n % 3, content) for n, content in enumerate(contents)]
    assert str(found[2].path) == "images.rec record 2"


def test_a_pipe_gives_what_the_file_holds(tmp_path: Path) -> None:
    source = write_records(tmp_path / "a.rec", [pack(2.0, b"one"), pack(0.0, b"two")])
    fill_pipe(source, tmp_path / "train_0")
    found = read_entries(channel(tmp_path, "Pipe"), None, SINGLE)
    assert shown(found) == [(2, b"one"), (0, b"two")]


@pytest.mark.parametrize("content_type", [RECORDIO, "application/x-image", "image/png"])
def test_an_augmented_manifest_is_an_image_and_its_label_in_turn(
    tmp_path: Path, content_type: str
) -> None:
    source = write_records(tmp_path / "a.rec", [b"one", b"0", b"two", b'"2"'])
    fill_pipe(source, tmp_path / "train_0")
    wrapped = channel(tmp_path, "Pipe", content_type, record_wrapper="RecordIO")
    assert shown(read_entries(wrapped, None, SINGLE)) == [(0, b"one"), (2, b"two")]


@pytest.mark.parametrize(
    ("label_format", "labels"),
    [("", [b"[1, 0, 1]", b"[0,0,1]"]), ("; label-format=class-id", [b"[0, 2]", b"[2]"])],
    ids=["multi-hot", "class-id"],
)
def test_several_labels_come_as_zeros_and_ones_or_as_indices(
    tmp_path: Path, label_format: str, labels: list[bytes]
) -> None:
    source = write_records(tmp_path / "a.rec", [b"one", labels[0], b"two", labels[1]])
    fill_pipe(source, tmp_path / "train_0")
    wrapped = channel(tmp_path, "Pipe", RECORDIO + label_format, record_wrapper="RecordIO")
    assert [entry.label for entry in read_entries(wrapped, None, MULTI)] == [(1, 0, 1), (0, 0, 1)]


def test_several_labels_of_a_record_and_of_a_list_file(tmp_path: Path) -> None:
    write_records(tmp_path / "train" / "a.rec", [pack([1.0, 0.0, 1.0], b"one")])
    (tmp_path / "train" / "a.lst").write_text("7\t1\t0\t1\tsub/a.png\n")
    listing = Channel("train_lst", tmp_path / "train", "", "File")
    images = channel(tmp_path, content_type="image/png")
    assert [e.label for e in read_entries(channel(tmp_path), None, MULTI)] == [(1, 0, 1)]
    assert [e.label for e in read_entries(images, listing, MULTI)] == [(1, 0, 1)]


@pytest.mark.parametrize(
    ("records", "form", "words"),
    [
        ([pack(3.0, b"one")], SINGLE, "a.rec record 0: class index 3.0 is not from 0 to 2"),
        ([pack([1.0, 0.0], b"one")], SINGLE, "2 labels, not 1"),
        ([pack([1.0, 0.0], b"one")], MULTI, "2 labels, not num_classes=3"),
        ([pack([1.0, 0.0, 0.5], b"one")], MULTI, "label 0.5 is not 0 or 1"),
        ([b"short"], SINGLE, "a record of 5 bytes is no image: make it with im2rec"),
        ([b"\xff" * 40], SINGLE, "the record's header is broken"),
        ([], SINGLE, "channel train has no image"),
    ],
)
def test_a_wrong_record_is_named(
    tmp_path: Path, records: list[bytes], form: LabelForm, words: str
) -> None:
    write_records(tmp_path / "train" / "a.rec", records)
    with pytest.raises(CustomerError) as caught:
        read_entries(channel(tmp_path), None, form)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([b"one", b"cat"], "train line 1: label 'cat' is not a number"),
        ([b"one", b"\xff"], "AttributeNames must be the image, then the label"),
        ([b"one", b"1", b"two"], "the last image has no label"),
    ],
)
def test_a_wrong_line_of_a_manifest_is_named(
    tmp_path: Path, records: list[bytes], words: str
) -> None:
    fill_pipe(write_records(tmp_path / "a.rec", records), tmp_path / "train_0")
    wrapped = channel(tmp_path, "Pipe", record_wrapper="RecordIO")
    with pytest.raises(CustomerError) as caught:
        read_entries(wrapped, None, SINGLE)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no record at all", "it is not RecordIO"), (MAGIC + b"\x40\0\0\0abc", "it is cut off")],
)
def test_a_file_that_is_no_recordio_is_told_plainly(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.rec").write_bytes(content)
    with pytest.raises(CustomerError, match=words):
        read_entries(channel(tmp_path), None, SINGLE)


def test_a_folder_without_records_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(CustomerError, match=r"holds no \.rec file"):
        read_entries(channel(tmp_path), None, SINGLE)


def test_all_forms_of_the_same_images_give_the_same_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = [(n % 2, picture(n % 2, rng)) for n in range(6)]
    files = [encoded(image) for _, image in images]
    records = [pack(float(label), file) for (label, _), file in zip(images, files, strict=True)]
    pairs = [x for (label, _), f in zip(images, files, strict=True) for x in (f, b"%d" % label)]

    def read(name: str, mode: str, wrapper: str, **channels: str) -> tuple[np.ndarray, np.ndarray]:
        base = tmp_path / name
        write_config(base, SMALL_JOB, **channels)
        config = base / "input" / "config" / "inputdataconfig.json"
        described = json.loads(config.read_text())
        described["train"] |= {"TrainingInputMode": mode, "RecordWrapperType": wrapper}
        config.write_text(json.dumps(described))
        found, _ = read_images(read_job(Container(base)))
        return found.pixels, found.labels

    data = {n: tmp_path / n / "input" / "data" for n in ("list", "file", "pipe", "manifest")}
    write_channel(tmp_path / "list", "train", images)
    write_records(data["file"] / "train" / "a.rec", records)
    for name, content in (("pipe", records), ("manifest", pairs)):
        source = write_records(tmp_path / f"{name}.rec", content)
        data[name].mkdir(parents=True)
        fill_pipe(source, data[name] / "train_0")
    forms = [
        read("list", "File", "None", train="image/png", train_lst="image/png"),
        read("file", "File", "None", train=RECORDIO),
        read("pipe", "Pipe", "None", train=RECORDIO),
        read("manifest", "Pipe", "RecordIO", train=RECORDIO),
    ]
    for pixels, labels in forms[1:]:
        np.testing.assert_array_equal(pixels, forms[0][0])
        np.testing.assert_array_equal(labels, forms[0][1])
