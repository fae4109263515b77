"""A training that begins with an earlier model, and models with several labels."""

import json
import logging
import shutil
import tarfile
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.initial import read_model
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_classification.train import label_weights, train
from scones_algorithms.image_classification.training import build_loss
from scones_algorithms.stop_request import StopRequest
from tests.algorithms.jobs import SMALL_JOB, Trained, metadata, write_job

BRIEF = SMALL_JOB | {"epochs": "1", "mini_batch_size": "8"}
STILL = {"learning_rate": "1e-9", "weight_decay": "0"}


def run(base: Path) -> None:
    container = Container(base)
    train(read_job(container), container, StopRequest())


def add_model(base: Path, model: Path, *, packed: bool = True) -> None:
    """Give a job the files of a model as its channel `model`."""
    folder = base / "input" / "data" / "model"
    if packed:
        folder.mkdir()
        with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
            for path in model.iterdir():
                archive.add(path, path.name)
    else:
        shutil.copytree(model, folder)
    config = base / "input" / "config" / "inputdataconfig.json"
    channels = json.loads(config.read_text())
    channels["model"] = {"ContentType": "application/x-sagemaker-model"}
    config.write_text(json.dumps(channels))


@pytest.mark.parametrize("packed", [True, False])
def test_a_training_goes_on_from_the_model_of_an_earlier_one(
    trained: Trained, tmp_path: Path, packed: bool
) -> None:
    base = write_job(tmp_path, BRIEF | STILL)
    add_model(base, trained.base / "model", packed=packed)
    run(base)
    pattern = "model/image-classification-*.params"
    (old,), (new,) = trained.base.glob(pattern), base.glob(pattern)
    before, after = mx.nd.load(str(old)), mx.nd.load(str(new))
    for name, weights in before.items():
        if "running" not in name and "dense" not in name:  # statistics are those of new images
            np.testing.assert_allclose(after[name].asnumpy(), weights.asnumpy(), atol=1e-5)
    folded = metadata(trained.base)["calibration"]["temperature"]
    channel = read_job(Container(base)).channels["model"]
    plain = read_model(channel, ("dense0_weight",))["dense0_weight"]
    np.testing.assert_allclose(plain, before["arg:dense0_weight"].asnumpy() * folded, rtol=1e-5)


def test_a_model_of_another_shape_is_refused_by_what_must_agree(
    trained: Trained, tmp_path: Path
) -> None:
    base = write_job(tmp_path, BRIEF | {"num_classes": "3"})
    add_model(base, trained.base / "model")
    with pytest.raises(CustomerError, match=r"dense0_weight is \(2, 128\) there and \(3, 128\)"):
        run(base)


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_an_archive_that_is_none_is_told_plainly(
    trained: Trained, tmp_path: Path, content: bytes
) -> None:
    base = write_job(tmp_path, BRIEF)
    add_model(base, trained.base / "model")
    (base / "input" / "data" / "model" / "model.tar.gz").write_bytes(content)
    with pytest.raises(CustomerError, match=r"model\.tar\.gz cannot be unpacked"):
        run(base)


def test_checkpoint_frequency_keeps_every_such_epoch_beside_the_last(tmp_path: Path) -> None:
    run(write_job(tmp_path, BRIEF | {"epochs": "5", "checkpoint_frequency": "2"}))
    numbers = sorted(path.stem[-4:] for path in (tmp_path / "model").glob("*.params"))
    assert numbers == ["0002", "0004", "0005"]
    assert metadata(tmp_path)["epochs"] == 5


def test_with_checkpoint_frequency_the_best_epoch_is_still_the_one_that_is_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    given = {"epochs": "4", "checkpoint_frequency": "1", "num_layers": "20"}
    run(write_job(tmp_path, BRIEF | given, train=16, validation=16))
    found = [m.partition("Validation-accuracy=")[2] for m in caplog.messages]
    accuracies = [float(accuracy) for accuracy in found if accuracy]
    assert metadata(tmp_path)["epochs"] == accuracies.index(max(accuracies)) + 1
    assert len(list((tmp_path / "model").glob("*.params"))) == 4


def write_multi_label(base: Path, hyperparameters: dict[str, str]) -> Path:
    """A job with two labels an image: warm, and there at all."""
    write_job(base, SMALL_JOB | {"multi_label": "1"} | hyperparameters)
    for name in ("train", "validation"):
        path = base / "input" / "data" / f"{name}_lst" / f"{name}.lst"
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        path.write_text("".join(f"{n}\t{1 - int(c)}\t1\t{file}\n" for n, c, file in rows))
    return base


def test_several_labels_are_learned_each_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    given = {"epochs": "6", "mini_batch_size": "16", "learning_rate": "0.05"}
    run(write_multi_label(tmp_path, given | {"use_weighted_loss": "1"}))
    data = tmp_path / "input" / "data" / "validation"
    predictor = Predictor(tmp_path / "model")
    warm, cool = (predictor.predict((data / f"00{n}.png").read_bytes()) for n in (0, 1))
    assert min(warm[1], cool[1]) > 0.5
    assert warm[0] > cool[0]
    assert metadata(tmp_path)["multi_label"] is True
    assert metadata(tmp_path)["validation"]["accuracy"] > 0.85
    assert any("Validation-accuracy=" in message for message in caplog.messages)


def test_rare_labels_weigh_more() -> None:
    class Everything:
        def total_of(self, numbers: list[float]) -> list[float]:
            return list(numbers)

    class Images:
        labels = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 1]])

        def __len__(self) -> int:
            return 4

    weights = label_weights(Everything(), Images())
    np.testing.assert_allclose(weights, [3, 1 / 3, 1], rtol=1e-6)
    said, wanted = mx.nd.zeros((1, 2)), mx.nd.array([[1, 0]])
    plain = build_loss(True, None)(said, wanted).asscalar()
    weighted = build_loss(True, weights[:2])(said, wanted).asscalar()
    assert weighted == pytest.approx(plain * (3 + 1) / 2)
