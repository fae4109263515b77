"""Latency of the detector's serving process over loopback, with a photo of 640 x 480 pixels.

    .tox/tools/bin/python benchmarks/detect_latency.py JOB_FOLDER [--requests 300] [--photo FILE]

JOB_FOLDER holds a finished job's `model/`. Prints one JSON document; times in milliseconds: as the
caller sees them, and CPU time of the server by request, which does not depend on other work.
"""

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import numpy as np
import psutil
from PIL import Image
from serve_processes import free_port

from scones.emulation.services import interpreter

ALGORITHM = [str(interpreter("algorithms")), "-m", "scones_algorithms.object_detection"]
READY_SECONDS = 120
WARM_UP_REQUESTS = 10
SIZE = (640, 480)


class Server:
    """A serving process on one thread."""

    def __init__(self, base: Path) -> None:
        self.port = free_port()
        environment = os.environ | {
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SCONES_BIND_HOST": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        }
        self.process = subprocess.Popen([*ALGORITHM, "serve"], env=environment, stdout=sys.stderr)

    def __enter__(self) -> "Server":
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self._connect()
                self._connection.request("GET", "/ping")
                answer = self._connection.getresponse()
                answer.read()
                if answer.status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise SystemExit("the server did not become ready")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait()

    def _connect(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def detect(self, body: bytes) -> list[list[float]]:
        headers = {"Content-Type": "application/x-image"}
        self._connection.request("POST", "/invocations", body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {text.decode()}")
        return json.loads(text)["prediction"]

    def cpu_seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


def photo() -> bytes:
    """A photo-like JPEG: smooth, with noise."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC)).astype(float)
    pixels += rng.normal(0, 6, pixels.shape)
    content = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=90)
    return content.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", type=Path)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--photo", type=Path)
    arguments = parser.parse_args()
    body = arguments.photo.read_bytes() if arguments.photo else photo()
    with Server(arguments.job) as server:
        for _ in range(WARM_UP_REQUESTS):
            server.detect(body)
        used, times = server.cpu_seconds(), []
        for _ in range(arguments.requests):
            started = time.perf_counter()
            server.detect(body)
            times.append(1000 * (time.perf_counter() - started))
        used = server.cpu_seconds() - used
    document = {
        "requests": arguments.requests,
        "bytes": len(body),
        **{f"p{p}": round(float(np.percentile(times, p)), 2) for p in (50, 95)},
        "server's CPU": round(1000 * used / arguments.requests, 2),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
