"""The training loop in all its variants, in this process, on a few images."""

import json
import logging
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms import training_job
from scones_algorithms.averaging import WeightAverage
from scones_algorithms.container import Container
from scones_algorithms.early_stopping import EarlyStopping, Watch
from scones_algorithms.image_classification.artifact import save
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.network import build_network
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_classification.train import train
from scones_algorithms.stop_request import StopRequest
from tests.algorithms.jobs import SMALL_JOB, metadata, write_job

BRIEF = SMALL_JOB | {"epochs": "1", "mini_batch_size": "8"}


def run(base: Path, hyperparameters: dict[str, str], **counts: int) -> None:
    write_job(base, BRIEF | hyperparameters, **{"train": 16, "validation": 8, **counts})
    container = Container(base)
    train(read_job(container), container, StopRequest())


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"optimizer": "sgd", "num_layers": "20"},
        {"optimizer": "adam", "learning_rate": "0.01", "beta_1": "0.8", "eps": "1e-6"},
        {"optimizer": "rmsprop", "learning_rate": "0.01", "gamma": "0.8"},
        {"augmentation_type": "crop_color_transform", "lr_scheduler_step": "1"},
        {"num_layers": "18", "top_k": "2", "precision_dtype": "float16"},
        {"recipe": "modern", "network": "resnet", "num_layers": "50", "image_shape": "3,24,24"},
    ],
    ids=lambda given: ",".join(given.values()),
)
def test_every_variant_leaves_a_model_that_predicts(
    tmp_path: Path, hyperparameters: dict[str, str]
) -> None:
    run(tmp_path, hyperparameters)
    image = (tmp_path / "input" / "data" / "train" / "000.png").read_bytes()
    probabilities = Predictor(tmp_path / "model").predict(image)
    assert probabilities.shape == (2,)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_images_of_the_built_ins_size_are_shrunk_early(tmp_path: Path) -> None:
    run(tmp_path, {"image_shape": "3,96,96", "num_layers": "18"}, train=8, validation=0, size=100)
    symbol = json.loads((tmp_path / "model" / "image-classification-symbol.json").read_text())
    kernels = [node["attrs"]["kernel"] for node in symbol["nodes"] if node["op"] == "Convolution"]
    assert kernels[0] == "(7, 7)"


def test_top_k_is_told_of_training_and_validation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run(tmp_path, {"top_k": "2"})
    assert "Epoch[0] Train-top_k_accuracy_2=1.000000" in caplog.messages
    assert "Epoch[0] Validation-top_k_accuracy_2=1.000000" in caplog.messages


def test_a_job_without_validation_is_not_calibrated(tmp_path: Path) -> None:
    run(tmp_path, {}, validation=0)
    assert metadata(tmp_path)["validation"] is None
    assert metadata(tmp_path)["calibration"]["temperature"] == 1


def test_a_wrong_number_of_samples_is_remarked_upon_and_the_list_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, {"num_training_samples": "999"})
    assert any("num_training_samples=999, but train has 16" in m for m in caplog.messages)


def test_a_class_without_an_image_is_remarked_upon(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, {"num_classes": "4"})
    assert "no training image is of class 2, 3" in caplog.messages


def test_the_built_in_recipe_keeps_the_best_validation_epoch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run(tmp_path, {"num_layers": "20", "epochs": "4"})
    accuracies = [
        float(message.partition("Validation-accuracy=")[2])
        for message in caplog.messages
        if "Validation-accuracy=" in message
    ]
    best = accuracies.index(max(accuracies)) + 1
    assert metadata(tmp_path)["epochs"] == best
    said = [m for m in caplog.messages if m.startswith("Storing the best model")]
    assert said[-1] == f"Storing the best model with validation accuracy: {max(accuracies):.6f}"
    gains = [a for n, a in enumerate(accuracies) if a > max(accuracies[:n], default=-1)]
    assert len(said) == len(gains)
    assert [path.name for path in (tmp_path / "model").glob("*.params")] == [
        f"image-classification-{best:04d}.params"
    ]


