"""Models that AWS's own algorithm has trained are served as they are, and trained further."""

import json
import logging
import shutil
from pathlib import Path
from typing import NamedTuple

import mxnet as mx
import numpy as np
import pytest
from PIL import Image

from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.builtin_model import read_built_in
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_classification.train import train
from scones_algorithms.stop_request import StopRequest
from tests.algorithms.built_in_models import LAYERS, SHAPE, network, write_model
from tests.algorithms.jobs import SMALL_JOB, metadata, write_job
from tests.algorithms.pictures import encoded, picture
from tests.algorithms.servers import Server
from tests.algorithms.test_initial import add_model

SIDE = SHAPE[1]
FURTHER = SMALL_JOB | {
    "image_shape": ",".join(map(str, SHAPE)),
    "num_layers": str(LAYERS),
    "num_training_samples": "16",
    "mini_batch_size": "8",
    "epochs": "1",
}
STILL = {"learning_rate": "1e-9", "weight_decay": "0"}


class BuiltIn(NamedTuple):
    """A model of the built-in, its base folder, and images with its own answers to them."""

    base: Path
    images: list[Image.Image]
    answers: np.ndarray

    @property
    def model(self) -> Path:
        return self.base / "model"


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> BuiltIn:
    base = tmp_path_factory.mktemp("built-in") / "ml"
    rng = np.random.default_rng(8)
    images = [(number % 2, picture(number % 2, rng, SIDE)) for number in range(32)]
    module = write_model(base / "model", images)
    pixels = np.stack([np.asarray(image).transpose(2, 0, 1) for _, image in images])
    found = module.predict(mx.io.NDArrayIter(pixels.astype(np.float32), batch_size=16))
    return BuiltIn(base, [image for _, image in images], found.asnumpy())


@pytest.fixture
def model(built_in: BuiltIn, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built_in.model, tmp_path / "copy"))


def test_its_model_is_served_with_its_own_answers(built_in: BuiltIn) -> None:
    assert np.ptp(built_in.answers[:, 0]) > 0.5  # images are told apart
    server = Server(built_in.base)
    try:
        found = [json.loads(server.classify(encoded(image))) for image in built_in.images[:6]]
        larger = built_in.images[0].resize((4 * SIDE, 4 * SIDE), Image.Resampling.NEAREST)
        assert np.argmax(json.loads(server.classify(encoded(larger)))) == 0
        assert any("a model of AWS's built-in algorithm" in line for line in server.lines)
    finally:
        assert server.stop() == 0
    np.testing.assert_allclose(found, built_in.answers[:6], atol=1e-4)


def test_it_has_an_embedding_too(built_in: BuiltIn) -> None:
    predictor = Predictor(built_in.model, embedding=True)
    assert predictor.predict(encoded(built_in.images[0])).shape == (8,)


def test_its_files_tell_what_it_is(built_in: BuiltIn, tmp_path: Path) -> None:
    found = read_built_in(built_in.model)
    assert found is not None
    assert (found.image_shape, found.num_classes, found.num_layers) == (SHAPE, 2, LAYERS)
    assert (found.normalisation, found.last_layer) == ("bn_data", "fc1")
    assert read_built_in(tmp_path) is None


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (None, "model-shapes.json is missing"),
        ([{"name": "data", "shape": [1, 1, 28, 28]}], "1 colour channels, and 3"),
        ([{"name": "picture", "shape": [1, 3, 28, 28]}], "cannot be used: ValueError"),
        ({}, "cannot be used: ValueError"),
    ],
)
def test_a_model_without_its_shape_is_told_plainly(model: Path, shapes: object, words: str) -> None:
    (model / "model-shapes.json").unlink()
    if shapes is not None:
        (model / "model-shapes.json").write_text(json.dumps(shapes))
    with pytest.raises(CustomerError, match=words):
        Predictor(model)


def test_a_model_in_half_precision_is_refused(model: Path) -> None:
    network(half_precision=True).save(str(model / "image-classification-symbol.json"))
    with pytest.raises(CustomerError, match="float16, which a CPU does not"):
        Predictor(model)


