"""Tests with real containers. Where no Docker engine answers they do not run, and that is said."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

ROOT = Path(__file__).parents[2]
REQUIRED_ENV = "SCONES_DOCKER_REQUIRED"
NOT_RUN = ROOT / ".tox" / "not-run.txt"
REMEDY = "start Docker, then `make test ARGS='-e docker'`"


@cache
def engine_trouble() -> str:
    """Say why containers cannot run here, or nothing if they can."""
    try:
        docker.from_env().ping()
    except DockerException as error:
        return str(error)
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if trouble := engine_trouble():
        if os.environ.get(REQUIRED_ENV):
            pytest.exit(f"{REQUIRED_ENV} is set, and no Docker engine answers: {trouble}", 1)
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"no Docker engine answers: {trouble}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = len(terminalreporter.stats.get("skipped", ()))
    if trouble := engine_trouble():
        line = f"NOT RUN: {skipped} container tests, for no Docker engine answers here: {REMEDY}"
        terminalreporter.write_line(f"{line}\n({trouble})")
        NOT_RUN.parent.mkdir(exist_ok=True)
        NOT_RUN.write_text(f"{line}\n")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The Docker engine of this machine."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def images() -> None:
    """The four images, built from this checkout; what has not changed comes from the cache."""
    done = subprocess.run(["make", "images"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
