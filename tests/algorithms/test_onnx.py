"""The network for ONNX Runtime: it says what MXNet says, and serves without MXNet."""

import hashlib
import json
import logging
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mxnet as mx
import numpy as np
import onnx
import pytest

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.artifact import save
from scones_algorithms.image_classification.contract import CIFAR_DEPTHS, IMAGENET_DEPTHS
from scones_algorithms.image_classification.files import METADATA_FILE
from scones_algorithms.image_classification.metadata import OnnxFile
from scones_algorithms.image_classification.mxnet_network import MxnetNetwork
from scones_algorithms.image_classification.network import build_network
from scones_algorithms.image_classification.onnx_network import OnnxNetwork
from scones_algorithms.image_classification.predictor import Predictor
from scones_algorithms.onnx_export import ExportError, export
from tests.algorithms.jobs import Trained
from tests.algorithms.pictures import encoded, picture
from tests.algorithms.servers import Server

TOLERANCE = 1e-4
DEADLINE_SECONDS = 60
PNG = encoded(picture(0, np.random.default_rng(1)))

SMALL, LARGE = (3, 16, 16), (3, 96, 96)  # from 96 pixels on the first layers shrink the image
NETWORKS = [
    *((None, wide, SMALL, mirror) for wide in (False, True) for mirror in (False, True)),
    *((depth, False, SMALL, False) for depth in (*CIFAR_DEPTHS, *IMAGENET_DEPTHS)),
    (18, False, LARGE, False),
    (50, False, LARGE, False),
]
FEW = [case for case in NETWORKS if case[0] in (None, 20, 18)]  # the last layer alone differs
CASES = [(*case, False) for case in NETWORKS] + [(*case, True) for case in FEW]


@pytest.mark.parametrize(("depth", "wide", "shape", "mirror", "multi_label"), CASES)
def test_onnx_runtime_says_what_mxnet_says(
    tmp_path: Path,
    depth: int | None,
    wide: bool,
    shape: tuple[int, int, int],
    mirror: bool,
    multi_label: bool,
) -> None:
    network, temperature = lively_network(depth, wide, shape)
    save(
        tmp_path,
        network,
        shape,
        1,
        mirror=mirror,
        temperature=temperature,
        metadata={},
        multi_label=multi_label,
    )
    batch = np.random.default_rng(4).normal(0, 1, (3, *shape)).astype(np.float32)
    for embedding in (False, True):
        theirs = MxnetNetwork(tmp_path, shape, embedding=embedding)(batch)
        ours = opened(tmp_path, embedding=embedding)
        scale = np.abs(theirs).max() if embedding else 1.0
        np.testing.assert_allclose(ours(batch), theirs, rtol=0, atol=TOLERANCE * scale)
        np.testing.assert_allclose(ours(batch[:1]), theirs[:1], rtol=0, atol=TOLERANCE * scale)
        if not embedding:
            assert theirs.std(axis=0).max() > 0.01  # images are told apart
            assert 0.01 < theirs.max(axis=1).min() < 0.99


def lively_network(
    depth: int | None, wide: bool, shape: tuple[int, int, int]
) -> tuple[object, float]:
    """Build a network that tells images apart, and the temperature that shows it."""
    mx.random.seed(3)
    network = build_network(depth, 3, shape, wide=wide)
    images = mx.nd.random.normal(shape=(4, *shape))
    with mx.autograd.record():  # the running means and variances are no longer 0 and 1
        network(images)
    for name, values in network.collect_params(".*gamma|.*beta").items():
        low, high = (0.8, 1.2) if name.endswith("gamma") else (-0.2, 0.2)
        values.set_data(mx.nd.random.uniform(low, high, shape=values.shape))
    logits = network(images).asnumpy()
    network.output.bias.set_data(mx.nd.array(-logits.mean(axis=0)))
    return network, float(logits.std(axis=0).mean())


def opened(folder: Path, *, embedding: bool = False, threads: int = 1) -> OnnxNetwork:
    about = json.loads((folder / METADATA_FILE).read_text())["onnx"]
    file = OnnxFile(about["file"], about["sha256"])
    return OnnxNetwork(folder, file, embedding=embedding, threads=threads)


def test_calls_at_the_same_time_say_what_each_says_alone(trained: Trained) -> None:
    network = opened(trained.base / "model", threads=2)
    shape = json.loads((trained.base / "model" / "model-shapes.json").read_text())[0]["shape"]
    images = np.random.default_rng(5).normal(0, 1, (40, *shape[1:])).astype(np.float32)
    alone = np.concatenate([network(image[np.newaxis]) for image in images])
    together = threading.Barrier(4)

    def call(number: int) -> np.ndarray:
        together.wait(DEADLINE_SECONDS)
        return network(images[number : number + 1])

    with ThreadPoolExecutor(4) as pool:
        found = np.concatenate(list(pool.map(call, range(len(images)))))
    np.testing.assert_allclose(found, alone, rtol=0, atol=TOLERANCE)
    assert alone.std(axis=0).max() > 100 * TOLERANCE  # images are told apart


