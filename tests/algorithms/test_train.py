"""A training job as SageMaker starts it: what it learns, logs and leaves."""

import json
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.image_classification.predictor import Predictor
from tests.algorithms.jobs import (
    COMMAND,
    QUICK,
    Trained,
    environment,
    failure,
    metadata,
    run_train,
    write_job,
)

NUMBER = r"\d+\.\d+"
LINES = {
    rf"Epoch\[0\] Batch \[\d+\] Speed: {NUMBER} samples/sec accuracy={NUMBER}": 1,
    rf"Epoch\[\d+\] Train-accuracy={NUMBER}$": 6,
    rf"Epoch\[\d+\] Validation-accuracy={NUMBER}$": 6,
    rf"Epoch\[\d+\] Time cost={NUMBER}$": 6,
    r'Saved checkpoint to "\S+/model/image-classification-0006\.params"$': 1,
}


def test_colours_that_differ_are_learned(trained: Trained) -> None:
    assert trained.process.returncode == 0, trained.process.stdout
    assert metadata(trained.base)["validation"]["accuracy"] >= 0.85


def test_nothing_but_log_lines_is_printed(trained: Trained) -> None:
    assert trained.process.stderr == ""
    for line in trained.process.stdout.splitlines():
        assert re.match(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (INFO|WARNING) \d+\] ", line), line


@pytest.mark.parametrize("pattern", LINES)
def test_the_log_has_the_lines_that_tools_match(trained: Trained, pattern: str) -> None:
    found = re.findall(pattern, trained.process.stdout, re.MULTILINE)
    assert len(found) >= LINES[pattern]


def test_the_model_folder_holds_the_built_ins_files(trained: Trained) -> None:
    model = trained.base / "model"
    assert sorted(path.name for path in model.iterdir()) == [
        "image-classification-0006.onnx",
        "image-classification-0006.params",
        "image-classification-symbol.json",
        "model-metadata.json",
        "model-shapes.json",
    ]
    shapes = json.loads((model / "model-shapes.json").read_text())
    assert shapes == [{"name": "data", "shape": [1, 3, 32, 32]}]
    assert not (trained.base / "output" / "failure").exists()


def test_mxnet_users_can_load_the_model_in_their_two_ways(trained: Trained) -> None:
    prefix = str(trained.base / "model" / "image-classification")
    image = (trained.base / "input" / "data" / "validation" / "000.png").read_bytes()
    predictor = Predictor(trained.base / "model")
    batch, expected = mx.nd.array(predictor.prepare(image)), predictor.predict(image)

    symbol, arguments, auxiliary = mx.model.load_checkpoint(prefix, 6)
    module = mx.mod.Module(symbol, label_names=None)
    module.bind([("data", (1, 3, 32, 32))], for_training=False)
    module.set_params(arguments, auxiliary)
    module.forward(mx.io.DataBatch([batch]), is_train=False)
    block = mx.gluon.SymbolBlock.imports(f"{prefix}-symbol.json", ["data"], f"{prefix}-0006.params")

    np.testing.assert_allclose(module.get_outputs()[0].asnumpy()[0], expected, rtol=1e-5)
    np.testing.assert_allclose(block(batch).asnumpy()[0], expected, rtol=1e-5)


def test_a_seed_gives_the_same_model_again(trained: Trained, tmp_path: Path) -> None:
    again = write_job(tmp_path / "again")
    other = write_job(tmp_path / "other", QUICK | {"seed": "1"})
    weights = [
        (base / "model" / "image-classification-0006.params").read_bytes()
        for base in (trained.base, again, other)
        if base == trained.base or run_train(base).returncode == 0
    ]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_stop_request_saves_the_model_and_succeeds(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | {"epochs": "100000"})
    process = subprocess.Popen(
        [*COMMAND, "train"], env=environment(base), stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Epoch[0] Time cost" in line:
                break
        process.send_signal(signal.SIGTERM)
        stopped = time.monotonic()
        rest = process.stdout.read()
        assert process.wait(90) == 0
    assert time.monotonic() - stopped < 90
    assert "Stop requested" in rest
    assert metadata(base)["epochs"] >= 1
    image = (base / "input" / "data" / "train" / "000.png").read_bytes()
    assert Predictor(base / "model").predict(image).sum() == pytest.approx(1, abs=1e-5)


def test_every_bad_hyperparameter_is_named_at_once_before_any_work(tmp_path: Path) -> None:
    bad = {
        "num_classes": "two",
        "image_shape": "3,32",
        "epochs": "0",
        "learning_rate": "nan",
        "optimizer": "lion",
        "num_layers": "19",
        "momentum": "-0.1",
        "early_stopping": "perhaps",
        "lr_scheduler_step": "20,10",
        "learning_rte": "0.1",
        "multi_label": "2",
        "use_pretrained_model": "yes",
        "checkpoint_frequency": "0",
    }
    base = write_job(tmp_path, bad)
    process = run_train(base)
    first_line = failure(base).splitlines()[0]
    assert process.returncode == 1
    assert first_line.startswith("ClientError: ")
    for name in [*bad, "num_training_samples"]:
        assert name in first_line
    assert "did you mean learning_rate?" in first_line
    assert not (base / "model").exists()
    assert "Traceback" not in process.stdout + process.stderr


def test_a_model_that_does_not_fit_the_disk_is_said_plainly(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | {"epochs": "1"})
    model_bytes = 400_000
    process = subprocess.run(
        [*COMMAND, "train"],
        env=environment(base),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (model_bytes, model_bytes)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 1
    assert failure(base) == "ClientError: no space left on the device\n"
    assert list((base / "model").iterdir()) == []