def further(
    base: Path, model: Path, given: dict[str, str], *, checkpoints: bool = False
) -> Container:
    """Lay out a job that goes on from a model, and train it."""
    write_job(base, FURTHER | given, train=16, validation=8, size=SIDE)
    add_model(base, model)
    container = Container(base)
    if checkpoints:
        container.checkpoint_dir.mkdir()
    train(read_job(container), container, StopRequest())
    return container


def test_its_training_goes_on_with_the_answers_that_it_had(
    built_in: BuiltIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    container = further(tmp_path, built_in.model, STILL)
    assert any("Starting from the model in channel model" in m for m in caplog.messages)
    before, after = (
        mx.nd.load(str(next(folder.glob("*.params"))))
        for folder in (built_in.model, container.model_dir)
    )
    folded = metadata(tmp_path)["calibration"]["temperature"]
    for name in before:
        # Statistics are those of new images; this gamma is fixed, and counts as 1.
        if not name.startswith("aux:") and name != "arg:bn_data_gamma":
            divided = folded if "fc1" in name else 1
            expected = before[name].asnumpy() / divided
            np.testing.assert_allclose(after[name].asnumpy(), expected, atol=1e-5)
    moved = after["aux:bn_data_moving_mean"].asnumpy()
    assert np.abs(moved).max() < 2  # as images are normalised here, no longer 0 to 255
    found = np.stack([Predictor(container.model_dir).predict(encoded(i)) for i in built_in.images])
    assert (found.argmax(axis=1) == built_in.answers.argmax(axis=1)).mean() > 0.9


def test_what_has_gone_on_learns_and_goes_on_again(built_in: BuiltIn, tmp_path: Path) -> None:
    first = further(tmp_path / "first", built_in.model, {"epochs": "3", "learning_rate": "0.01"})
    assert metadata(tmp_path / "first")["validation"]["accuracy"] > 0.8
    second = further(tmp_path / "second", first.model_dir, STILL)
    one, two = (
        Predictor(container.model_dir).predict(encoded(built_in.images[0]))
        for container in (first, second)
    )
    assert one.argmax() == two.argmax()


def test_a_training_that_went_on_is_resumed_and_its_card_says_where_it_began(
    built_in: BuiltIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    container = further(tmp_path, built_in.model, {"epochs": "2"}, checkpoints=True)
    (file,) = container.model_dir.glob("*.params")
    before = file.read_bytes()
    shutil.rmtree(container.model_dir)
    train(read_job(container), container, StopRequest())
    assert "Resumed from the checkpoint after 2 epochs" in caplog.messages
    assert file.read_bytes() == before
    card = json.loads((container.output_data_dir / "model-card.json").read_text())
    assert card["additional_information"]["custom_details"]["began with"] == (
        "the earlier model in channel model"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"num_layers": "32"},
            r"num_layers of the model in channel model is 20, and here it is 32",
        ),
        ({"num_classes": "3"}, r"num_classes of the model in channel model is 2, and here it is 3"),
        ({"image_shape": "3,24,24"}, r"image_shape of .* is 3,28,28, and here it is 3,24,24"),
        ({"recipe": "modern"}, "no other recipe than builtin"),
    ],
)
def test_a_job_that_says_otherwise_is_refused_by_name(
    built_in: BuiltIn, tmp_path: Path, given: dict[str, str], words: str
) -> None:
    with pytest.raises(CustomerError, match=words):
        further(tmp_path, built_in.model, given)


def test_a_model_without_its_statistics_is_refused(model: Path, tmp_path: Path) -> None:
    (file,) = model.glob("*.params")
    arrays = mx.nd.load(str(file))
    del arrays["aux:bn_data_moving_var"]
    mx.nd.save(str(file), arrays)
    with pytest.raises(CustomerError, match="has no bn_data_moving_mean and bn_data_moving_var"):
        further(tmp_path / "job", model, {})
