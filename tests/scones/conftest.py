"""A real S3 for the tests that need one: LocalStack on a free loopback port."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ENVIRONMENTS_ENV = "SCONES_ENVIRONMENTS"
REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 5


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A boto3 S3 client to a LocalStack of this test run's own."""
    python = _emulator_python()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("localstack")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "localstack.runtime.main"],
            env=_environment(port, folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}/_localstack/health", folder / "log")
            yield _client(f"http://127.0.0.1:{port}")
        finally:
            _stop(process)


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket of the test's own."""
    name = f"scones-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def _emulator_python() -> str:
    environments = Path(os.environ.get(ENVIRONMENTS_ENV, REPOSITORY / ".tox"))
    python = environments / "emulator" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"no LocalStack: {python} is missing; `make setup` creates it")
    return str(python)


def _environment(port: int, folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "FILESYSTEM_ROOT": str(folder),
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "OVERRIDE_IN_DOCKER": "0",
        "SERVICES": "s3",
    }


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"LocalStack did not start:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:  # seen with 4.14.0: SIGTERM hangs now and then
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
    )
