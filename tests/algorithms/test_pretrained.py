"""The base network: its file, its card, and a training that begins with it."""

import hashlib
import subprocess
import sys
from pathlib import Path

import mxnet as mx
import numpy as np

from scones_algorithms.container import Container
from scones_algorithms.image_classification.base_network import write_base
from scones_algorithms.image_classification.familiarity import Background
from scones_algorithms.image_classification.initial import (
    BASE_FILE,
    read_base,
    set_initial_weights,
)
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.network import build_network, last_layer
from scones_algorithms.image_classification.onlooker import features_of
from scones_algorithms.image_classification.recipe import FINE_TUNING, LOOKS_AT
from scones_algorithms.image_classification.shrinking import Shrinking
from scones_algorithms.image_classification.train import read_images
from scones_algorithms.weights import set_weights
from tests.algorithms.jobs import SMALL_JOB, Trained, write_job

PROGRAM = "scones_algorithms.image_classification.base_network"


def test_a_base_has_the_models_weights_in_half_the_space(trained: Trained, tmp_path: Path) -> None:
    file = tmp_path / "base.params"
    digest = write_base(Container(trained.base), file, "a few drawings")
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    (weights,) = (trained.base / "model").glob("*.params")
    covariances = 2 * 4 * 128 * 128
    assert file.stat().st_size < 0.55 * weights.stat().st_size + covariances
    found, expected = read_base(file), mx.nd.load(str(weights))
    for name, array in expected.items():
        np.testing.assert_allclose(found[name.partition(":")[2]], array.asnumpy(), 2e-3, 1e-4)
    card = file.with_suffix(".md").read_text()
    for words in (digest, "a few drawings", "CIFAR-100 (Krizhevsky 2009) states none", "6 epochs"):
        assert words in card


def test_a_base_tells_how_the_training_images_are_spread(trained: Trained, tmp_path: Path) -> None:
    write_base(Container(trained.base), tmp_path / "base.params", "a few drawings")
    found = Background.read(read_base(tmp_path / "base.params"))
    job = read_job(Container(trained.base))
    network = build_network(job.num_layers, 2, job.image_shape)
    set_weights(network, read_base(tmp_path / "base.params"))
    images, _ = read_images(job)
    shrinking = Shrinking.to(LOOKS_AT, *job.image_shape[1:])
    features = features_of(network, images.pixels, shrinking, mirror=FINE_TUNING.mirror)
    assert found.side == LOOKS_AT
    np.testing.assert_allclose(found.mean, features.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.total, np.cov(features, rowvar=False), atol=1e-5)
    centred = (
        features
        - np.stack([features[images.labels == k].mean(axis=0) for k in (0, 1)])[images.labels]
    )
    within = centred.T @ centred / (len(features) - 2)
    np.testing.assert_allclose(found.within, within, atol=1e-5)


def test_the_program_says_what_is_no_model(tmp_path: Path) -> None:
    command = [sys.executable, "-m", PROGRAM, str(tmp_path), str(tmp_path / "base.params")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert process.returncode == 1
    assert "hyperparameters.json" in process.stderr


def test_the_base_that_is_shipped_is_the_one_that_its_card_describes() -> None:
    card = BASE_FILE.with_suffix(".md").read_text()
    assert hashlib.sha256(BASE_FILE.read_bytes()).hexdigest() in card
    assert BASE_FILE.stat().st_size < 2e6


def test_a_training_may_begin_with_the_base_but_for_the_last_layer(tmp_path: Path) -> None:
    job = read_job(Container(write_job(tmp_path, SMALL_JOB | {"use_pretrained_model": "1"})))
    assert job.recipe == FINE_TUNING
    network = build_network(job.num_layers, 2, (3, 32, 32), wide=job.wide)
    last = last_layer(network)
    drawn = {name: network.collect_params()[name].data().asnumpy() for name in last}
    set_initial_weights(network, job)
    base = read_base(BASE_FILE)
    for name, parameter in network.collect_params().items():
        expected = drawn[name] if name in last else base[name]
        np.testing.assert_array_equal(parameter.data().asnumpy(), expected)
