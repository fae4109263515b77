"""Tests with real containers. Where no Docker engine answers they do not run, and that is said."""

import gc
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

ROOT = Path(__file__).parents[2]
REQUIRED_ENV = "SCONES_DOCKER_REQUIRED"
REMEDY = "start Docker, then `make test ARGS='-e docker'`"


@cache
def engine_trouble() -> str:
    """Say why containers cannot run here, or nothing if they can."""
    with warnings.catch_warnings():
        # The client leaves a refused socket to the collector, which calls that a leak.
        warnings.simplefilter("ignore", ResourceWarning)
        trouble = _refusal()
        gc.collect()
    return trouble


def _refusal() -> str:
    try:
        with closing(docker.from_env()) as client:
            client.ping()
    except DockerException as error:
        return str(error)
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if trouble := engine_trouble():
        if os.environ.get(REQUIRED_ENV):
            pytest.exit(f"{REQUIRED_ENV} is set, and no Docker engine answers: {trouble}", 1)
        reason = f"no Docker engine answers here: {REMEDY} ({trouble})"
        for item in items:
            if item.path.is_relative_to(ROOT / "tests" / "docker"):
                item.add_marker(pytest.mark.skip(reason=reason))


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
