from pathlib import Path

import pytest
from PIL import Image

from scones.config import load
from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DataError
from scones.etl.drawings import Drawings
from scones.project import Project
from scones.steps import data


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(load(SOURCE_ROOT / "scones.toml", state_dir=tmp_path / "state"))


def test_a_folder_is_staged_in_one_step(project: Project, tmp_path: Path) -> None:
    for image in Drawings(train=10, test=2).images(("bicycle", "motorcycle")):
        folder = tmp_path / "images" / image.class_name
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.pixels).save(folder / image.file_name)
    dataset = data.stage_from(project, str(tmp_path / "images"))
    assert dataset.kind == "images"
    assert project.dataset() == dataset


def test_drawings_are_made_where_they_are_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scones.etl.opening.Drawings", lambda: Drawings(train=10, test=2))
    assert data.stage_from(project, "drawings").kind == "drawings"


def test_a_source_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.tar\.gz"):
        data.stage_from(project, tmp_path / "gone.tar.gz")
