from pathlib import Path

from scones_algorithms.image_classification.contract import HYPERPARAMETERS

PAGE = Path(__file__).parents[2] / "docs" / "04-training.md"


def test_every_hyperparameter_is_documented() -> None:
    page = PAGE.read_text()
    names = {hyperparameter.name for hyperparameter in HYPERPARAMETERS}
    assert len(names) > 25
    assert not {name for name in names if f"`{name}`" not in page}


def test_what_is_refused_is_documented_as_refused() -> None:
    (row,) = [line for line in PAGE.read_text().splitlines() if "not acted on yet: refused" in line]
    refused = {
        hyperparameter.name for hyperparameter in HYPERPARAMETERS if not hyperparameter.honoured
    }
    assert refused == {part.strip(" `") for part in row.split("|")[1].split(",")}
