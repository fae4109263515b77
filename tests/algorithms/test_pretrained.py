"""The base network: its file, its card, and a training that begins with it."""

import hashlib
import subprocess
import sys
from pathlib import Path

import mxnet as mx
import numpy as np

from scones_algorithms.image_classification.base_network import write_base
from scones_algorithms.image_classification.initial import read_base
from tests.algorithms.jobs import Trained

PROGRAM = "scones_algorithms.image_classification.base_network"


def test_a_base_has_the_models_weights_in_half_the_space(trained: Trained, tmp_path: Path) -> None:
    file = tmp_path / "base.params"
    digest = write_base(trained.base / "model", file, "a few drawings")
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    (weights,) = (trained.base / "model").glob("*.params")
    assert file.stat().st_size < 0.55 * weights.stat().st_size
    found, expected = read_base(file), mx.nd.load(str(weights))
    for name, array in expected.items():
        np.testing.assert_allclose(found[name.partition(":")[2]], array.asnumpy(), 2e-3, 1e-4)
    card = file.with_suffix(".md").read_text()
    for words in (digest, "a few drawings", "CIFAR-100 (Krizhevsky 2009) states none", "6 epochs"):
        assert words in card


def test_the_program_says_what_is_no_model(tmp_path: Path) -> None:
    command = [sys.executable, "-m", PROGRAM, str(tmp_path), str(tmp_path / "base.params")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert process.returncode == 1
    assert "is it the unpacked model.tar.gz of a training job?" in process.stderr
