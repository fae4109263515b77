"""A LocalStack of ours as a child process, and what tests need to talk to it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.ports import free_port

READY_SECONDS = 120
ROLE_ARN = "arn:aws:iam::000000000000:role/test"


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until a condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@dataclass
class Emulator:
    """`python -m scones_localstack`, as a child process on a free port."""

    state_dir: Path
    sagemaker_url: str = "http://127.0.0.1:9"
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    python: str = sys.executable

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.state_dir.parent / f"{self.state_dir.name}.log"

    def start(self) -> "Emulator":
        command = [self.python, "-m", "scones_localstack", "--port", str(self.port)]
        command += ["--state-dir", str(self.state_dir), "--sagemaker-url", self.sagemaker_url]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        try:
            wait_until(self._is_ready, READY_SECONDS, "LocalStack's readiness")
        except BaseException:
            self.kill()
            raise
        return self

    def _is_ready(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            raise AssertionError(
                f"LocalStack ended by itself:\n{self.log_path.read_text()[-3000:]}"
            )
        status, _ = self.get("/_scones/ready")
        assert status != 500, self.log_path.read_text()[-3000:]
        return status == 200

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and document of a GET; status 0 while nothing listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def signal(self, number: int) -> int:
        """Send a signal and return the exit code."""
        assert self.process
        self.process.send_signal(number)
        code = self.process.wait(90)
        self.process = None
        return code

    def kill(self) -> None:
        if self.process:
            self.signal(signal.SIGKILL)

    def client(self, service: str, region: str = "us-east-1", **config: Any) -> Any:
        config = {"retries": {"max_attempts": 0}, "read_timeout": 60, **config}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(**config),
        )


def zip_of(files: dict[str, str]) -> bytes:
    """Return a deployment package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()
