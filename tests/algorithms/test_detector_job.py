"""What a detection job may ask for, and what it gets when it leaves things open."""

import json
from pathlib import Path

import pytest

from scones_algorithms.container import Container
from scones_algorithms.declaration import read
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.contract import HYPERPARAMETERS
from scones_algorithms.object_detection.job import Job, read_job
from scones_algorithms.object_detection.recipe import BUILTIN, MODERN
from scones_algorithms.schedule import learning_rate
from tests.algorithms.detector_jobs import IMAGES, SMALL_JOB
from tests.algorithms.jobs import write_config

REQUIRED = {"num_classes": "2", "num_training_samples": "48"}


def job(base: Path, hyperparameters: dict[str, str], **channels: str) -> Job:
    write_config(base, REQUIRED | hyperparameters, **(channels or IMAGES))
    return read_job(Container(base))


def refusal(base: Path, hyperparameters: dict[str, str], **channels: str) -> str:
    with pytest.raises(CustomerError) as caught:
        job(base, hyperparameters, **channels)
    return str(caught.value)


def test_a_job_that_leaves_all_open_gets_the_base_network(tmp_path: Path) -> None:
    asked = job(tmp_path, {})
    assert (asked.network, asked.recipe, asked.side) == ("wide", MODERN, 128)
    assert asked.begins_with_base
    assert (asked.nms_threshold, asked.overlap_threshold, asked.label_width) == (0.45, 0.5, 350)


@pytest.mark.parametrize(
    ("given", "more", "begins"),
    [
        ({"use_pretrained_model": "1"}, {}, True),
        ({"use_pretrained_model": "0"}, {}, False),
        ({"network": "small"}, {}, False),
        ({}, {"model": "application/x-sagemaker-model"}, False),
        ({}, {"pretrained": ""}, False),
    ],
)
def test_the_base_network_gives_the_first_weights_unless_others_do(
    tmp_path: Path, given: dict[str, str], more: dict[str, str], begins: bool
) -> None:
    assert job(tmp_path, given, **IMAGES, **more).begins_with_base is begins


def test_base_network_asks_for_the_built_in(tmp_path: Path) -> None:
    asked = job(tmp_path, {"base_network": "resnet-50"})
    assert (asked.network, asked.recipe, asked.side) == ("resnet-50", BUILTIN, 300)
    assert "starts from random weights" in asked.remarks[0]


def test_a_jobs_own_values_are_laid_over_the_recipe(tmp_path: Path) -> None:
    own = {
        "epochs": "7",
        "mini_batch_size": "4",
        "optimizer": "adadelta",
        "learning_rate": "0.01",
        "momentum": "0.5",
        "weight_decay": "0",
        "image_shape": "96",
    }
    recipe = job(tmp_path, own).recipe
    assert {name: str(getattr(recipe, name)).removesuffix(".0") for name in own} == own
    assert recipe.augmentation == MODERN.augmentation


@pytest.mark.parametrize("parameter", HYPERPARAMETERS, ids=lambda parameter: parameter.name)
def test_every_hyperparameter_refuses_nonsense_by_name(parameter) -> None:
    nonsense = "(" if parameter.name == "freeze_layer_pattern" else "nonsense"
    values, problems = read(HYPERPARAMETERS, SMALL_JOB | {parameter.name: nonsense})
    assert len(problems) == 1
    assert problems[0].startswith(f"{parameter.name}='{nonsense}' must be")
    assert parameter.name not in values


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        (
            {"base_network": "vgg-16", "network": "small"},
            "network is another one than base_network",
        ),
        ({"base_network": "vgg-16", "image_shape": "128"}, "image_shape=128 is less than"),
        ({"image_shape": "32"}, "image_shape='32' must be a side in pixels from 64 to 1024"),
        ({"nms_threshold": "0"}, "nms_threshold='0' must be a number above 0 to 1"),
        ({"overlap_threshold": "1.5"}, "overlap_threshold='1.5' must be"),
        ({"label_width": "6"}, "label_width='6' must be a whole number of at least 7"),
        (
            {"use_pretrained_model": "1", "network": "small"},
            "use_pretrained_model=1 needs weights for small",
        ),
        ({"layers": "3"}, "layers is unknown"),
    ],
)
def test_values_that_are_out_of_range_or_contradict_are_refused(
    tmp_path: Path, hyperparameters: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, hyperparameters)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"epochs": "0", "momentum": "2"}, train="text/csv")
    for words in ("epochs='0'", "momentum='2'", "content type text/csv is not supported"):
        assert words in told


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ({"train": ""}, "channel train_annotation is missing"),
        ({"validation": "", "validation_annotation": ""}, "channel train is missing"),
        ({**IMAGES, "test": ""}, "channel test is unknown"),
        ({**IMAGES, "model": "application/x-recordio"}, "content type must be application/x-sage"),
        ({**IMAGES, "train": "application/x-recordio"}, "train_annotation belongs to images"),
    ],
)
def test_channels_that_do_not_go_together_are_refused(
    tmp_path: Path, channels: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, {}, **channels)


def test_several_instances_are_refused(tmp_path: Path) -> None:
    job(tmp_path, {})
    resources = tmp_path / "input" / "config" / "resourceconfig.json"
    resources.write_text(json.dumps({"current_host": "a", "hosts": ["a", "b"]}))
    with pytest.raises(CustomerError, match="trains on one instance, not 2"):
        read_job(Container(tmp_path))


def test_early_stopping_needs_something_to_watch(tmp_path: Path) -> None:
    given = {"early_stopping": "True"}
    assert "needs a validation channel" in refusal(tmp_path, given, train="", train_annotation="")
    asked = job(tmp_path, given | {"early_stopping_patience": "3"})
    assert asked.early_stopping is not None
    assert (asked.early_stopping.patience, asked.recipe.keep) == (3, "best")


def test_a_schedule_in_steps_replaces_the_recipes(tmp_path: Path) -> None:
    steps = {"lr_scheduler_step": "5,10", "lr_scheduler_factor": "0.5", "learning_rate": "0.1"}
    asked = job(tmp_path, steps)
    course = [learning_rate(asked, epoch) for epoch in (2, 4.9, 5, 10)]
    assert course == pytest.approx([0.1, 0.1, 0.05, 0.025])
    assert job(tmp_path, {"lr_scheduler_step": ""}).recipe.schedule == "cosine"


def test_what_has_no_effect_is_remarked_upon(tmp_path: Path) -> None:
    asked = job(
        *(tmp_path, {"kv_store": "dist_sync"}),
        **IMAGES,
        pretrained="",
        model="application/x-sagemaker-model",
    )
    assert [remark.partition(" has no effect")[0] for remark in asked.remarks] == [
        "channel pretrained",
        "kv_store=dist_sync",
    ]