def test_early_stopping_ends_a_training_that_no_longer_gains(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rule = {"early_stopping": "True", "early_stopping_min_epochs": "2"}
    still = {"learning_rate": "1e-9", "epochs": "30", "early_stopping_patience": "2"}
    run(tmp_path, rule | still)
    epochs = [m for m in caplog.messages if "Time cost" in m]
    assert 2 <= len(epochs) < 30
    assert any("Early stopping" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("rule", "accuracies", "expected"),
    [
        (None, [0.5] * 9, 9),
        (EarlyStopping(0, 2, 0.0), [0.5, 0.6, 0.6, 0.6, 0.9], 4),
        (EarlyStopping(5, 2, 0.0), [0.5, 0.6, 0.6, 0.6, 0.6, 0.9], 5),
        (EarlyStopping(0, 2, 0.1), [0.5, 0.52, 0.54, 0.9], 3),
    ],
)
def test_patience_counts_epochs_without_a_gain_beyond_the_tolerance(
    rule: EarlyStopping | None, accuracies: list[float], expected: int
) -> None:
    watch = Watch(rule)
    done = 0
    while done < len(accuracies) and not watch.patience_is_over(done):
        done += 1
        watch.is_best(accuracies[done - 1], done)
    assert done == expected


def test_a_loss_that_leaves_all_bounds_names_the_learning_rate(tmp_path: Path) -> None:
    wild = {"optimizer": "rmsprop", "learning_rate": "1", "gamma": "1", "eps": "0", "epochs": "3"}
    write_job(tmp_path, BRIEF | wild, train=16, validation=0)
    container = Container(tmp_path)
    job = read_job(container)
    code = training_job.run(lambda box, stop: train(job, box, stop), container)
    assert code == 1
    assert "lower learning_rate=1" in (tmp_path / "output" / "failure").read_text()


def test_a_stop_before_the_first_batch_leaves_no_model(tmp_path: Path) -> None:
    write_job(tmp_path, BRIEF, train=8, validation=0)
    container, stop = Container(tmp_path), StopRequest()
    stop.requested = True
    train(read_job(container), container, stop)
    assert not container.model_dir.exists()


@pytest.mark.parametrize("mirror", [False, True])
def test_temperature_and_mirror_image_are_part_of_the_saved_network(
    tmp_path: Path, mirror: bool
) -> None:
    network = build_network(None, 2, (3, 32, 32))
    batch = mx.nd.random.uniform(shape=(3, 3, 32, 32))
    straight, mirrored = network(batch).asnumpy(), network(mx.nd.flip(batch, axis=3)).asnumpy()
    save(tmp_path, network, (3, 32, 32), 3, mirror=mirror, temperature=0.5, metadata={})
    prefix = str(tmp_path / "image-classification")
    block = mx.gluon.SymbolBlock.imports(f"{prefix}-symbol.json", ["data"], f"{prefix}-0003.params")
    logits = (straight + mirrored) / 2 if mirror else straight
    expected = mx.nd.softmax(mx.nd.array(logits / 0.5)).asnumpy()
    np.testing.assert_allclose(block(batch).asnumpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(network(batch).asnumpy(), straight)


def test_averaged_weights_stand_in_for_the_latest_and_then_give_way() -> None:
    network = build_network(None, 2, (3, 32, 32))
    bias = network.output.bias
    average = WeightAverage(network, decay=0.5)
    for step in range(1, 17):
        bias.set_data(mx.nd.array([step, -step]))
        average.step()
    with average.in_place():
        averaged = bias.data().asnumpy()
    # Two updates, at steps 8 and 16, of decay 2/11 and 3/12, from a bias of 0.
    expected = (0 * 2 / 11 + 8 * 9 / 11) * 3 / 12 + 16 * 9 / 12
    np.testing.assert_allclose(averaged, [expected, -expected], rtol=1e-5)
    np.testing.assert_array_equal(bias.data().asnumpy(), [16, -16])
