"""A staged dataset is whole, divided fairly, repeatable, and honest about what it is."""

import errno
import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.errors import DataError, UsageError
from scones.etl.cifar import CifarArchive
from scones.etl.dataset import Dataset, read_dataset
from scones.etl.drawings import Drawings
from scones.etl.exclusive import exclusively
from scones.etl.folder import ImageFolder
from scones.etl.staging import stage
from tests.scones.etl.samples import content, pickled, small_archive, write_archive

CLASSES = ("motorcycle", "bicycle")
SPLITS = ("train", "validation", "test")


@pytest.fixture
def archive(tmp_path: Path) -> CifarArchive:
    return CifarArchive(small_archive(tmp_path / "a.tar.gz", train=20, test=4))


class Notes:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None: ...


def contents(dataset: Dataset) -> dict[str, bytes]:
    files = (path for path in sorted(dataset.directory.rglob("*")) if path.is_file())
    return {str(file.relative_to(dataset.directory)): file.read_bytes() for file in files}


def test_the_folders_and_lists_are_what_training_reads(
    tmp_path: Path, archive: CifarArchive
) -> None:
    dataset = stage(archive, CLASSES, tmp_path / "data")
    assert dataset.directory == tmp_path / "data" / "cifar-100-motorcycle-bicycle"
    lines = (dataset.directory / "train.lst").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(n) for n in range(36)]
    for split in SPLITS:
        for entry in dataset.entries(split):
            with Image.open(dataset.channel(split) / entry.path) as image:
                assert (image.format, image.mode, image.size) == ("PNG", "RGB", (32, 32))
            assert entry.path.startswith(CLASSES[entry.label])


def test_pixels_survive_the_way_into_a_file(tmp_path: Path, archive: CifarArchive) -> None:
    dataset = stage(archive, CLASSES, tmp_path / "data")
    original = {image.file_name: image.pixels for image in archive.images(CLASSES)}
    entry = dataset.entries("test")[0]
    with Image.open(dataset.channel("test") / entry.path) as image:
        assert np.array_equal(np.asarray(image), original[entry.path])


def test_a_tenth_of_each_class_is_set_aside_for_validation(
    tmp_path: Path, archive: CifarArchive
) -> None:
    dataset = stage(archive, CLASSES, tmp_path / "data")
    assert dataset.counts["train"] == {"motorcycle": 18, "bicycle": 18}
    assert dataset.counts["validation"] == {"motorcycle": 2, "bicycle": 2}
    assert dataset.counts["test"] == {"motorcycle": 4, "bicycle": 4}
    for split in SPLITS:
        labels = Counter(entry.label for entry in dataset.entries(split))
        named = {CLASSES[label]: count for label, count in labels.items()}
        assert named == dataset.counts[split]


def test_no_image_is_in_two_splits_and_test_images_are_the_sources(
    tmp_path: Path, archive: CifarArchive
) -> None:
    dataset = stage(archive, CLASSES, tmp_path / "data", validation_fraction=0.3)
    pixels: dict[bytes, str] = {}
    for split in SPLITS:
        for entry in dataset.entries(split):
            with Image.open(dataset.channel(split) / entry.path) as image:
                assert pixels.setdefault(image.tobytes(), split) == split
    test = {i.pixels.tobytes() for i in archive.images(CLASSES) if i.split == "test"}
    assert {image for image, split in pixels.items() if split == "test"} == test


def test_another_seed_chooses_other_validation_images(
    tmp_path: Path, archive: CifarArchive
) -> None:
    chosen = [
        [e.path for e in stage(archive, CLASSES, tmp_path, seed=seed).entries("validation")]
        for seed in (0, 1, 0)
    ]
    assert chosen[0] != chosen[1]
    assert chosen[0] == chosen[2]


