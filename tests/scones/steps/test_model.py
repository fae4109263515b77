"""Which hyperparameters `scones train` sends."""

from pathlib import Path
from typing import Any

import pytest

from scones import config
from scones.etl.dataset import Dataset
from scones.project import Project
from scones.steps.model import hyperparameters_of

DATASET = Dataset(
    directory=Path("data"),
    kind="photographs",
    source="",
    source_fingerprint="",
    fingerprint="",
    classes=("bicycle", "motorcycle"),
    counts={
        "train": {"bicycle": 5, "motorcycle": 4},
        "validation": {"bicycle": 1, "motorcycle": 1},
        "test": {"bicycle": 1, "motorcycle": 1},
    },
    seed=0,
    validation_fraction=0.1,
    created="",
)


def sent(tmp_path: Path, training: str = "", profile: str = "local") -> dict[str, Any]:
    settings = tmp_path / "scones.toml"
    routes = "".join(
        f'[[routes]]\nclass = "{name}"\nloading_bay = "A"\norder_range = "near"\n'
        for name in DATASET.classes
    )
    settings.write_text(f"{routes}[training]\n{training}")
    return hyperparameters_of(Project(config.load(settings, profile=profile)), DATASET)


def test_training_begins_with_the_base_network(tmp_path: Path) -> None:
    found = sent(tmp_path, "seed = 3\nhyperparameters = { epochs = 2 }")
    assert (found["use_pretrained_model"], found["seed"], found["epochs"]) == (1, 3, 2)
    assert found["num_training_samples"] == 9


@pytest.mark.parametrize(
    "training",
    [
        "pretrained = false",
        "hyperparameters = { num_layers = 20 }",
        'hyperparameters = { recipe = "builtin" }',
        'hyperparameters = { image_shape = "3,224,224" }',
    ],
)
def test_a_project_may_train_from_scratch(tmp_path: Path, training: str) -> None:
    assert "use_pretrained_model" not in sent(tmp_path, training)


def test_what_a_project_says_itself_wins(tmp_path: Path) -> None:
    found = sent(tmp_path, "hyperparameters = { use_pretrained_model = 0 }")
    assert found["use_pretrained_model"] == 0


def test_the_built_in_is_not_told_to_begin_with_its_resnet_for_photos(tmp_path: Path) -> None:
    found = sent(tmp_path, profile="aws")
    assert found["num_training_samples"] == 9
    assert "use_pretrained_model" not in found
