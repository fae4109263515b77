"""What a job may ask for, and what it gets when it leaves things open."""

import dataclasses
import json
from pathlib import Path

import pytest

from scones_algorithms.container import Container
from scones_algorithms.declaration import read
from scones_algorithms.early_stopping import EarlyStopping
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.contract import HYPERPARAMETERS
from scones_algorithms.image_classification.job import Job, read_job
from scones_algorithms.image_classification.recipe import BUILTIN, MODERN
from scones_algorithms.schedule import Schedule, learning_rate
from tests.algorithms.jobs import SMALL_JOB, write_config

IMAGES = dict.fromkeys(("train", "train_lst", "validation", "validation_lst"), "image/png")


def job(base: Path, hyperparameters: dict[str, str], **channels: str) -> Job:
    write_config(base, SMALL_JOB | hyperparameters, **(channels or IMAGES))
    return read_job(Container(base))


def refusal(base: Path, hyperparameters: dict[str, str], **channels: str) -> str:
    with pytest.raises(CustomerError) as caught:
        job(base, hyperparameters, **channels)
    return str(caught.value)


def test_a_small_job_is_trained_by_the_modern_recipe_on_the_small_network(tmp_path: Path) -> None:
    asked = job(tmp_path, {})
    assert asked.recipe == MODERN
    assert asked.num_layers is None


def test_num_layers_asks_for_the_built_in(tmp_path: Path) -> None:
    asked = job(tmp_path, {"num_layers": "50"})
    assert asked.recipe == BUILTIN
    assert asked.num_layers == 50


def test_the_built_in_recipe_has_the_built_ins_depth(tmp_path: Path) -> None:
    assert job(tmp_path, {"recipe": "builtin"}).num_layers == 152


def test_large_images_get_a_residual_network_in_the_modern_recipe_too(tmp_path: Path) -> None:
    asked = job(tmp_path, {"image_shape": "3,224,224"})
    assert (asked.recipe.name, asked.num_layers) == ("modern", 18)


def test_a_jobs_own_values_are_laid_over_the_recipe(tmp_path: Path) -> None:
    own = {
        "epochs": "7",
        "mini_batch_size": "8",
        "optimizer": "adam",
        "learning_rate": "0.001",
        "momentum": "0.5",
        "weight_decay": "0",
    }
    recipe = job(tmp_path, own).recipe
    assert {name: str(getattr(recipe, name)).removesuffix(".0") for name in own} == own
    assert recipe.augmentation == MODERN.augmentation


def test_values_may_be_json_numbers(tmp_path: Path) -> None:
    write_config(tmp_path, SMALL_JOB, **IMAGES)
    path = tmp_path / "input" / "config" / "hyperparameters.json"
    path.write_text(json.dumps(SMALL_JOB | {"epochs": 3}))
    assert read_job(Container(tmp_path)).recipe.epochs == 3


def test_sagemakers_own_hyperparameters_are_let_pass(tmp_path: Path) -> None:
    assert job(tmp_path, {"_tuning_objective_metric": "validation:accuracy"}).seed == 0


@pytest.mark.parametrize("parameter", HYPERPARAMETERS, ids=lambda parameter: parameter.name)
def test_every_hyperparameter_refuses_nonsense_by_name(parameter) -> None:
    values, problems = read(HYPERPARAMETERS, SMALL_JOB | {parameter.name: "nonsense"})
    assert len(problems) == 1
    assert problems[0].startswith(f"{parameter.name}='nonsense' must be")
    assert parameter.name not in values


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        ({"top_k": "3"}, "top_k=3 is more than num_classes=2"),
        ({"resize": "31"}, "resize=31 is less than a side"),
        ({"network": "small", "num_layers": "20"}, "num_layers belongs to network=resnet"),
        ({"learning_rate": "0"}, "learning_rate='0' must be a number above 0 to 1"),
        ({"image_shape": "1,28,28"}, "image_shape='1,28,28' must be"),
        ({"checkpoint_frequency": "5", "epochs": "4"}, "checkpoint_frequency=5 is more than epoch"),
        ({"multi_label": "1", "top_k": "2"}, "top_k belongs to single labels"),
        (
            {"use_pretrained_model": "1", "num_layers": "18"},
            "has ResNets for images of 96 pixels and more",
        ),
        (
            {"use_pretrained_model": "1", "num_layers": "20"},
            "needs GluonCV's weights of that ResNet in the channel pretrained",
        ),
        (
            {"use_pretrained_model": "1", "image_shape": "3,224,224"},
            "needs GluonCV's weights of that ResNet in the channel pretrained",
        ),
        (
            {"use_pretrained_model": "1", "image_shape": "3,224,224", "network": "wide"},
            "has a base for images below 96 pixels alone",
        ),
        ({"use_pretrained_model": "1", "network": "small"}, "has nothing for network=small"),
    ],
)
def test_values_that_contradict_are_refused(
    tmp_path: Path, hyperparameters: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, hyperparameters)


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ({"train": ""}, "channel train_lst is missing"),
        ({"validation": ""}, "channel train is missing"),
        ({**IMAGES, "test": ""}, "channel test is unknown"),
        ({**IMAGES, "model": "application/x-recordio"}, "content type must be application/x-sage"),
        ({**IMAGES, "train": "text/csv"}, "content type text/csv is not supported"),
        ({**IMAGES, "train": "application/x-recordio"}, "channel train_lst belongs to images"),
        ({**IMAGES, "train": "image/png; label-format=xml"}, "'label-format=xml' is unknown"),
        ({"train": "", "train_lst": "", "validation": ""}, "channel validation_lst is missing"),
    ],
)
def test_channels_that_do_not_go_together_are_refused(
    tmp_path: Path, channels: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, {}, **channels)