def test_the_same_inputs_give_the_same_bytes_and_are_reused(
    tmp_path: Path, archive: CifarArchive
) -> None:
    notes = Notes()
    first = stage(archive, CLASSES, tmp_path / "one")
    document = first.document.stat()
    again = stage(archive, CLASSES, tmp_path / "one", reporter=notes)
    assert again == first
    assert again.document.stat() == document
    assert notes.notes == ["cifar-100-motorcycle-bicycle: already staged"]
    other = contents(stage(archive, CLASSES, tmp_path / "two"))
    here = contents(first)
    assert {n: b for n, b in other.items() if n != "dataset.json"} == {
        n: b for n, b in here.items() if n != "dataset.json"
    }


def test_reuse_does_not_read_the_archives_images(tmp_path: Path, archive: CifarArchive) -> None:
    stage(archive, CLASSES, tmp_path / "data")
    fresh = CifarArchive(archive.path)
    stage(fresh, CLASSES, tmp_path / "data")
    assert "_content" not in vars(fresh)


def test_another_archive_under_the_same_name_is_staged_anew(tmp_path: Path) -> None:
    path = small_archive(tmp_path / "a.tar.gz", train=20)
    stage(CifarArchive(path), CLASSES, tmp_path / "data")
    small_archive(path, train=30)
    assert stage(CifarArchive(path), CLASSES, tmp_path / "data").size("train") == 54


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda d: next((d / "train").iterdir()).unlink(), id="an image is gone"),
        pytest.param(lambda d: (d / "test" / "more.png").touch(), id="an image too many"),
        pytest.param(lambda d: (d / "test.lst").unlink(), id="a list is gone"),
        pytest.param(lambda d: (d / "train.lst").write_text("1 0 a.png\n"), id="a list is wrong"),
        pytest.param(lambda d: (d / "dataset.json").unlink(), id="the document is gone"),
        pytest.param(lambda d: (d / "dataset.json").write_text("{"), id="the document is cut"),
        pytest.param(lambda d: (d / "dataset.json").write_text("[]"), id="the document is a list"),
        pytest.param(lambda d: shutil.rmtree(d / "test"), id="a folder is gone"),
    ],
)
def test_a_damaged_dataset_is_noticed_and_staged_anew(
    tmp_path: Path, archive: CifarArchive, damage: Any
) -> None:
    whole = stage(archive, CLASSES, tmp_path / "data")
    before = contents(whole)
    damage(whole.directory)
    with pytest.raises(DataError, match=r"stage (the dataset anew|one first)|index<TAB>"):
        read_dataset(whole.directory)
    after = contents(stage(archive, CLASSES, tmp_path / "data"))
    assert before.keys() == after.keys()
    assert before["train.lst"] == after["train.lst"]


def test_what_a_killed_run_left_behind_is_replaced(tmp_path: Path, archive: CifarArchive) -> None:
    left = tmp_path / "data" / ".cifar-100-motorcycle-bicycle.partial" / "train"
    left.mkdir(parents=True)
    (left / "half.png").write_bytes(b"\x89PNG")
    dataset = stage(archive, CLASSES, tmp_path / "data")
    assert not left.parent.exists()
    assert "half.png" not in {entry.path for entry in dataset.entries("train")}


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, archive: CifarArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(stage(archive, CLASSES, tmp_path / "data"))

    def full(pixels: object, file: Path) -> None:
        if file.parent.name == "validation":
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("scones.etl.staging.write_png", full)
        with pytest.raises(DataError, match=r"no space left in .*data; free some"):
            stage(archive, CLASSES, tmp_path / "data", seed=1)
    left = {entry.name for entry in (tmp_path / "data").iterdir()}
    assert left == {".lock", "cifar-100-motorcycle-bicycle"}
    assert contents(read_dataset(tmp_path / "data" / "cifar-100-motorcycle-bicycle")) == before
    assert stage(archive, CLASSES, tmp_path / "data", seed=1).seed == 1


