"""A model server as SageMaker starts it, and requests to it."""

import http.client
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from tests.algorithms.jobs import COMMAND, environment

READY_SECONDS = 120
STOP_SECONDS = 60


class Server:
    """A serving process on a free port of loopback."""

    def __init__(self, base: Path, command: list[str] = COMMAND, **variables: str) -> None:
        bound = {"SAGEMAKER_BIND_TO_PORT": "0", "SCONES_BIND_HOST": "127.0.0.1"}
        self.process = subprocess.Popen(
            [*command, "serve"],
            env=environment(base, **(bound | variables)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = self._wait_for_port()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"ready on port (\d+)", "".join(self.lines))
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server is not ready: {''.join(self.lines)}")

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """Send one request on a connection of its own; headers_with_underscores are renamed.

        Returns:
            Status, content type and text.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, response.getheader("Content-Type", ""), text
        finally:
            connection.close()

    def classify(self, body: bytes, content_type: str = "image/png", **headers: str) -> str:
        """Send an image and expect probabilities."""
        status, _, text = self.request(
            "POST", "/invocations", body, Content_Type=content_type, **headers
        )
        assert status == 200, text
        return text

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are, then read until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def stop(self) -> int:
        """Send SIGTERM and wait for the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._reader.join(5)
