"""What an image looks like to the base network, and what that does to its probabilities."""

from dataclasses import replace
from pathlib import Path

import mxnet as mx
import numpy as np
import onnxruntime
import pytest

from scones_algorithms.container import Container
from scones_algorithms.distributed.exchange import Alone
from scones_algorithms.errors import AlgorithmError
from scones_algorithms.image_classification.artifact import save
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.familiarity import (
    FOLDS,
    LOST,
    Background,
    Familiarity,
    Sums,
    fit,
    fold_numbers,
)
from scones_algorithms.image_classification.initial import BASE_FILE, read_base
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.network import build_network
from scones_algorithms.image_classification.onlooker import learn
from scones_algorithms.image_classification.recipe import LOOKS_AT
from scones_algorithms.preprocess import to_batch
from scones_algorithms.weights import set_weights
from tests.algorithms.jobs import SMALL_JOB, write_job
from tests.algorithms.pictures import picture

SIZE = 6  # of features
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 3, (40, SIZE))  # of classes; the first two are the job's


def images_of(classes: range, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(classes)), each)
    noise = rng.normal(0, 1, (len(labels), SIZE))
    return (CENTRES[list(classes)][labels] + noise).astype(np.float32), labels


BACKGROUND = Background.of(*images_of(range(2, 30), 200, seed=1), side=20)


def fitted(features: np.ndarray, labels: np.ndarray, classes: int = 2) -> Familiarity:
    number = fold_numbers(labels)
    centred = features - BACKGROUND.mean
    folds = [Sums.of(centred[number == n], labels[number == n], classes) for n in range(FOLDS)]
    return fit(BACKGROUND, features, folds, number)


def test_the_background_is_described_as_the_classes_were_made() -> None:
    np.testing.assert_allclose(BACKGROUND.within, np.eye(SIZE), atol=0.1)
    np.testing.assert_allclose(BACKGROUND.mean, CENTRES[2:30].mean(axis=0), atol=0.1)


def test_the_jobs_own_classes_are_familiar_and_classes_never_met_are_not() -> None:
    found = fitted(*images_of(range(2), 100, seed=2))
    own, _ = images_of(range(2), 500, seed=3)
    strange, _ = images_of(range(30, 40), 100, seed=4)
    assert (found.share(own) > 0.5).mean() == pytest.approx(1 - LOST, abs=0.03)
    assert (found.share(own) > 0.86).mean() > 0.8
    assert (found.share(strange) > 0.5).mean() < 0.05


@pytest.mark.parametrize("each", [1, 3])
def test_a_few_images_are_enough_to_begin_with(each: int) -> None:
    features, labels = images_of(range(2), each, seed=5)
    assert np.isfinite(fitted(features, labels).share(features)).all()


def test_a_class_without_images_is_not_familiar() -> None:
    features, labels = images_of(range(1), 50, seed=6)
    share = fitted(features, labels, classes=3).share(features)
    assert share.shape == (50,)
    assert (share > 0.5).mean() > 0.9


def test_sums_over_hosts_are_sums_over_all_images() -> None:
    features, labels = images_of(range(2), 10, seed=7)
    whole = Sums.of(features, labels, 2)
    halves = [Sums.of(features[n::2], labels[n::2], 2) for n in (0, 1)]
    added = halves[0].unflat(halves[0].flat() + halves[1].flat())
    np.testing.assert_allclose(added.flat(), whole.flat(), rtol=1e-5)
    np.testing.assert_allclose(added.means(), whole.means(), rtol=1e-5)


