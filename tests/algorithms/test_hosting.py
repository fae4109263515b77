"""A serving process: how it starts, and how it ends."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.image_classification.files import METADATA_FILE
from tests.algorithms.jobs import COMMAND, Trained, environment
from tests.algorithms.servers import Server


def serve_to_the_end(base: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "serve"],
        env=environment(base, SCONES_BIND_HOST="127.0.0.1", **more),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("requests", [1, 12])
def test_sigterm_lets_requests_in_hand_finish(trained: Trained, requests: int) -> None:
    own = Server(trained.base)
    image = (trained.base / "input" / "data" / "train" / "000.png").read_bytes()
    head = (
        "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(image)}\r\nExpect: 100-continue\r\n\r\n"
    ).encode()
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=60))
            for _ in range(requests)
        ]
        for connection in connections:
            connection.sendall(head)
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
            connection.sendall(image[:100])
        own.process.send_signal(signal.SIGTERM)
        wait_until_refused(own.port)
        for connection in connections:
            connection.sendall(image[100:])
        for connection in connections:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert own.process.wait(60) == 0


def wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError("the server still accepts connections")


@pytest.mark.parametrize(
    ("port", "words"), [("http", "SAGEMAKER_BIND_TO_PORT"), ("taken", "cannot listen")]
)
def test_a_port_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path,
    server: Server,
    port: str,
    words: str,
) -> None:
    wanted = str(server.port) if port == "taken" else port
    process = serve_to_the_end(tmp_path, SAGEMAKER_BIND_TO_PORT=wanted)
    assert process.returncode == 1
    assert words in process.stdout
    assert (process.stdout + process.stderr).count("\n") == 1


def test_a_folder_without_a_model_is_said_in_one_line(tmp_path: Path) -> None:
    process = serve_to_the_end(tmp_path, SAGEMAKER_BIND_TO_PORT="0")
    assert process.returncode == 1
    assert "model-metadata.json is missing" in process.stdout
    assert (process.stdout + process.stderr).count("\n") == 1


def test_a_model_whose_answers_are_no_numbers_is_never_ready(
    trained: Trained, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(trained.base / "model", tmp_path / "model"))
    (weights,) = model.glob("*.params")
    arrays = mx.nd.load(str(weights))
    arrays["arg:dense0_bias"][:] = np.nan
    mx.nd.save(str(weights), arrays)
    variables = {"SAGEMAKER_BIND_TO_PORT": "0", "SCONES_PREDICT_WITH": "mxnet"}
    process = serve_to_the_end(tmp_path, **variables)
    assert process.returncode == 1
    assert "answers [nan, nan]" in process.stdout
    assert "ready on port" not in process.stdout


def test_what_a_network_cannot_take_is_said_before_the_first_ping(
    trained: Trained, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(trained.base / "model", tmp_path / "model"))
    document = json.loads((model / METADATA_FILE).read_text())
    document["image_shape"] = [3, 16, 16]
    (model / METADATA_FILE).write_text(json.dumps(document))
    process = serve_to_the_end(tmp_path, SAGEMAKER_BIND_TO_PORT="0")
    assert process.returncode == 1
    assert "cannot predict: " in process.stdout
    assert "Traceback" not in process.stdout + process.stderr


def test_anything_but_train_and_serve_is_a_usage_error() -> None:
    process = subprocess.run(
        [sys.executable, *COMMAND[1:], "trian"], capture_output=True, text=True, timeout=60
    )
    assert (process.returncode, "train|serve" in process.stderr) == (2, True)


def test_serving_imports_nothing_that_only_training_needs() -> None:
    program = (
        "import sys; from scones_algorithms.mxnet_start import start_mxnet; start_mxnet(lean=True);"
        "import scones_algorithms.image_classification.serve;"
        "print([m for m in ('gluoncv', 'scipy', 'pandas', 'matplotlib') if sys.modules.get(m)])"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert (process.stdout, process.stderr) == ("[]\n", "")
