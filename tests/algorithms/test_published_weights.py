"""A training that begins with one of GluonCV's own ResNets, as their file has it."""

from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from gluoncv.model_zoo import get_model

from scones_algorithms.container import PRETRAINED, Channel, Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.network import build_network
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.image_classification.provenance import beginning
from scones_algorithms.published_weights import take_published
from tests.algorithms.detector_jobs import add_channel
from tests.algorithms.jobs import SMALL_JOB, failure, run_train, write_job
from tests.algorithms.pictures import encoded, picture

JOB = SMALL_JOB | {"num_layers": "20", "use_pretrained_model": "1", "epochs": "1"}
STILL = {"learning_rate": "1e-9", "weight_decay": "0"}
LAST_LAYER = {"output.weight", "output.bias"}


def published(folder: Path, name: str, *, shape: tuple[int, int, int], by_name: bool) -> Path:
    """Write a file like the published one: GluonCV's network with other numbers in it."""
    mx.random.seed(5)
    network = get_model(name)
    network.initialize(mx.init.Normal(0.1))
    network(mx.nd.zeros((1, *shape)))
    path = folder / f"{name}-0123abcd.params"
    if by_name:  # as gluon saved them before its version 1.3
        network.collect_params().save(str(path), strip_prefix=network.prefix)
    else:
        network.save_parameters(str(path))
    return path


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    ("depth", "name", "shape"),
    [
        (20, "cifar_resnet20_v1", (3, 32, 32)),
        (18, "resnet18_v1", (3, 96, 96)),
        (50, "resnet50_v1", (3, 96, 96)),
    ],
)
def test_all_layers_but_the_last_are_taken(
    tmp_path: Path, depth: int, name: str, shape: tuple[int, int, int], *, by_name: bool
) -> None:
    published(tmp_path, name, shape=shape, by_name=by_name)
    network = build_network(depth, 2, shape)
    before = {place: p.data().asnumpy() for place, p in places(network).items()}
    take_published(network, channel(tmp_path), f"resnet-{depth}")
    theirs = get_model(name)
    mx.random.seed(5)
    theirs.initialize(mx.init.Normal(0.1))
    theirs(mx.nd.zeros((1, *shape)))
    for place, parameter in places(network).items():
        wanted = before[place] if place in LAST_LAYER else places(theirs)[place].data().asnumpy()
        np.testing.assert_array_equal(parameter.data().asnumpy(), wanted)


def channel(folder: Path) -> Channel:
    return Channel(PRETRAINED, folder, content_type="", input_mode="File")


def places(network: object) -> dict[str, mx.gluon.Parameter]:
    return network._collect_params_with_prefix()


def test_a_job_trains_on_from_the_file_and_its_card_says_so(tmp_path: Path) -> None:
    base = write_job(tmp_path, JOB | STILL, train=8, validation=4)
    folder = add_channel(base, PRETRAINED)
    file = published(folder, "cifar_resnet20_v1", shape=(3, 32, 32), by_name=False)
    process = run_train(base)
    assert process.returncode == 0, process.stdout
    assert f"Starting from {file.name}: 105 of 107 parameters" in process.stdout
    trained = mx.nd.load(str(next((base / "model").glob("*.params"))))
    first = mx.nd.load(str(file))["features.0.weight"].asnumpy()
    found = [a.asnumpy() for n, a in trained.items() if n.endswith("conv0_weight")]
    assert any(a.shape == first.shape and np.abs(a - first).max() < 1e-5 for a in found)
    said = beginning(read_job(Container(base)))
    assert said == {"began with": f"GluonCV's published weights {file.name}"}
    image = encoded(picture(0, np.random.default_rng(1)))
    assert Predictor(base / "model", environ={}).predict(image).sum() == pytest.approx(1, abs=1e-5)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    base = write_job(tmp_path, JOB | {"num_layers": "32"}, train=8, validation=0)
    published(add_channel(base, PRETRAINED), "cifar_resnet20_v1", shape=(3, 32, 32), by_name=False)
    assert run_train(base).returncode == 1
    wanted = "cifar_resnet20_v1-0123abcd.params in channel pretrained is not of resnet-32"
    assert wanted in failure(base)


def test_a_channel_without_its_file_is_refused(tmp_path: Path) -> None:
    network = build_network(20, 2, (3, 32, 32))
    with pytest.raises(CustomerError, match=r"must hold one \.params file of GluonCV's, not 0"):
        take_published(network, channel(tmp_path), "resnet-20")


def test_a_file_that_nobody_asked_for_is_told_and_not_used(tmp_path: Path) -> None:
    base = write_job(tmp_path, JOB | {"use_pretrained_model": "0"}, train=8, validation=0)
    add_channel(base, PRETRAINED)
    job = read_job(Container(base))
    assert "channel pretrained has no effect without use_pretrained_model=1" in str(job.remarks)
    assert beginning(job) == {"began with": "random weights"}