def photos(count: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(8)
    size = max(height, width)
    whole = np.stack([np.asarray(picture(n % 2, rng, size)) for n in range(count)])
    return whole[:, :height, :width]


def ever_stranger(pixels: np.ndarray) -> np.ndarray:
    """Mix the first picture with ever more of another thing."""
    other = np.random.default_rng(9).integers(0, 256, pixels.shape[1:])
    parts = np.linspace(0, 1, 40)[:, None, None, None]
    return ((1 - parts) * pixels[0] + parts * other).astype(np.uint8)


def test_a_file_that_does_not_say_what_its_features_are_of_is_refused() -> None:
    arrays = BACKGROUND.arrays()
    assert Background.read(arrays).side == BACKGROUND.side
    del arrays["background_side"]
    with pytest.raises(AlgorithmError, match=r"no background_side, .* anew with `scones pretrain`"):
        Background.read(arrays)


def test_the_base_that_is_shipped_looks_at_what_would_be_packed_today() -> None:
    assert Background.read(read_base(BASE_FILE)).side == LOOKS_AT


CASES = [
    *((3, 32, 32, mirror) for mirror in (False, True)),
    *((3, *size, False) for size in ((28, 28), (64, 64), (24, 40), (16, 16))),
]


@pytest.mark.parametrize(("channels", "height", "width", "mirror"), CASES)
def test_every_loader_of_the_model_gets_the_pulled_probabilities(
    tmp_path: Path, channels: int, height: int, width: int, mirror: bool
) -> None:
    given = {"image_shape": f"{channels},{height},{width}", "use_pretrained_model": "1"}
    job = read_job(Container(write_job(tmp_path / "ml", SMALL_JOB | given)))
    job = replace(job, recipe=replace(job.recipe, mirror=mirror))
    pixels = photos(8, height, width)
    onlooker = learn(job, LabelledImages(pixels, np.arange(8) % 2), Alone(None))
    network = build_network(None, 2, job.image_shape, wide=job.wide)
    arrays = read_base(BASE_FILE)
    set_weights(network, {n: a for n, a in arrays.items() if not n.startswith("dense")})
    for parameter in network.features[4].collect_params(".*weight").values():
        parameter.set_data(parameter.data() * 0.9)  # as if it had been trained
    how = {"mirror": mirror, "temperature": 0.5, "onlooker": onlooker}
    save(tmp_path, network, job.image_shape, 1, metadata={}, **how)
    pixels = ever_stranger(pixels)
    batch = mx.nd.array(to_batch(pixels))
    straight = network(batch).asnumpy()
    other = network(mx.nd.flip(batch, axis=3)).asnumpy()
    logits = (straight + other) / 2 if mirror else straight
    chosen = mx.nd.softmax(mx.nd.array(logits / 0.5)).asnumpy()
    share = onlooker.share(pixels)[:, None]
    assert share.max() > 0.9
    assert share.min() < 0.5
    assert ((share > 0.05) & (share < 0.95)).any()
    expected = chosen * share + (1 - share) / 2
    prefix = str(tmp_path / "image-classification")
    block = mx.gluon.SymbolBlock.imports(f"{prefix}-symbol.json", ["data"], f"{prefix}-0001.params")
    np.testing.assert_allclose(block(batch).asnumpy(), expected, atol=1e-4)
    symbol, arguments, auxiliary = mx.model.load_checkpoint(prefix, 1)
    module = mx.mod.Module(symbol, label_names=None)
    module.bind([("data", batch.shape)], for_training=False)
    module.set_params(arguments, auxiliary)
    module.forward(mx.io.DataBatch([batch]), is_train=False)
    np.testing.assert_allclose(module.get_outputs()[0].asnumpy(), expected, atol=1e-4)
    session = onnxruntime.InferenceSession(f"{prefix}-0001.onnx")
    found, embedding = session.run(["probabilities", "embedding"], {"data": batch.asnumpy()})
    np.testing.assert_allclose(found, expected, atol=1e-4)
    looks = [network.features(data).asnumpy() for data in (batch, mx.nd.flip(batch, axis=3))]
    own = np.mean(looks if mirror else looks[:1], axis=0).reshape(embedding.shape)
    np.testing.assert_allclose(embedding, own, atol=1e-3)  # not the base's
