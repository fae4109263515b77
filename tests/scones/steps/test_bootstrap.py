"""What `scones bootstrap` takes its images from; tests/docker/test_compose.py runs it for real."""

from pathlib import Path

import pytest

from scones.errors import DataError
from scones.steps.data import told_apart


def test_nothing_named_means_drawings() -> None:
    assert told_apart(None) == (None, None)
    assert told_apart(Path("/dev/null")) == (None, None)


def test_an_archive_and_a_folder_aretold_apart(tmp_path: Path) -> None:
    archive, images = tmp_path / "cifar-100-python.tar.gz", tmp_path / "images"
    archive.touch()
    (images / "bicycle").mkdir(parents=True)
    assert told_apart(archive) == (archive, None)
    assert told_apart(tmp_path) == (archive, None)
    assert told_apart(images) == (None, images)


def test_one_of_several_archives_has_to_be_named(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tgz"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"several archives \(a.tar.gz, b.tgz\)"):
        told_apart(tmp_path)
