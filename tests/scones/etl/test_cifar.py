"""The archive is read as it is, by any writer's pickles, and nothing in it is run."""

import gzip
import os
import pickle
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scones.errors import DataError, UsageError
from scones.etl.cifar import CifarArchive
from tests.scones.etl.samples import content, pickled, small_archive, write_archive

WRITERS = ["python 2", "numpy 1", "numpy 2", "protocol 5"]


@pytest.mark.parametrize("writer", WRITERS)
def test_images_come_with_class_split_and_name_whoever_wrote_the_archive(
    tmp_path: Path, writer: str
) -> None:
    source = CifarArchive(small_archive(tmp_path / "a.tar.gz", writer))
    images = list(source.images(["bicycle", "motorcycle"]))
    assert Counter((image.split, image.class_name) for image in images) == {
        ("train", "bicycle"): 10,
        ("train", "motorcycle"): 10,
        ("test", "bicycle"): 4,
        ("test", "motorcycle"): 4,
    }
    first = images[0]
    assert first.file_name == "bicycle_s_000001.png"
    assert first.pixels.shape == (32, 32, 3)
    assert first.pixels.dtype == np.uint8
    assert first.pixels[0, 0].tolist() == [41, 40, 40]  # red, green, blue of image 1, class 1


def test_an_archive_other_than_the_published_one_is_called_so(tmp_path: Path) -> None:
    source = CifarArchive(small_archive(tmp_path / "mine.tar.gz"))
    assert not source.official
    assert "mine.tar.gz" in source.description
    assert "not the official one" in source.description


def test_a_class_that_is_not_there_is_answered_with_those_that_are_close(tmp_path: Path) -> None:
    source = CifarArchive(small_archive(tmp_path / "a.tar.gz"))
    with pytest.raises(UsageError, match=r"no class 'motorbicycle' .* did you mean .*motorcycle"):
        list(source.images(["bicycle", "motorbicycle"]))


