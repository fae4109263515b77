from pathlib import Path

import pytest

import scones
from scones.console import Printed
from scones.errors import ConfigError

TOML = 'project = "bakery"\n'


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCONES_CONFIG", "SCONES_STATE_DIR", "SCONES_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_settings_above_the_notebooks_folder_are_found_with_their_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scones.toml").write_text(TOML)
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    project = scones.open_project("aws")
    assert project.settings.project == "bakery"
    assert project.settings.profile == "aws"
    assert project.state_dir == tmp_path / ".scones"


def test_what_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scones.toml").write_text(TOML)
    other = tmp_path / "other.toml"
    other.write_text('project = "kitchen"\n')
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    monkeypatch.setenv("SCONES_STATE_DIR", "elsewhere")
    assert scones.open_project().state_dir == tmp_path / "mine" / "elsewhere"
    assert scones.open_project(state_dir=tmp_path / "s").state_dir == tmp_path / "s"
    monkeypatch.setenv("SCONES_CONFIG", str(other))
    assert scones.open_project().settings.project == "kitchen"
    assert scones.open_project(config=tmp_path / "scones.toml").settings.project == "bakery"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ConfigError, match="no profile 'azure'"):
        scones.open_project("azure")


def test_progress_goes_to_standard_output_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed()
    printed.note("begins")
    printed.progress("upload", 1, 20, "images")
    printed.progress("upload", 2, 20, "images")  # too soon after the last
    printed.progress("upload", 20, 20, "images")
    printed.progress("captures", 5, None, "records")
    printed.note("ends")
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == (
        "begins\n\rupload: 1/20 images\rupload: 20/20 images\n"
        "ends\n"
    )  # fmt: skip
