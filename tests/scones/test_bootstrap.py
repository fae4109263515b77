"""What the first command does on machines that lack something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("cd", "dirname", "rm", "sh", "touch", "uname")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the bootstrap, and a PATH with no Python and no uv."""
    shutil.copytree(ROOT / "requirements", tmp_path / "clone" / "requirements")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    return tmp_path


def bootstrap(bare: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "requirements/bootstrap.sh"],
        cwd=bare / "clone",
        env={"PATH": str(bare / "bin"), "HOME": str(bare)},
        capture_output=True,
        text=True,
        timeout=180,
    )


def program(bare: Path, name: str, script: str) -> None:
    path = bare / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_without_uv_and_python_it_says_what_to_install(bare: Path) -> None:
    line = one_line(bootstrap(bare))
    assert "install uv, or Python 3.13 and 3.11" in line


def test_a_python_that_is_too_old_is_not_taken(bare: Path) -> None:
    program(bare, "python3", "exit 1")
    assert "no Python 3.10 or newer" in one_line(bootstrap(bare))


def test_a_platform_without_mxnet_is_named(bare: Path) -> None:
    program(bare, "uname", '[ "$1" = -s ] && echo Plan9 || echo mips')
    line = one_line(bootstrap(bare))
    assert "Plan9 mips" in line
    assert "MXNet has wheels for Linux (x86_64, aarch64) and macOS (x86_64)" in line


def test_a_missing_python_version_is_named(bare: Path) -> None:
    fake_uv = 'case "$1 $2" in "python find") exit 2;; "python install") exit 2;; esac'
    made = bare / "clone" / ".tox" / "bootstrap" / "bin"
    install = f'mkdir -p {made}; cp "$0" {made}/uv; '
    program(bare, "uv", install + fake_uv)
    for name in ("mkdir", "cp"):
        (bare / "bin" / name).symlink_to(shutil.which(name) or os.devnull)
    assert "Python 3.13 is missing" in one_line(bootstrap(bare))
