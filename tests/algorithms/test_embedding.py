"""A server with SCONES_OUTPUT=embedding gives what the model's last hidden layer says."""

import json
from collections.abc import Iterator
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.features import last_features
from scones_algorithms.image_classification.serve import load
from scones_algorithms.serving_metrics import ServingMetrics
from tests.algorithms.jobs import Trained
from tests.algorithms.pictures import encoded, picture
from tests.algorithms.servers import Server

PHOTO = picture(0, np.random.default_rng(1))
PNG = encoded(PHOTO)


@pytest.fixture(scope="module")
def embedding_server(trained: Trained) -> Iterator[Server]:
    running = Server(trained.base, SCONES_OUTPUT="embedding")
    yield running
    assert running.stop() == 0


def embedding(server: Server, body: bytes) -> list[float]:
    found: list[float] = json.loads(server.classify(body))["embedding"]
    return found


def test_the_last_layer_makes_of_an_embedding_what_the_endpoint_answers(
    embedding_server: Server, server: Server, trained: Trained
) -> None:
    features = np.array(embedding(embedding_server, PNG))
    assert features.shape == (128,)
    (file,) = (trained.base / "model").glob("*.params")
    weights = {name: values.asnumpy() for name, values in mx.nd.load(str(file)).items()}
    (weight,) = (v for name, v in weights.items() if v.shape == (2, 128))
    (bias,) = (v for name, v in weights.items() if name.startswith("arg:") and v.shape == (2,))
    logits = weight @ features + bias
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert json.loads(server.classify(PNG)) == pytest.approx(expected.tolist(), abs=1e-5)


def test_an_image_and_its_mirror_image_have_the_same(embedding_server: Server) -> None:
    mirrored = encoded(PHOTO.transpose(0))
    assert embedding(embedding_server, mirrored) == pytest.approx(
        embedding(embedding_server, PNG), abs=1e-4
    )
    other = encoded(picture(1, np.random.default_rng(2)))
    assert embedding(embedding_server, other) != pytest.approx(
        embedding(embedding_server, PNG), abs=0.05
    )


def test_json_lines_end_with_a_line_feed(embedding_server: Server) -> None:
    text = embedding_server.classify(PNG, Accept="application/jsonlines")
    assert text.endswith("]}\n")
    assert json.loads(text)["embedding"] == embedding(embedding_server, PNG)


def test_another_output_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CustomerError, match="SCONES_OUTPUT='logits' must be one of prob"):
        load(Container(tmp_path), ServingMetrics(), {"SCONES_OUTPUT": "logits"})


def test_a_network_without_a_fully_connected_layer_has_none() -> None:
    with pytest.raises(CustomerError, match="no FullyConnected layer"):
        last_features(mx.sym.softmax(mx.sym.var("data")))