def test_ctrl_c_leaves_nothing_half_done(
    tmp_path: Path, archive: CifarArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(pixels: object, file: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scones.etl.staging.write_png", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage(archive, CLASSES, tmp_path / "data")
    assert [entry.name for entry in (tmp_path / "data").iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, archive: CifarArchive) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write in .*file"):
        stage(archive, CLASSES, tmp_path / "file")


def test_two_commands_do_not_stage_into_one_folder_at_once(
    tmp_path: Path, archive: CifarArchive
) -> None:
    with exclusively(tmp_path), pytest.raises(UsageError, match="another scones command"):
        stage(archive, CLASSES, tmp_path)


def test_hostile_and_doubled_names_become_safe_and_unique(tmp_path: Path) -> None:
    parts = content(train=20, test=4)
    names = parts["train"][b"filenames"]
    names[1] = names[5] = names[9] = b"Bike.png"
    names[13], names[17] = b"../../etc/passwd", b"..."
    path = write_archive(tmp_path / "a.tar.gz", {n: pickled(p) for n, p in parts.items()})
    dataset = stage(CifarArchive(path), CLASSES, tmp_path / "data")
    files = {e.path for split in SPLITS for e in dataset.entries(split)}
    assert {"Bike.png", "Bike-2.png", "Bike-3.png", "etc_passwd.png", "bicycle.png"} <= files
    assert len(files) == 48
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "data"]


def test_a_folder_without_test_images_gives_a_sixth_for_testing(tmp_path: Path) -> None:
    for name in CLASSES:
        for number in range(24):
            file = tmp_path / "mine" / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 30), (number, 0, 0)).save(file)
    dataset = stage(ImageFolder(tmp_path / "mine"), CLASSES, tmp_path / "data")
    assert {split: dataset.counts[split]["bicycle"] for split in SPLITS} == {
        "train": 18,
        "validation": 2,
        "test": 4,
    }
    assert dataset.kind == "images"
    assert {"0.png", "0-2.png"} <= {e.path for split in SPLITS for e in dataset.entries(split)}


@pytest.mark.parametrize("count", [1, 2])
def test_a_class_of_too_few_images_is_named(tmp_path: Path, count: int) -> None:
    for name, number in (("bus", 9), ("bicycle", count)):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for serial in range(number):
            Image.new("RGB", (4, 4)).save(tmp_path / "mine" / name / f"{serial}.png")
    with pytest.raises(DataError, match=f"class 'bicycle' has {count} images, too few"):
        stage(ImageFolder(tmp_path / "mine"), ("bus", "bicycle"), tmp_path / "data")


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_a_fraction_that_is_none_is_refused(
    tmp_path: Path, archive: CifarArchive, fraction: float
) -> None:
    with pytest.raises(UsageError, match="not between 0 and 1"):
        stage(archive, CLASSES, tmp_path / "data", validation_fraction=fraction)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "no classes given"),
        (("bicycle",), "name at least two"),
        (("bicycle", "bicycle"), "given twice"),
        (("bicycle", "tram"), "no class 'tram'"),
    ],
)
def test_a_bad_choice_of_classes_is_refused(
    tmp_path: Path, archive: CifarArchive, classes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        stage(archive, classes, tmp_path / "data")


def test_the_document_says_what_the_dataset_is(tmp_path: Path, archive: CifarArchive) -> None:
    dataset = stage(archive, CLASSES, tmp_path / "data", seed=3)
    document = json.loads(dataset.document.read_text())
    md5 = hashlib.md5(archive.path.read_bytes()).hexdigest()
    assert document["kind"] == "photographs"
    assert document["classes"] == ["motorcycle", "bicycle"]
    assert document["source_fingerprint"] == f"md5:{md5}"
    assert document["seed"] == 3
    assert str(tmp_path) not in dataset.document.read_text()


def test_drawings_say_that_they_are_drawings_wherever_they_are_summed_up(tmp_path: Path) -> None:
    dataset = stage(Drawings(train=10, test=2), CLASSES, tmp_path / "data")
    assert "drawings, not photographs" in dataset.summary()
    assert "drawings, not photographs" in json.loads(dataset.document.read_text())["note"]
    assert "drawings, not photographs" in read_dataset(dataset.directory).summary()


def test_photographs_are_not_called_drawings(tmp_path: Path, archive: CifarArchive) -> None:
    assert "drawings" not in stage(archive, CLASSES, tmp_path / "data").summary()
