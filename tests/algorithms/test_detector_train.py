"""A detection job from start to end: its log, its files, and what ends or begins it otherwise."""

import json
import math
import re
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from PIL import Image

from tests.algorithms.detector_jobs import (
    DETECTOR,
    QUICK,
    SMALL_JOB,
    add_channel,
    run_train,
    write_channel,
    write_job,
)
from tests.algorithms.jobs import Trained, environment, failure, metadata, write_config
from tests.algorithms.pictures import encoded

WEIGHTS = "model_algo_1-0000.params"


def weights(base: Path) -> dict[str, np.ndarray]:
    loaded = mx.nd.load(str(base / "model" / WEIGHTS))
    return {name: array.asnumpy() for name, array in loaded.items()}


def change_hyperparameters(base: Path, **values: str) -> None:
    path = base / "input" / "config" / "hyperparameters.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_log_has_the_built_ins_metric_lines(detector_trained: Trained) -> None:
    log = detector_trained.process.stdout
    for line in (
        r"#quality_metric: host=algo-1, epoch=0, batch=\d+ train cross_entropy <loss>=\(([\d.]+)\)",
        r"#quality_metric: host=algo-1, epoch=0, batch=\d+ train smooth_l1 <loss>=\(([\d.]+)\)",
        r"#throughput_metric: host=algo-1, train throughput=\(([\d.]+)\) records/second",
        r"#quality_metric: host=algo-1, epoch=0, validation mAP <score>=\(([\d.]+)\)",
    ):
        values = [float(value) for value in re.findall(line, log)]
        assert values
        assert all(math.isfinite(value) and value >= 0 for value in values)


def test_it_learns_to_find_shapes_that_it_has_not_seen(detector_trained: Trained) -> None:
    scores = re.findall(r"validation mAP <score>=\(([\d.]+)\)", detector_trained.process.stdout)
    assert float(scores[-1]) > 0.8


def test_the_artifact_has_the_built_ins_names(detector_trained: Trained) -> None:
    model = detector_trained.base / "model"
    assert {path.name for path in model.iterdir()} == {
        WEIGHTS,
        "model_algo_1-symbol.json",
        "hyperparams.json",
        "model-shapes.json",
        "model-metadata.json",
    }
    given = json.loads((model / "hyperparams.json").read_text())
    assert given["num_classes"] == "2"
    assert metadata(detector_trained.base)["image_shape"] == [3, 64, 64]


def test_the_artifact_predicts_as_it_stands_in_mxnets_own_module(
    detector_trained: Trained,
) -> None:
    symbol, arguments, auxiliary = mx.model.load_checkpoint(
        str(detector_trained.base / "model" / "model_algo_1"), 0
    )
    module = mx.mod.Module(symbol, label_names=None)
    module.bind([("data", (1, 3, 64, 64))], for_training=False)
    module.set_params(arguments, auxiliary)
    module.forward(mx.io.DataBatch([mx.nd.zeros((1, 3, 64, 64))]), is_train=False)
    assert module.get_outputs()[0].shape[2] == 6


def test_the_same_seed_gives_the_same_model_and_a_checkpoint_goes_on_with_it(
    tmp_path: Path,
) -> None:
    straight = write_job(tmp_path / "straight")
    resumed = write_job(tmp_path / "resumed")
    (resumed / "checkpoints").mkdir()
    change_hyperparameters(straight, epochs="2")
    assert run_train(straight).returncode == 0
    stopped_after(resumed, epochs=1)
    again = run_train(resumed)
    assert "Resumed from the checkpoint after 1 epochs" in again.stdout
    expected, found = weights(straight), weights(resumed)
    assert expected.keys() == found.keys()
    assert all((expected[name] == found[name]).all() for name in expected)


