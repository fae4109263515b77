"""The walkthrough, executed once from start to end on a stack of its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.integration.conftest import ROOT, TEST_DATA_ENV, Scones, make_scones

NOTEBOOK = ROOT / "notebooks" / "walkthrough.ipynb"
CELL_SECONDS = 600


@dataclass
class Walk:
    """A walkthrough that has been executed.

    Attributes:
        notebook: With its outputs.
        scones: Runs commands on what is left.
    """

    notebook: nbformat.NotebookNode
    scones: Scones


def images() -> str:
    """Real images where this machine has them, drawings elsewhere."""
    data = os.environ.get(TEST_DATA_ENV)
    return str(Path(data) / "cifar-100-python-vehicles.tar.gz") if data else "drawings"


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Execute the notebook as `jupyter execute` would; a cell that fails ends it."""
    folder = tmp_path_factory.mktemp("walk")
    scones = make_scones(folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = scones.environment | {"SCONES_NOTEBOOK_IMAGES": images()}
    environment["IPYTHONDIR"] = str(folder / "ipython")
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env=environment)
        yield Walk(notebook, scones)
    finally:
        scones.run("down")
