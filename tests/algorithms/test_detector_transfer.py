"""A training that begins with one of GluonCV's own detectors, as their file has it."""

import re
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from gluoncv.model_zoo.ssd.presets import ssd_512_mobilenet1_0_coco

from scones_algorithms.image_classification.initial import BASE_FILE, read_base
from scones_algorithms.object_detection.network import initialize
from tests.algorithms.detector_jobs import QUICK, add_channel, run_train, write_job
from tests.algorithms.jobs import failure

WIDE = {"network": "wide", "epochs": "1"}
SHORT = QUICK | {"epochs": "1", "learning_rate": "1e-9", "recipe": "builtin"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published one: GluonCV's network for COCO, with other numbers in it."""
    mx.random.seed(5)
    network = ssd_512_mobilenet1_0_coco(pretrained_base=False)
    initialize(network)
    network(mx.nd.zeros((1, 3, 512, 512)))
    path = tmp_path_factory.mktemp("published") / "ssd_512_mobilenet1.0_coco-da9756fa.params"
    network.save_parameters(str(path))
    return path


def test_all_layers_but_the_class_scores_are_taken(tmp_path: Path, published: Path) -> None:
    given = SHORT | {"network": "mobilenet", "use_pretrained_model": "1"}
    base = write_job(tmp_path, given, train=8, validation=0)
    (add_channel(base, "pretrained") / published.name).symlink_to(published)
    process = run_train(base)
    assert process.returncode == 0, process.stdout
    counted = re.search(r"Starting from ssd_512\S+: (\d+) of (\d+) parameters", process.stdout)
    assert counted is not None
    taken, there = int(counted[1]), int(counted[2])
    maps = 6
    assert there - taken == 3 * maps  # of each map: scores' weights and biases, and the anchors
    loaded = mx.nd.load(str(published))
    trained = mx.nd.load(str(base / "model" / "model_algo_1-0000.params"))
    offsets = loaded["box_predictors.0.predictor.weight"].asnumpy()
    same = [
        name
        for name, array in trained.items()
        if array.shape == offsets.shape and np.abs(array.asnumpy() - offsets).max() < 1e-5
    ]
    assert len(same) == 1


def test_without_the_wish_a_file_is_not_used(tmp_path: Path, published: Path) -> None:
    given = SHORT | {"network": "mobilenet", "use_pretrained_model": "0"}
    base = write_job(tmp_path, given, train=8, validation=0)
    (add_channel(base, "pretrained") / published.name).symlink_to(published)
    log = run_train(base).stdout
    assert "channel pretrained has no effect with use_pretrained_model=0" in log
    assert "Starting from" not in log


def test_weights_of_another_network_are_refused(tmp_path: Path, published: Path) -> None:
    base = write_job(tmp_path, SHORT, train=8, validation=0)
    (add_channel(base, "pretrained") / published.name).symlink_to(published)
    assert run_train(base).returncode == 1
    assert "ssd_512_mobilenet1.0_coco-da9756fa.params in channel pretrained" in failure(base)


def base_weights(trained: dict[str, mx.nd.NDArray]) -> dict[str, np.ndarray]:
    """Weights of the base network's convolutions, by their names there."""
    return {
        name.partition("base_")[2]: array.asnumpy()
        for name, array in trained.items()
        if "_base_" in name and name.endswith("weight")
    }


def test_the_base_network_gives_all_weights_of_its_layers(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | WIDE | {"learning_rate": "1e-9"}, train=8, validation=0)
    process = run_train(base)
    assert process.returncode == 0, process.stdout
    assert f"Starting from the base network {BASE_FILE.name}" in process.stdout
    trained = mx.nd.load(str(base / "model" / "model_algo_1-0000.params"))
    shipped = read_base(BASE_FILE)
    taken = base_weights(trained)
    assert taken.keys() == {name for name in shipped if "conv" in name}
    assert all(np.abs(array - shipped[name]).max() < 1e-5 for name, array in taken.items())


def test_the_first_stage_of_the_base_network_stays_and_the_others_learn(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | WIDE | {"epochs": "9"}, train=8, validation=0)
    assert run_train(base).returncode == 0
    trained = mx.nd.load(str(base / "model" / "model_algo_1-0000.params"))
    moved = {
        name
        for name, array in base_weights(trained).items()
        if (array != read_base(BASE_FILE)[name]).any()
    }
    kept = {"conv0_weight", "stage1_conv0_weight", "stage1_conv1_weight"}
    assert moved == {name for name in read_base(BASE_FILE) if "conv" in name} - kept


def test_the_base_network_can_be_left_out(tmp_path: Path) -> None:
    given = QUICK | WIDE | {"epochs": "1", "use_pretrained_model": "0"}
    process = run_train(write_job(tmp_path, given, train=8, validation=0))
    assert process.returncode == 0, process.stdout
    assert "Network: wide" in process.stdout
    assert "Starting from" not in process.stdout


@pytest.mark.parametrize("network", ["resnet-50", "vgg-16"])
def test_the_built_ins_networks_train_a_step(tmp_path: Path, network: str) -> None:
    given = {
        "num_classes": "2",
        "num_training_samples": "1",
        "base_network": network,
        "epochs": "1",
        "mini_batch_size": "1",
        "learning_rate": "1e-6",
    }
    base = write_job(tmp_path, given, train=1, validation=0)
    process = run_train(base)
    assert process.returncode == 0, process.stdout
    assert f"Network: {network}" in process.stdout
    assert "starts from random weights" in process.stdout