def stopped_after(base: Path, epochs: int) -> None:
    """Train until a checkpoint of so many epochs is there, then kill the job."""
    process = subprocess.Popen(
        [*DETECTOR, "train"], env=environment(base), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    done = 0
    for line in process.stdout:
        done += "validation mAP" in line
        if done == epochs:
            break
    state = base / "checkpoints" / "training-state.npz"
    deadline = time.monotonic() + 60
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    process.stdout.close()


def test_sigterm_keeps_what_was_learned(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | {"epochs": "500"})
    process = subprocess.Popen(
        [*DETECTOR, "train"], env=environment(base), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "validation mAP" in line:
            process.send_signal(signal.SIGTERM)
            break
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    [epoch] = re.findall(r"Stop requested in epoch (\d+)", rest)
    assert 1 <= int(epoch) < 499
    assert metadata(base)["epochs"] == int(epoch) + 1
    assert weights(base)


def test_an_earlier_model_is_gone_on_with(tmp_path: Path, detector_trained: Trained) -> None:
    base = write_job(tmp_path, QUICK | {"epochs": "1", "learning_rate": "1e-9"}, validation=0)
    folder = add_channel(base, "model", "application/x-sagemaker-model")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for path in (detector_trained.base / "model").iterdir():
            archive.add(path, path.name)
    log = run_train(base).stdout
    assert "Starting from the model in channel model" in log
    before, after = weights(detector_trained.base), weights(base)
    names = [name for name in before if name.endswith("weight")]
    assert names
    assert all(np.abs(before[name] - after[name]).max() < 1e-5 for name in names)


def test_an_archive_that_reaches_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    base = write_job(tmp_path / "job", QUICK, train=8, validation=0)
    folder = add_channel(base, "model", "application/x-sagemaker-model")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        about = tarfile.TarInfo("../../escaped")
        archive.addfile(about)
    assert run_train(base).returncode == 1
    assert "model.tar.gz cannot be unpacked" in failure(base)
    assert not (tmp_path / "escaped").exists()


def test_a_model_of_other_classes_is_refused(tmp_path: Path, detector_trained: Trained) -> None:
    base = write_job(tmp_path, QUICK | {"num_classes": "3"}, train=8, validation=0)
    folder = add_channel(base, "model")
    (folder / WEIGHTS).write_bytes((detector_trained.base / "model" / WEIGHTS).read_bytes())
    assert run_train(base).returncode == 1
    assert "does not fit" in failure(base)


def test_frozen_layers_stay_as_they_were(tmp_path: Path, detector_trained: Trained) -> None:
    frozen = {"epochs": "9", "freeze_layer_pattern": "^smallfeatures0_"}
    base = write_job(tmp_path, QUICK | frozen, train=8, validation=0)
    folder = add_channel(base, "model")
    (folder / WEIGHTS).write_bytes((detector_trained.base / "model" / WEIGHTS).read_bytes())
    assert run_train(base).returncode == 0
    before, after = weights(detector_trained.base), weights(base)
    same = {name for name in before if (before[name] == after[name]).all()}
    features = {name for name in before if ":smallfeatures0_" in name}
    assert features <= same
    assert not [name for name in same - features if "anchor" not in name]


def test_a_pattern_that_freezes_nothing_is_refused(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK | {"freeze_layer_pattern": "^conv9"}, train=8, validation=0)
    assert run_train(base).returncode == 1
    assert "freeze_layer_pattern='^conv9' matches no parameter: there are smallf" in failure(base)


def test_early_stopping_ends_a_training_that_no_longer_gains(tmp_path: Path) -> None:
    rule = {
        "epochs": "30",
        "learning_rate": "1e-9",
        "early_stopping": "True",
        "early_stopping_min_epochs": "2",
        "early_stopping_patience": "1",
    }
    base = write_job(tmp_path, QUICK | rule, train=8)
    log = run_train(base).stdout
    assert "Early stopping: no improvement" in log
    assert log.count("validation mAP") < 10


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adadelta"])
def test_every_optimizer_takes_steps(tmp_path: Path, optimizer: str) -> None:
    given = QUICK | {"optimizer": optimizer, "epochs": "1", "learning_rate": "0.001"}
    base = write_job(tmp_path, given, train=8, validation=0)
    process = run_train(base)
    assert process.returncode == 0, process.stdout
    assert all(np.isfinite(values).all() for values in weights(base).values())


def test_a_broken_image_fails_the_job_by_name(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK, train=8, validation=0)
    (base / "input" / "data" / "train" / "003.png").write_bytes(b"no picture")
    assert run_train(base).returncode == 1
    assert failure(base).startswith("ClientError: 003.json: the data is neither a PNG nor a JPEG")


def test_a_picture_with_too_many_pixels_is_not_unpacked(tmp_path: Path) -> None:
    base = write_job(tmp_path, QUICK, train=8, validation=0)
    bomb = encoded(Image.new("1", (8000, 8000)))
    (base / "input" / "data" / "train" / "003.png").write_bytes(bomb)
    assert run_train(base).returncode == 1
    assert "at most 50,000,000 are unpacked" in failure(base)


def test_a_job_without_validation_trains(tmp_path: Path) -> None:
    write_channel(tmp_path, "train", 8, seed=3)
    kinds = {"train": "image/png", "train_annotation": "image/png"}
    write_config(tmp_path, SMALL_JOB | {"epochs": "1"}, **kinds)
    process = run_train(tmp_path)
    assert process.returncode == 0, process.stdout
    assert "validation mAP" not in process.stdout
