"""A job for AWS's built-in algorithm is refused, with all its faults at once, before it is sent."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scones.builtin_algorithm import OURS, check, defaults, is_builtin
from scones.builtin_tables import TABLES
from scones.config import load
from scones.deploy.settings import SOURCE_ROOT
from scones.errors import ConfigError
from scones.profiles import PROFILES
from scones.project import Project
from scones.steps.model import hyperparameters_of

NEEDED: dict[str, Any] = {
    "num_classes": 2,
    "num_training_samples": 900,
    "image_shape": "3,32,32",
    "num_layers": 18,
}
GPU = "ml.p3.2xlarge"
CLASSIFIER = PROFILES["aws"].training_image
DETECTOR = PROFILES["aws"].detector_image
CONTRACTS = SOURCE_ROOT / "docker/src/scones_algorithms"


def test_the_image_of_the_profile_for_aws_is_the_built_in_and_ours_is_not() -> None:
    assert is_builtin(PROFILES["aws"].training_image)
    assert is_builtin("685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1")
    assert not is_builtin(PROFILES["local"].training_image)
    pushed = "111122223333.dkr.ecr.us-east-1.amazonaws.com/bakery/image-classification@sha256:0a"
    assert not is_builtin(pushed)


def test_several_instances_are_told_how_to_share() -> None:
    assert "kv_store" not in defaults(1)
    assert defaults(2)["kv_store"] == "dist_sync"


def test_what_the_built_in_takes_is_taken_without_a_word() -> None:
    assert (
        check(CLASSIFIER, NEEDED | {"epochs": 30, "early_stopping": True, "optimizer": "adam"}, GPU)
        == []
    )
    assert (
        check(CLASSIFIER, NEEDED | defaults(3) | {"learning_rate": 1e-3, "_tuning": "x"}, GPU) == []
    )


@pytest.mark.parametrize(
    ("profile", "told"),
    [("aws", {"num_layers": 18}), ("local", {"seed": 0, "use_pretrained_model": 1})],
)
def test_a_job_is_told_what_suits_the_image_of_its_profile(
    profile: str, told: dict[str, Any]
) -> None:
    sizes = {"train": 900}
    dataset: Any = SimpleNamespace(classes=("bicycle", "motorcycle"), size=sizes.__getitem__)
    project = Project(load(profile=profile, state_dir=Path("none")))
    common = {"num_classes": 2, "num_training_samples": 900, "image_shape": "3,32,32"}
    assert hyperparameters_of(project, dataset) == common | told


def test_all_faults_are_named_at_once() -> None:
    wrong = NEEDED | {"seed": 0, "recipe": "modern", "layers": 3, "epochs": 0, "momentum": 1.5}
    with pytest.raises(ConfigError) as caught:
        check(CLASSIFIER, wrong, "ml.m5.large")
    said = str(caught.value)
    for part in (
        "seed (only our own image knows it)",
        "recipe (only our own image knows it)",
        "layers (no such hyperparameter)",
        "epochs=0 (it is a whole number from 1)",
        "momentum=1.5 (it is a number from 0 to 1)",
        "training_instance_type=ml.m5.large (it trains on GPUs only",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_shape", "32"),
        ("image_shape", "3,0,32"),
        ("lr_scheduler_step", "ten"),
        ("lr_scheduler_step", "10,,20"),
        ("num_layers", 33),
        ("optimizer", "adamw"),
        ("top_k", 1),
        ("early_stopping", "yes"),
        ("multi_label", True),
        ("checkpoint_frequency", 31),
        ("learning_rate", "fast"),
        ("epochs", "²"),
    ],
)
def test_a_value_that_it_does_not_take_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{name}={value} (")):
        check(CLASSIFIER, NEEDED | {name: value}, GPU)


def test_a_job_needs_classes_and_samples() -> None:
    with pytest.raises(ConfigError, match=r"without num_classes; a job without num_training_sam"):
        check(CLASSIFIER, {}, GPU)


@pytest.mark.parametrize(
    ("shape", "depth", "doubt"),
    [
        ("3,32,32", 20, "made for images of up to 28 pixels, not for 32"),
        ("3,28,28", 18, "not made for images of 28 pixels"),
        ("3,32,32", 152, "made for images of 224 pixels"),
        ("3,28,28", 20, None),
        ("3,224,224", 152, None),
        ("3,32,32", 50, None),
    ],
)
def test_a_depth_that_does_not_suit_the_images_is_doubted(
    shape: str, depth: int, doubt: str | None
) -> None:
    found = check(CLASSIFIER, NEEDED | {"image_shape": shape, "num_layers": depth}, GPU)
    assert len(found) == (doubt is not None)
    assert doubt is None or doubt in found[0]


def test_the_default_depth_of_the_built_in_is_doubted_for_small_images() -> None:
    without = {name: value for name, value in NEEDED.items() if name != "num_layers"}
    assert "num_layers=152" in check(CLASSIFIER, without, GPU)[0]


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_our_own_algorithms_without_ours(name: str) -> None:
    contract = (CONTRACTS / name.replace("-", "_") / "contract.py").read_text()
    declared = set(re.findall(r'Hyperparameter\(\s*"(\w+)"', contract))
    assert declared == set(TABLES[name]) | set(OURS)


def test_the_detector_is_checked_by_a_table_of_its_own() -> None:
    job = {"num_classes": 3, "num_training_samples": 500, "image_shape": 300, "label_width": 350}
    assert check(DETECTOR, job | {"base_network": "resnet-50", "optimizer": "adadelta"}, GPU) == []
    with pytest.raises(ConfigError, match=r"object-detection does not take") as caught:
        check(DETECTOR, job | {"image_shape": 128, "num_layers": 18}, "ml.c5.xlarge")
    for fault in ("image_shape=128 (", "num_layers (no such", "training_instance_type=ml.c5.xl"):
        assert fault in str(caught.value)


def test_of_an_image_of_ones_own_nothing_is_known() -> None:
    assert check(PROFILES["local"].training_image, {"anything": "at all"}, "ml.m5.large") == []