class Command:
    """Runs a command when unpickled."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


def test_a_pickle_that_names_anything_else_is_refused_by_that_name_and_not_run(
    tmp_path: Path,
) -> None:
    ran = tmp_path / "ran"
    members = {name: pickled(part) for name, part in content().items()}
    members["train"] = pickle.dumps({b"data": Command(f"touch {ran}")}, protocol=2)
    path = write_archive(tmp_path / "a.tar.gz", members)
    with pytest.raises(DataError, match=r"cifar-100-python/train is refused.*posix\.system"):
        CifarArchive(path).class_names()
    assert not ran.exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"cnumpy\nsave\n.", r"asks for numpy\.save"),
        (b"c_codecs\nencode\n(U\x01aU\x05utf_7tR.", "encoded as b'utf_7'"),
        (b"c_codecs\nencode\n}U\x0c__defaults__K\x01sb.", "tries to change a function"),
        (b"Pelsewhere\n.", r"outside itself \('elsewhere'\)"),
        (b"cnumpy\ndtype\n(U\x02O8tR.", "type b'O8' where uint8"),
        (b"\x80\x02]q\x00.", "holds a list, not a dictionary"),
        (b"(((((", "cannot be read to its end"),
        (b"hello", "is not a pickle of image data"),
        (b"", "cannot be read to its end"),
    ],
)
def test_a_pickle_that_is_not_image_data_is_refused(
    tmp_path: Path, body: bytes, message: str
) -> None:
    members = {name: pickled(part) for name, part in content().items()}
    path = write_archive(tmp_path / "a.tar.gz", members | {"train": body})
    with pytest.raises(DataError, match=rf"cifar-100-python/train .*{message}"):
        CifarArchive(path).class_names()


def _without(key: bytes) -> dict[str, dict[bytes, Any]]:
    parts = content()
    del parts["train"][key]
    return parts


def _with(key: bytes, value: object) -> dict[str, dict[bytes, Any]]:
    parts = content()
    parts["train"][key] = value
    return parts


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (_without(b"fine_labels"), "'fine_labels' is missing"),
        (_with(b"fine_labels", [1]), "1 labels"),
        (_with(b"fine_labels", [99] * 40), "label 99 is none of the 4 classes"),
        (_with(b"data", np.zeros((40, 10), np.uint8)), "3072 bytes a row"),
        (_with(b"data", np.zeros((40, 3072), np.float32)), "uint8"),
        (_with(b"data", "text"), "3072 bytes a row"),
        (_with(b"data", np.asfortranarray(content()["train"][b"data"])), "stored by columns"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    tmp_path: Path, parts: dict[str, dict[bytes, Any]], message: str
) -> None:
    members = {name: pickled(part) for name, part in parts.items()}
    with pytest.raises(DataError, match=message):
        CifarArchive(write_archive(tmp_path / "a.tar.gz", members)).class_names()


def test_an_array_whose_shape_promises_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    honest = pickled(content()["train"])
    shape = b"K\x28M\x00\x0c"  # 40 rows of 3072
    assert shape in honest
    members = {name: pickled(part) for name, part in content().items()}
    members["train"] = honest.replace(shape, b"K\xffM\x00\x0c")
    with pytest.raises(DataError, match=r"shape \(255, 3072\) with 122,880 bytes"):
        CifarArchive(write_archive(tmp_path / "a.tar.gz", members)).class_names()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"no archive at /nowhere/a\.tar\.gz"):
        CifarArchive(Path("/nowhere/a.tar.gz"))


@pytest.mark.parametrize("body", [b"", b"not an archive", b"\x1f\x8b\x08broken"])
def test_a_file_that_is_no_archive_is_refused_at_once(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(body)
    with pytest.raises(DataError, match=r"a\.tar\.gz"):
        CifarArchive(path)


def test_an_archive_of_something_else_is_refused_at_once(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar.gz", {"data_batch_1": b""}, folder="cifar-10-batches-py")
    with pytest.raises(DataError, match=r"starts with 'cifar-10-batches-py/data_batch_1'"):
        CifarArchive(path)


def test_a_truncated_archive_is_called_damaged(tmp_path: Path) -> None:
    path = small_archive(tmp_path / "a.tar.gz", train=200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"a\.tar\.gz"):
        CifarArchive(path).class_names()


def test_an_archive_without_one_of_its_parts_says_which(tmp_path: Path) -> None:
    members = {name: pickled(part) for name, part in content().items() if name != "test"}
    with pytest.raises(DataError, match="lacks cifar-100-python/test"):
        CifarArchive(write_archive(tmp_path / "a.tar.gz", members)).class_names()


def test_a_part_that_is_a_link_or_lies_elsewhere_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, target in (("train", "/etc/passwd"), ("../test", ""), ("sub/meta", "")):
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.type, member.linkname = (tarfile.SYMTYPE, target) if target else (b"0", "")
            archive.addfile(member)
    with pytest.raises(DataError, match=r"lacks cifar-100-python/train, .*test, .*meta"):
        CifarArchive(path).class_names()


def test_a_part_larger_than_the_format_needs_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    bomb = tarfile.TarInfo("cifar-100-python/train")
    bomb.size = 1 << 40
    path.write_bytes(gzip.compress(bomb.tobuf() + b"\0" * 1024))
    with pytest.raises(DataError, match="more than CIFAR-100's archive holds"):
        CifarArchive(path).class_names()


@pytest.mark.skipif("SCONES_TEST_DATA" not in os.environ, reason="SCONES_TEST_DATA is not set")
def test_the_sample_of_the_real_archive_has_the_published_images() -> None:
    source = CifarArchive(Path(os.environ["SCONES_TEST_DATA"]) / "cifar-100-python-vehicles.tar.gz")
    images = list(source.images(["bicycle", "motorcycle"]))
    assert Counter((image.split, image.class_name) for image in images) == {
        ("train", "bicycle"): 500,
        ("train", "motorcycle"): 500,
        ("test", "bicycle"): 100,
        ("test", "motorcycle"): 100,
    }
    names = {image.file_name for image in images}
    assert "safety_bike_s_000198.png" in names
    shades = {image.file_name: image.pixels.mean() for image in images}
    assert all(5 < shade < 255 for shade in shades.values())
