"""Every hyperparameter of the contract makes the training another one: none is taken in vain."""

import functools
import hashlib
import tempfile
from pathlib import Path

import mxnet as mx
import pytest

from scones_algorithms.container import Container
from scones_algorithms.image_classification.contract import HYPERPARAMETERS
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.train import train
from scones_algorithms.stop_request import StopRequest
from tests.algorithms.jobs import SMALL_JOB, write_job

BRIEF = SMALL_JOB | {
    "num_training_samples": "16",
    "epochs": "2",
    "mini_batch_size": "8",
    "recipe": "builtin",
    "network": "small",
    "learning_rate": "0.05",
}
ADAM = {"optimizer": "adam", "learning_rate": "0.01"}
SEVERAL = {"multi_label": "1"}

# By name: what the job is told beside it, and a value that must make another model of it.
CHANGES_THE_MODEL = {
    "num_classes": ({}, "3"),
    "augmentation_type": ({}, "crop"),
    "beta_1": (ADAM, "0.5"),
    "beta_2": (ADAM, "0.9"),
    "epochs": ({}, "3"),
    "eps": (ADAM, "0.1"),
    "gamma": (ADAM | {"optimizer": "rmsprop"}, "0.5"),
    "image_shape": ({}, "3,24,24"),
    "learning_rate": ({}, "0.02"),
    "lr_scheduler_factor": ({"lr_scheduler_step": "1"}, "0.5"),
    "lr_scheduler_step": ({}, "1"),
    "mini_batch_size": ({}, "4"),
    "momentum": ({}, "0.5"),
    "multi_label": ({}, "1"),
    "network": ({}, "wide"),
    "num_layers": ({"network": "resnet"}, "20"),
    "optimizer": ({}, "nag"),
    "recipe": ({}, "modern"),
    "resize": ({}, "40"),
    "seed": ({}, "1"),
    "use_pretrained_model": ({"network": "wide"}, "1"),
    "use_weighted_loss": (SEVERAL, "1"),
    "weight_decay": ({}, "0.1"),
}
# By name: the file with the test of what it does instead.
CHANGES_SOMETHING_ELSE = {
    "checkpoint_frequency": "test_initial",
    "early_stopping": "test_training",
    "early_stopping_min_epochs": "test_job",
    "early_stopping_patience": "test_job",
    "early_stopping_tolerance": "test_job",
    "kv_store": "test_distributed",
    "num_training_samples": "test_training",
    "precision_dtype": "test_job",
    "top_k": "test_training",
}


@functools.cache
def model_of(given: tuple[tuple[str, str], ...]) -> str:
    """Train, and return a digest of the weights."""
    hyperparameters = BRIEF | dict(given)
    if hyperparameters.get("num_layers"):
        hyperparameters.pop("network")
    with tempfile.TemporaryDirectory() as folder:
        base = write_job(Path(folder), hyperparameters, train=16, validation=0)
        if hyperparameters.get("multi_label") == "1":
            label_all_with_the_second(base)
        container = Container(base)
        train(read_job(container), container, StopRequest())
        (file,) = (base / "model").glob("*.params")
        found = hashlib.sha256()
        for name, array in sorted(mx.nd.load(str(file)).items()):
            found.update(name.encode() + array.asnumpy().tobytes())
        return found.hexdigest()


def label_all_with_the_second(base: Path) -> None:
    """Give each image two labels; the first one is rare."""
    path = base / "input" / "data" / "train_lst" / "train.lst"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    path.write_text("".join(f"{n}\t{int(int(n) < 2)}\t1\t{file}\n" for n, _, file in rows))


def trained(given: dict[str, str]) -> str:
    return model_of(tuple(sorted(given.items())))


def test_the_same_job_gives_the_same_model() -> None:
    first = trained({})
    model_of.cache_clear()
    assert trained({}) == first


@pytest.mark.parametrize("name", CHANGES_THE_MODEL)
def test_another_value_gives_another_model(name: str) -> None:
    beside, value = CHANGES_THE_MODEL[name]
    assert trained(beside | {name: value}) != trained(beside)


def test_every_hyperparameter_is_tested() -> None:
    names = [hyperparameter.name for hyperparameter in HYPERPARAMETERS]
    assert sorted(names) == sorted([*CHANGES_THE_MODEL, *CHANGES_SOMETHING_ELSE])
    for name, file in CHANGES_SOMETHING_ELSE.items():
        assert f'"{name}"' in Path(__file__).with_name(f"{file}.py").read_text()
