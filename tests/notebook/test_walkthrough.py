"""The walkthrough: as it is stored, and as it comes out."""

import base64
import io
import re
import subprocess
import sys

import nbformat
import psutil
import pytest
from PIL import Image

from scones.emulation.process import Health
from scones.steps.infrastructure import KEPT

from .conftest import NOTEBOOK, ROOT, Walk

pytestmark = pytest.mark.timeout(1500)  # for the first, which waits for the walk on a busy machine

SHOWN = (
    "etl", "curves", "machine", "traces", "report", "truth", "classes", "lowest", "drift",
    "drifted", "by-night",
)  # fmt: skip
"""The cells that show a picture."""
TABLES = ("predict", "executions", "batch", "baseline", "ask-at-night", "check")


@pytest.fixture(scope="module")
def stored() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


# As it is stored


def test_the_notebook_is_valid(stored: nbformat.NotebookNode) -> None:
    nbformat.validate(stored)
    assert (stored.nbformat, stored.nbformat_minor) == (4, 5)


def test_outputs_and_counts_are_stripped(stored: nbformat.NotebookNode) -> None:
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert len(cells) > 15
    assert not [cell.id for cell in cells if cell.outputs or cell.execution_count]
    assert not [cell.id for cell in stored.cells if cell.metadata]
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert stored.metadata.language_info == {"name": "python"}


def test_no_machine_is_named() -> None:
    found = re.search(r"(?:/(?:home|root|Users|tmp|work|mnt)/)|\d{12}|localhost|127\.0", _text())
    assert found is None, found


def _text() -> str:
    return NOTEBOOK.read_text()


def test_cells_are_short_and_say_what_aws_does(stored: nbformat.NotebookNode) -> None:
    code = {cell.id: cell.source for cell in stored.cells if cell.cell_type == "code"}
    assert not [name for name, source in code.items() if len(source.splitlines()) > 20]
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    assert prose.count("*On AWS*") >= 7  # one for each stage
    assert code["profile"].count("SCONES_PROFILE") == 1
    assert not [name for name, source in code.items() if name != "profile" and "PROFILE" in source]


@pytest.mark.parametrize("check", [["check"], ["format", "--check"]])
def test_the_cells_are_clean_for_ruff(check: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *check, str(NOTEBOOK)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


# As it comes out


def test_every_cell_ran_and_none_complained(walk: Walk) -> None:
    cells = [cell for cell in walk.notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    complaints = [
        output
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
    assert not complaints


def test_the_pictures_are_there_and_show_something(walk: Walk) -> None:
    pictures = {cell.id: _picture(cell) for cell in walk.notebook.cells if _has(cell, "image/png")}
    assert tuple(pictures) == SHOWN
    for name, picture in pictures.items():
        assert picture.width >= 600, name
        colours = picture.getcolors(picture.width * picture.height)
        assert len(colours) > 30, name


def test_the_tables_are_there(walk: Walk) -> None:
    tables = {cell.id: cell for cell in walk.notebook.cells if _has(cell, "text/html")}
    assert tuple(tables) == TABLES
    rows = {name: _html(cell).count("<tr") for name, cell in tables.items()}
    assert rows["executions"] == 13  # with its head
    assert "brightness" in _html(tables["check"])  # the photos were darkened
    assert "baseline_drift_check" in _html(tables["check"])


def test_what_is_printed_tells_of_each_stage(walk: Walk) -> None:
    said = {cell.id: _printed(cell) for cell in walk.notebook.cells}
    assert "200 test images" in said["etl"]
    assert "Epoch[1] Validation-accuracy=" in said["fit"]
    assert '"observedContentType": "image/png"' in said["captures"]
    assert "CompletedWithViolations - the topic was told" in said["check"]
    assert "below the confidence threshold" in said["batch"]  # two epochs make nothing sure
    assert "nothing is left" in said["destroy"]


def test_clean_up_left_nothing(walk: Walk) -> None:
    left = {path.name for path in walk.scones.state_dir.iterdir() if path.is_dir()}
    assert left <= set(KEPT)
    statuses = walk.scones.project().service_statuses()
    assert {status.health for status in statuses} == {Health.STOPPED}
    mine = str(walk.scones.state_dir)
    assert not [p for p in psutil.process_iter(["cmdline"]) if mine in " ".join(_command(p))]


def _command(process: psutil.Process) -> list[str]:
    return process.info["cmdline"] or []


def _has(cell: nbformat.NotebookNode, kind: str) -> bool:
    return any(kind in output.get("data", {}) for output in cell.get("outputs", ()))


def _picture(cell: nbformat.NotebookNode) -> Image.Image:
    content = next(o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {}))
    return Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")


def _html(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)


def _printed(cell: nbformat.NotebookNode) -> str:
    streams = (output for output in cell.get("outputs", ()) if output.output_type == "stream")
    return "".join(stream.text for stream in streams)
