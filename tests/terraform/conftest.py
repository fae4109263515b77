"""Tests of terraform/ by the real `terraform`, with a provider that stands in for AWS's."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.workspace import ROOT, Workspace

HERE = Path(__file__).parent
VERSIONS = sorted(path.stem.removeprefix("aws-") for path in (HERE / "schema").glob("aws-*.json"))
NEWEST = VERSIONS[-1]
MISSING = shutil.which("terraform") is None
REMEDY = "install Terraform 1.9 or newer, then `make test ARGS='-e terraform'`"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if MISSING and "terraform" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=f"no terraform on the PATH: {REMEDY}"))


@pytest.fixture(scope="session")
def terraform() -> str:
    """The program; a test that asks for it is not run where it is missing."""
    found = shutil.which("terraform")
    assert found
    return found


@pytest.fixture(scope="session", params=[NEWEST])
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running stand-in with the schema of one version of the provider."""
    socket = tmp_path_factory.mktemp("p") / "s"
    schema = HERE / "schema" / f"aws-{request.param}.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.terraform.stand_in", schema, socket],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process, process.stdout:
        reattach = process.stdout.readline().strip()
        assert reattach, "the stand-in did not start"
        yield reattach
        process.terminate()


@pytest.fixture
def workspace(terraform: str, provider: str, tmp_path: Path) -> Workspace:
    """A fresh copy of terraform/, nothing applied."""
    return Workspace(tmp_path, provider)