def test_early_stopping_needs_something_to_watch(tmp_path: Path) -> None:
    words = "early_stopping needs a validation channel"
    assert words in refusal(tmp_path, {"early_stopping": "True"}, train="", train_lst="")


def test_the_rule_of_early_stopping_is_taken_as_given(tmp_path: Path) -> None:
    given = {
        "early_stopping": "True",
        "early_stopping_min_epochs": "3",
        "early_stopping_patience": "4",
        "early_stopping_tolerance": "0.25",
    }
    assert job(tmp_path, given, **IMAGES).early_stopping == EarlyStopping(3, 4, 0.25)
    del given["early_stopping"]
    assert job(tmp_path, given, **IMAGES).early_stopping is None


def test_several_hosts_train_synchronously_if_nothing_is_said(tmp_path: Path) -> None:
    alone = job(tmp_path, {})
    assert (alone.cluster.size, alone.kv_store) == (1, None)
    hosts = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]}
    resources = tmp_path / "input" / "config" / "resourceconfig.json"
    resources.write_text(json.dumps(hosts))
    asked = read_job(Container(tmp_path))
    assert (asked.cluster.size, asked.cluster.rank, asked.kv_store) == (2, 1, "dist_sync")
    assert asked.remarks == ("kv_store is not given: 2 hosts train with dist_sync",)


def test_a_host_that_is_not_among_the_hosts_is_refused(tmp_path: Path) -> None:
    job(tmp_path, {})
    resources = tmp_path / "input" / "config" / "resourceconfig.json"
    resources.write_text('{"current_host": "algo-3", "hosts": ["algo-1", "algo-2"]}')
    with pytest.raises(CustomerError, match="current_host algo-3, which is not in its hosts"):
        read_job(Container(tmp_path))


def test_pipe_mode_is_refused_for_images_with_a_list_file(tmp_path: Path) -> None:
    write_config(tmp_path, SMALL_JOB, **IMAGES)
    config = tmp_path / "input" / "config"
    channels = json.loads(config.joinpath("inputdataconfig.json").read_text())
    channels["train"]["TrainingInputMode"] = "Pipe"
    config.joinpath("inputdataconfig.json").write_text(json.dumps(channels))
    with pytest.raises(CustomerError, match="Pipe mode takes application/x-recordio"):
        read_job(Container(tmp_path))


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    write_config(tmp_path, SMALL_JOB, **IMAGES)
    path = tmp_path / "input" / "config" / "hyperparameters.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(CustomerError, match=r"hyperparameters\.json"):
        read_job(Container(tmp_path))


def test_float16_and_kv_store_are_remarked_upon(tmp_path: Path) -> None:
    asked = job(tmp_path, {"precision_dtype": "float16", "kv_store": "dist_sync"})
    assert len(asked.remarks) == 2


def test_what_has_no_effect_is_remarked_upon(tmp_path: Path) -> None:
    given = {"use_weighted_loss": "1", "use_pretrained_model": "1"}
    asked = job(tmp_path, given, **IMAGES, model="application/x-sagemaker-model")
    assert [remark.partition("=")[0] for remark in asked.remarks] == [
        "use_weighted_loss",
        "use_pretrained_model",
    ]


def test_the_cosine_rises_then_falls_to_nothing(tmp_path: Path) -> None:
    asked = job(tmp_path, {"epochs": "20", "learning_rate": "0.4"})
    course = [learning_rate(asked, epoch) for epoch in (0, 1.5, 3, 11.5, 20)]
    assert course == pytest.approx([0, 0.2, 0.4, 0.2, 0])


def test_a_schedule_in_steps_replaces_the_recipes(tmp_path: Path) -> None:
    steps = {"lr_scheduler_step": "5,10", "lr_scheduler_factor": "0.5", "num_layers": "20"}
    asked = job(tmp_path, steps)
    course = [learning_rate(asked, epoch) for epoch in (0, 4.9, 5, 10, 29)]
    assert course == pytest.approx([0.1, 0.1, 0.05, 0.025, 0.025])


def test_the_built_ins_rate_is_constant_without_steps(tmp_path: Path) -> None:
    asked = job(tmp_path, {"num_layers": "20"})
    assert {learning_rate(asked, epoch) for epoch in (0.1, 10, 30)} == {0.1}


def test_servers_of_an_asynchronous_training_count_the_steps_of_all_hosts(tmp_path: Path) -> None:
    asked = job(tmp_path, {"lr_scheduler_step": "2", "num_layers": "20"})
    schedule = Schedule(asked, steps_per_epoch=10)
    assert [schedule(steps) for steps in (1, 19, 20)] == pytest.approx([0.1, 0.1, 0.01])


def test_a_job_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        job(tmp_path, {}).seed = 1
