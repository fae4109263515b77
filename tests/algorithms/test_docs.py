from pathlib import Path

from scones_algorithms.image_classification.contract import HYPERPARAMETERS

PAGE = Path(__file__).parents[2] / "docs" / "04-training.md"


def test_every_hyperparameter_is_documented() -> None:
    page = PAGE.read_text()
    names = {hyperparameter.name for hyperparameter in HYPERPARAMETERS}
    assert len(names) > 25
    assert not {name for name in names if f"`{name}`" not in page}


def test_the_file_that_tests_a_hyperparameter_is_there() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if "| test_" in line]
    assert len(rows) > 15
    named = {name.strip() for row in rows for name in row.split("|")[-2].split(",")}
    assert not {name for name in named if not (Path(__file__).parent / f"{name}.py").exists()}
