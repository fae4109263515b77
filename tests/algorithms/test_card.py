"""The model card that a training job leaves beside its model."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones_algorithms.container import Container
from scones_algorithms.image_classification.card import build_card
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.evaluation import MOST_CLASSES, evaluate
from scones_algorithms.image_classification.initial import BASE_FILE
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.intervals import wilson
from tests.algorithms.jobs import QUICK, SMALL_JOB, Trained, metadata, run_train, write_job


def card_of(base: Path) -> dict[str, Any]:
    return json.loads((base / "output" / "data" / "model-card.json").read_text())


def metrics(card: dict[str, Any]) -> dict[str, Any]:
    """The validation metrics by name."""
    (found,) = [e for e in card["evaluation_details"] if e["name"] == "Validation images"]
    return {m["name"]: m["value"] for group in found["metric_groups"] for m in group["metric_data"]}


def custom(card: dict[str, Any]) -> dict[str, str]:
    return card["additional_information"]["custom_details"]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=1e-4)  # Newcombe 1998, table I


def test_the_card_counts_what_the_served_model_answers(trained: Trained) -> None:
    data = trained.base / "input" / "data"
    predictor = Predictor(trained.base / "model")
    lines = (data / "validation_lst" / "validation.lst").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    said = np.array([predictor.predict((data / "validation" / f).read_bytes()) for _, _, f in rows])
    labels = np.array([int(label) for _, label, _ in rows])
    right = said.argmax(axis=1) == labels
    passed = said.max(axis=1) >= 0.93
    found = metrics(card_of(trained.base))
    assert found["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    assert found["accuracy from"] < found["accuracy"] <= found["accuracy to"] <= 1
    assert found["share that passes"] == pytest.approx(passed.mean(), abs=1e-6)
    expected = [
        [int(((labels == a) & (said.argmax(axis=1) == b)).sum()) for b in (0, 1)] for a in (0, 1)
    ]
    assert found["confusion"] == expected
    table = np.array(found["reliability"])
    assert table[:, 2].sum() == len(rows)
    assert table[:, 3].sum() == right.sum()
    gap = np.abs(table[:, 3] - table[:, 2] * table[:, 4]).sum() / len(rows)
    assert found["expected calibration error"] == pytest.approx(gap, abs=1e-4)


def test_the_card_says_which_images_and_values_the_model_comes_from(trained: Trained) -> None:
    card = card_of(trained.base)
    details = card["training_details"]["training_job_details"]
    data = trained.base / "input" / "data"
    lines = (data / "train_lst" / "train.lst").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    digest = hashlib.sha256(np.array([int(label) for _, label, _ in rows]).tobytes())
    for _, _, file in rows:
        with Image.open(data / "train" / file) as image:
            digest.update(np.asarray(image.convert("RGB")).tobytes())
    assert digest.hexdigest() in details["training_datasets"][0]
    assert (
        "48 images of 32 x 32 pixels (24 of class 0, 24 of class 1)"
        in (details["training_datasets"][0])
    )
    values = {one["name"]: one["value"] for one in details["hyper_parameters"]}
    assert {name: values[name] for name in QUICK} == QUICK
    assert (values["momentum"], values["kv_store"], values["recipe"]) == ("0.9", "none", "modern")
    said = custom(card)
    assert "epochs" in said["hyperparameters: given"].split(", ")
    assert "momentum" in said["hyperparameters: recipe"].split(", ")
    assert "gamma" in said["hyperparameters: default"].split(", ")
    assert (said["seed"], said["threads"], said["began with"]) == ("0", "1", "random weights")
    assert float(said["cpu seconds"]) > 1
    assert said["mxnet"] == metadata(trained.base)["versions"]["mxnet"]


def test_the_card_of_a_model_from_the_base_network_names_it(tmp_path: Path) -> None:
    given = SMALL_JOB | {"use_pretrained_model": "1", "epochs": "1"}
    base = write_job(tmp_path, given, train=16, validation=8)
    assert run_train(base).returncode == 0
    said = custom(card_of(base))
    assert said["base network sha256"] == hashlib.sha256(BASE_FILE.read_bytes()).hexdigest()
    assert "78 classes" in said["base network data"]
    assert "CIFAR-100 (Krizhevsky 2009) states none" in said["base network licence"]


def test_a_job_that_goes_on_has_the_card_of_the_model_that_it_ends_with(tmp_path: Path) -> None:
    given = SMALL_JOB | {"epochs": "1", "early_stopping": "True"}  # keeps the best epoch
    base = write_job(tmp_path, given, train=16, validation=8)
    (base / "checkpoints").mkdir()
    assert run_train(base).returncode == 0
    first = card_of(base)
    shutil.rmtree(base / "model")
    shutil.rmtree(base / "output")
    assert run_train(base).returncode == 0
    assert metrics(card_of(base)) == metrics(first)
    assert custom(card_of(base))["resumed after epochs"] == "1"


def test_a_job_without_validation_images_claims_nothing(tmp_path: Path) -> None:
    base = write_job(tmp_path, SMALL_JOB | {"epochs": "1"}, train=8, validation=0)
    assert run_train(base).returncode == 0
    assert [part["name"] for part in card_of(base)["evaluation_details"]] == ["Data"]


def test_of_many_classes_there_is_no_confusion_matrix() -> None:
    logits = np.eye(MOST_CLASSES + 1, dtype=np.float32) * 9
    found = evaluate(logits, np.arange(MOST_CLASSES + 1), 1.0)
    assert found["confusion"] is None
    assert (found["images"], found["right"]) == (21, 21)


def test_of_several_labels_each_is_a_question_of_its_own(tmp_path: Path) -> None:
    job = read_job(Container(write_job(tmp_path, SMALL_JOB | {"multi_label": "1"})))
    pixels = np.zeros((3, 32, 32, 3), np.uint8)
    images = {"train": LabelledImages(pixels, np.array([[1, 1], [0, 1], [0, 1]]))}
    found = evaluate(np.array([[0, 3], [0, -3], [0, 3]], np.float32), np.array([1, 0, 0]), 1.0)
    about = {
        "network": "small",
        "epochs": 1,
        "versions": {"scones-algorithms": "0", "mxnet": "1"},
        "calibration": {"temperature": 1.0},
        "validation": {"calibration_error": 0.1, "mean_confidence": 0.9, "log_loss": 0.2},
        "evaluation": found,
    }
    card = build_card(job, images, about)
    (chart,) = card["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    assert chart["value"] == [1, 3]
    confusion = card["evaluation_details"][1]["metric_groups"][-1]["metric_data"][0]
    assert (confusion["value"], confusion["x_axis_name"]) == (
        [[1, 1], [0, 1]],
        ["absent", "present"],
    )


def test_the_job_is_named_where_the_service_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/bakery-1"
    monkeypatch.setitem(os.environ, "TRAINING_JOB_NAME", "bakery-1")
    monkeypatch.setitem(os.environ, "TRAINING_JOB_ARN", arn)
    base = write_job(tmp_path, SMALL_JOB | {"epochs": "1"}, train=8, validation=0)
    assert run_train(base).returncode == 0
    card = card_of(base)
    assert card["model_overview"]["model_name"] == "bakery-1"
    assert card["training_details"]["training_job_details"]["training_arn"] == arn
