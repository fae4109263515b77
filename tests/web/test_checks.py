"""Django's own checks, and that the tables are those of the models."""

import os
import subprocess
import sys
from pathlib import Path

PRODUCTION = {
    "SECRET_KEY": "k8#v" * 16 + "aZ3!x",
    "SCONES_WEB_HOSTS": "photos.example.org",
    "SCONES_WEB_LOCAL": "0",
    "SCONES_WEB_PROXIES": "1",
}


def manage(state_dir: Path, *arguments: str) -> str:
    environment = os.environ | PRODUCTION | {"SCONES_WEB_STATE_DIR": str(state_dir)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "scones.web", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_production_settings_are_clean(tmp_path: Path) -> None:
    said = manage(tmp_path, "check", "--deploy", "--fail-level", "DEBUG")
    assert "no issues (2 silenced)" in said


def test_every_change_of_the_models_has_its_migration(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    assert "No changes detected" in manage(tmp_path / "state", "makemigrations", "--check")