def test_the_file_has_one_input_one_opset_and_any_number_of_images(trained: Trained) -> None:
    (path,) = (trained.base / "model").glob("*.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [i.name for i in model.graph.input] == ["data"]
    assert [o.name for o in model.graph.output] == ["probabilities", "embedding"]
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]
    assert model.ir_version == 7
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert path.read_bytes() == model.SerializeToString(deterministic=True)


def test_an_operator_without_a_translation_is_named() -> None:
    symbol = mx.sym.erf(mx.sym.var("data"), name="strange")
    with pytest.raises(ExportError, match="operator erf of strange has no translation"):
        export(symbol, {}, SMALL)


def test_serving_does_not_load_mxnet(server: Server) -> None:
    assert json.loads(server.classify(PNG))
    assert re.search(r"predicting with ONNX Runtime [\d.]+: image-cl\S+\.onnx", text_of(server))
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert "mxnet" not in maps


def test_mxnet_serves_when_told_to_and_answers_the_same(trained: Trained, server: Server) -> None:
    other = Server(trained.base, SCONES_PREDICT_WITH="mxnet")
    try:
        assert "predicting with MXNet: SCONES_PREDICT_WITH says so" in text_of(other)
        theirs = json.loads(other.classify(PNG))
        assert "libmxnet" in Path(f"/proc/{other.process.pid}/maps").read_text()
    finally:
        assert other.stop() == 0
    assert json.loads(server.classify(PNG)) == pytest.approx(theirs, abs=TOLERANCE)


def text_of(server: Server) -> str:
    return "".join(server.lines)


@pytest.fixture
def model(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.base / "model", tmp_path / "model"))


def change_metadata(model: Path, **onnx_entry: str) -> None:
    document = json.loads((model / METADATA_FILE).read_text())
    document["onnx"].update(onnx_entry)
    (model / METADATA_FILE).write_text(json.dumps(document))


def test_a_model_of_an_older_version_is_served_by_mxnet(
    model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = Predictor(model, environ={}).predict(PNG)
    document = json.loads((model / METADATA_FILE).read_text())
    del document["onnx"]
    (model / METADATA_FILE).write_text(json.dumps(document))
    (next(model.glob("*.onnx"))).unlink()
    with caplog.at_level(logging.INFO):
        found = Predictor(model, environ={}).predict(PNG)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    assert "predicting with MXNet: the model has no network for ONNX Runtime" in caplog.text


def test_a_lost_file_is_said_and_mxnet_serves(
    model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    next(model.glob("*.onnx")).unlink()
    with caplog.at_level(logging.INFO):
        assert Predictor(model, environ={}).predict(PNG).shape == (2,)
    assert "image-classification-0006.onnx, which the model's metadata names, is" in caplog.text
    with pytest.raises(CustomerError, match="SCONES_PREDICT_WITH=onnxruntime cannot be done: imag"):
        Predictor(model, environ={"SCONES_PREDICT_WITH": "onnxruntime"})


def test_without_onnx_runtime_mxnet_serves(model: Path) -> None:
    program = (
        "import sys, logging; sys.modules['onnxruntime'] = None\n"
        "logging.basicConfig(stream=sys.stdout, level=logging.INFO)\n"
        "from pathlib import Path\n"
        "from scones_algorithms.image_classification.predictor import Predictor\n"
        "Predictor(Path(sys.argv[1])).warm_up()"
    )
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(model)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "predicting with MXNet: onnxruntime cannot be imported" in process.stdout


def test_another_runtime_is_refused(model: Path) -> None:
    with pytest.raises(CustomerError, match="'torch' must be one of onnxruntime, mxnet"):
        Predictor(model, environ={"SCONES_PREDICT_WITH": "torch"})


def test_a_file_that_was_tampered_with_is_refused(model: Path) -> None:
    path = next(model.glob("*.onnx"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CustomerError, match="is not what training wrote: its SHA-256 is"):
        Predictor(model, environ={})


@pytest.mark.parametrize("keep", [0, 1000], ids=["empty", "cut off"])
def test_a_file_that_is_no_network_is_refused(model: Path, keep: int) -> None:
    path = next(model.glob("*.onnx"))
    path.write_bytes(path.read_bytes()[:keep])
    change_metadata(model, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(CustomerError, match=r"\.onnx cannot be loaded: .*"):
        Predictor(model, environ={})


def test_a_path_out_of_the_models_folder_is_refused(model: Path) -> None:
    change_metadata(model, file="../image-classification-0006.onnx")
    with pytest.raises(CustomerError, match="is not the name of a file"):
        Predictor(model, environ={})
