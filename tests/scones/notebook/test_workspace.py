import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from scones.config import load
from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DataError, UsageError
from scones.etl.drawings import Drawings
from scones.notebook import workspace
from scones.notebook.workspace import prepare
from scones.project import Project
from scones.steps import data

CONFIG = SOURCE_ROOT / "scones.toml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(load(CONFIG, state_dir=tmp_path / "state"))


def test_the_folder_gets_the_notebook_and_a_sample(project: Project, tmp_path: Path) -> None:
    made = prepare(project, tmp_path / "mine", CONFIG)
    source = SOURCE_ROOT / "notebooks" / "walkthrough.ipynb"
    assert (made.folder / "walkthrough.ipynb").read_bytes() == source.read_bytes()
    with Image.open(made.folder / "sample.png") as sample:
        assert sample.size == (32, 32)
    assert made.kept == ()


def test_edits_are_kept(project: Project, tmp_path: Path) -> None:
    folder = prepare(project, tmp_path / "mine", CONFIG).folder
    (folder / "walkthrough.ipynb").write_text("edited")
    (folder / "sample.png").write_text("another")
    assert prepare(project, folder, CONFIG).kept == ("walkthrough.ipynb", "sample.png")
    assert (folder / "walkthrough.ipynb").read_text() == "edited"
    assert (folder / "sample.png").read_text() == "another"


def test_the_sample_is_a_test_image_where_images_are_staged(
    project: Project, tmp_path: Path
) -> None:
    dataset = data.stage_images(project, Drawings(train=10, test=2))
    made = prepare(project, tmp_path / "mine", CONFIG)
    first = next(entry for entry in dataset.entries("test") if entry.label == 0)
    image = dataset.channel("test") / first.path
    assert (made.folder / "sample.png").read_bytes() == image.read_bytes()


def test_the_original_is_not_a_working_copy(project: Project) -> None:
    with pytest.raises(UsageError, match="name another folder with --folder"):
        prepare(project, SOURCE_ROOT / "notebooks")


def test_without_a_checkout_the_error_says_so(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "SOURCE_ROOT", tmp_path)
    with pytest.raises(DataError, match="from a checkout of scones"):
        prepare(project, tmp_path / "mine")


def test_a_folder_that_cannot_be_made_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot make a workspace in .*file"):
        prepare(project, tmp_path / "file")


def test_the_kernel_is_this_python_with_the_project_at_hand(
    project: Project, tmp_path: Path
) -> None:
    made = prepare(project, tmp_path / "mine", CONFIG)
    kernel = made.jupyter_dir / "data" / "kernels" / "python3" / "kernel.json"
    description = json.loads(kernel.read_text())
    assert description["display_name"] == "scones (local)"
    assert description["argv"][0] == sys.executable
    assert description["argv"][-2:] == ["--ext", "scones.notebook.kernel"]
    assert made.jupyter_dir.is_relative_to(project.state_dir / "run")  # which `destroy` leaves


def test_the_environment_leads_to_the_emulation_and_to_nobodys_own_files(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("HOME", "/home/somebody")
    environment = prepare(project, tmp_path / "mine", CONFIG).environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["SCONES_PROFILE"] == "local"
    assert environment["SCONES_CONFIG"] == str(CONFIG)
    assert environment["SCONES_STATE_DIR"] == str(project.state_dir)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(environment)
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR", "PATH"):
        assert environment[f"JUPYTER_{name}"].startswith(str(project.state_dir))
    opted_out = Path(environment["SAGEMAKER_USER_CONFIG_OVERRIDE"]).read_text()
    assert "TelemetryOptOut: true" in opted_out


def test_on_aws_a_persons_profile_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.delenv("SAGEMAKER_USER_CONFIG_OVERRIDE", raising=False)
    project = Project(load(CONFIG, profile="aws", state_dir=tmp_path / "state"))
    environment = prepare(project, tmp_path / "mine", CONFIG).environment
    assert environment["AWS_PROFILE"] == "somebody"
    assert environment["SCONES_PROFILE"] == "aws"
    assert not {"AWS_ENDPOINT_URL", "SAGEMAKER_USER_CONFIG_OVERRIDE"} & set(environment)


def test_jupyterlab_is_kept_from_asking_about_news(project: Project, tmp_path: Path) -> None:
    made = prepare(project, tmp_path / "mine", CONFIG)
    page = made.jupyter_dir / "config" / "labconfig" / "page_config.json"
    assert "@jupyterlab/apputils-extension:announcements" in page.read_text()
