"""Answers that are the mean over a photo and its mirror image."""

import mxnet as mx
import numpy as np
import pytest
from PIL import Image, ImageOps

from scones_algorithms.object_detection.both_ways import BothWays
from scones_algorithms.object_detection.network import BUILDERS, Heads, initialize
from scones_algorithms.object_detection.predictor import Detector
from tests.algorithms.jobs import Trained
from tests.algorithms.pictures import encoded

SIDE = 100  # no map has a power of two of cells


@pytest.fixture(scope="module", params=["wide", "small"])
def heads(request: pytest.FixtureRequest) -> Heads:
    mx.random.seed(4)
    built = Heads(BUILDERS[request.param](SIDE, 2), SIDE)
    initialize(built)
    built(mx.nd.zeros((1, 3, SIDE, SIDE)))
    return built


@pytest.fixture
def photo() -> mx.nd.NDArray:
    return mx.nd.array(np.random.default_rng(3).normal(0, 60, (1, 3, SIDE, SIDE)))


def boxes(heads: object, photo: mx.nd.NDArray) -> np.ndarray:
    """Decoded (anchors, 4), corners as shares, in the anchors' order."""
    _, offsets, anchors = heads(photo)
    anchor, offset = anchors.asnumpy()[0], offsets.asnumpy()[0]
    centre = (anchor[:, :2] + anchor[:, 2:]) / 2
    size = anchor[:, 2:] - anchor[:, :2]
    centre = centre + offset[:, :2] * 0.1 * size
    half = np.exp(offset[:, 2:] * 0.2) * size / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def test_a_mirrored_photo_gets_the_mirrored_answer(heads: Heads, photo: mx.nd.NDArray) -> None:
    both = BothWays(heads)
    straight = boxes(both, photo)
    turned = boxes(both, mx.nd.flip(photo, axis=3))
    expected = turned.copy()
    expected[:, 0], expected[:, 2] = 1 - turned[:, 2], 1 - turned[:, 0]
    nearest = np.abs(straight[:, None] - expected[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-3
    alone = boxes(heads, photo)
    assert np.abs(alone - straight).max() > 0.01


def test_the_saved_symbol_says_the_same(heads: Heads, photo: mx.nd.NDArray) -> None:
    both = BothWays(heads)
    symbol = mx.sym.Group(both(mx.sym.var("data")))
    arguments = {name: one.data() for name, one in heads.collect_params().items()}
    given = {name: arguments[name] for name in symbol.list_arguments() if name != "data"}
    states = {name: arguments[name] for name in symbol.list_auxiliary_states()}
    executor = symbol.bind(mx.cpu(), given | {"data": photo}, aux_states=states)
    for found, expected in zip(executor.forward(is_train=False), both(photo), strict=True):
        assert found.asnumpy() == pytest.approx(expected.asnumpy(), abs=1e-3)


def test_a_trained_detector_answers_a_photo_and_its_mirror_image_alike(
    detector_trained: Trained,
) -> None:
    detector = Detector(detector_trained.base / "model")
    photo = Image.open(detector_trained.base / "input" / "data" / "validation" / "000.png")
    straight = detector.detect(encoded(photo)).rows
    turned = detector.detect(encoded(ImageOps.mirror(photo))).rows
    assert straight[0, 1] > 0.2
    assert turned[0, :2] == pytest.approx(straight[0, :2], abs=1e-3)
    assert turned[0, 2:] == pytest.approx(
        [1 - straight[0, 4], straight[0, 3], 1 - straight[0, 2], straight[0, 5]], abs=1e-3
    )
