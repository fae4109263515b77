"""LocalStack and the SageMaker service of a test run, as child processes on free loopback ports."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

ENVIRONMENTS_ENV = "SCONES_ENVIRONMENTS"
REPOSITORY = Path(__file__).parents[3]
MODEL_SERVER = Path(__file__).with_name("model_server.py")
START_SECONDS = 120
STOP_SECONDS = 15


@dataclass(frozen=True)
class Services:
    localstack_port: int
    sagemaker_port: int


@contextmanager
def running_services(
    folder: Path, *, image: dict[str, Any] | None = None, request_log: Path | None = None
) -> Iterator[Services]:
    """Run both until the block ends; their logs and state are in the folder.

    Args:
        folder: For logs and state.
        image: What images run; by default a model that tells red from blue, as `model`.
        request_log: Where LocalStack writes down each request.
    """
    services = Services(free_port(), free_port())
    localstack_url = f"http://127.0.0.1:{services.localstack_port}"
    sagemaker_url = f"http://127.0.0.1:{services.sagemaker_port}"
    image = image or {"repositories": ["model"], "command": [sys.executable, str(MODEL_SERVER)]}
    images = folder / "images.json"
    images.write_text(json.dumps({"images": [image | {"environment": {}}]}))
    localstack = ["scones_localstack", "--port", str(services.localstack_port)]
    if request_log is not None:
        localstack += ["--request-log", str(request_log)]
    sagemaker = ["scones_localstack.sagemaker", "--port", str(services.sagemaker_port)]
    with (
        _process(folder, [*localstack, "--sagemaker-url", sagemaker_url], localstack_url),
        _process(
            folder,
            [*sagemaker, "--aws-endpoint-url", localstack_url, "--images", str(images)],
            sagemaker_url,
        ),
    ):
        yield services


@contextmanager
def _process(folder: Path, arguments: list[str], url: str) -> Iterator[None]:
    log = folder / f"{arguments[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_emulator_python(), "-m", *arguments, "--state-dir", str(folder / "state")],
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, f"{url}/_scones/ready", log)
        yield
    finally:
        _stop(process)


def _emulator_python() -> str:
    environments = Path(os.environ.get(ENVIRONMENTS_ENV, REPOSITORY / ".tox"))
    python = environments / "emulator" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"no LocalStack: {python} is missing; `make setup` creates it")
    return str(python)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
