"""The README's commands, word for word, in a fresh copy of the project."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ports import free_ports

from .conftest import QUICK, ROOT
from .test_detector import SMALL

NOT_HERE = {
    "make test",  # this test is a part of it
    "docker compose up",  # tests/docker/test_compose.py runs it
    "scones web serve",  # until Ctrl-C; tests/web/test_serve.py runs it
}


def readme_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [line.split("#")[0].strip() for line in lines]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files as a clone would have them."""
    target = tmp_path_factory.mktemp("clone") / "scones"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def environment() -> dict[str, str]:
    """A person's environment with other ports, and a training that ends soon."""
    names = ("LOCALSTACK_PORT", "SAGEMAKER_PORT", "SMTP_PORT", "INBOX_PORT")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("SCONES_", "TOX", "VIRTUAL"))}
    kept |= {
        f"SCONES_PROFILES__LOCAL__{n}": str(p) for n, p in zip(names, free_ports(4), strict=True)
    }
    kept |= {f"SCONES_TRAINING__HYPERPARAMETERS__{n.upper()}": v for n, v in QUICK.items()}
    kept |= SMALL
    return kept


def test_the_readme_shows_the_two_commands_on_its_first_screen() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:30]
    assert "make demo" in "\n".join(first_screen)
    assert "make test" in "\n".join(first_screen)


def test_the_readmes_commands_run_in_order(copy: Path) -> None:
    commands = [command for command in readme_commands() if command not in NOT_HERE]
    assert "make demo" in commands
    assert len(commands) >= 8
    variables = environment()
    try:
        done = subprocess.run(
            ["bash", "-e", "-x", "-c", "\n".join(commands)],
            cwd=copy,
            env=variables,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-4000:]
    finally:
        subprocess.run([".tox/tools/bin/scones", "down"], cwd=copy, env=variables, check=False)
