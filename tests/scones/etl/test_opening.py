"""The source is the one that was asked for; drawings take its place only where allowed."""

from pathlib import Path

import pytest
from PIL import Image

from scones.errors import UsageError
from scones.etl.archive import UnreachableError
from scones.etl.cifar import CifarArchive
from scones.etl.drawings import Drawings
from scones.etl.folder import ImageFolder
from scones.etl.opening import open_source
from tests.scones.etl.samples import small_archive
from tests.scones.etl.test_staging import Notes


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> Path:
        raise UnreachableError("no network; name a file with --archive FILE")

    monkeypatch.setattr("scones.etl.opening.download", unreachable)


def test_an_archive_a_folder_or_drawings_can_be_named(tmp_path: Path) -> None:
    file = small_archive(tmp_path / "a.tar.gz")
    (tmp_path / "mine" / "bus").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "mine" / "bus" / "a.png")
    assert open_source(file, None, False, tmp_path) == CifarArchive(file)
    assert open_source(None, tmp_path / "mine", False, tmp_path) == ImageFolder(tmp_path / "mine")
    assert open_source(None, None, True, tmp_path) == Drawings()


def test_two_sources_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one of"):
        open_source(tmp_path / "a.tar.gz", None, True, tmp_path)


def test_a_downloaded_archive_is_used_without_a_network(tmp_path: Path) -> None:
    file = small_archive(tmp_path / "cifar-100-python.tar.gz")
    assert open_source(None, None, False, tmp_path) == CifarArchive(file)


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="--archive FILE"):
        open_source(None, None, False, tmp_path)


@pytest.mark.usefixtures("offline")
def test_where_allowed_drawings_take_its_place_and_are_called_drawings(tmp_path: Path) -> None:
    notes = Notes()
    source = open_source(None, None, False, tmp_path, fall_back=True, reporter=notes)
    assert source == Drawings()
    assert "drawings, not photographs" in notes.notes[0]
