import re
from pathlib import Path

import pytest

from scones_algorithms.image_classification import contract as image_classification
from scones_algorithms.object_detection import contract as object_detection
from scones_algorithms.serving_metrics import ServingMetrics

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"04-training.md": image_classification, "18-detector.md": object_detection}


@pytest.mark.parametrize("page", PAGES)
def test_every_hyperparameter_is_documented(page: str) -> None:
    text = (DOCS / page).read_text()
    names = {hyperparameter.name for hyperparameter in PAGES[page].HYPERPARAMETERS}
    assert len(names) > 24
    assert not {name for name in names if f"`{name}`" not in text}


@pytest.mark.parametrize("page", PAGES)
def test_the_file_that_tests_a_hyperparameter_is_there(page: str) -> None:
    rows = [line for line in (DOCS / page).read_text().splitlines() if "| test_" in line]
    assert len(rows) > 15
    named = {name.strip() for row in rows for name in row.split("|")[-2].split(",")}
    assert not {name for name in named if not (Path(__file__).parent / f"{name}.py").exists()}


def test_every_figure_of_the_model_server_is_documented() -> None:
    text = (DOCS / "05-endpoint.md").read_text()
    names = set(re.findall(rb"^# HELP (scones_\w+)", ServingMetrics().text(), re.MULTILINE))
    assert len(names) == 6
    assert not {name for name in names if f"`{name.decode()}" not in text}
