"""Start-up, memory and latency of one serving process over loopback, with a 32x32 PNG.

    .tox/algorithms/bin/python benchmarks/serve_latency.py MODEL_FOLDER [--requests 2000]

MODEL_FOLDER holds an unpacked model.tar.gz. Prints one JSON document; times in milliseconds.
"""

import argparse
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

COMMAND = [sys.executable, "-m", "scones_algorithms.image_classification", "serve"]
READY_SECONDS = 60
WARM_UP_REQUESTS = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(base: Path, port: int) -> subprocess.Popen:
    environment = os.environ | {
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SCONES_BIND_HOST": "127.0.0.1",
    }
    return subprocess.Popen(COMMAND, env=environment, stdout=sys.stderr)


def wait_until_ready(port: int, process: subprocess.Popen) -> float:
    """Ping until the model answers; returns how long that took, in seconds."""
    started = time.perf_counter()
    while time.perf_counter() - started < READY_SECONDS and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return time.perf_counter() - started
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise SystemExit("the server did not become ready")


def measure(port: int, requests: int) -> list[float]:
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(content, "PNG")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    milliseconds = []
    for _ in range(WARM_UP_REQUESTS + requests):
        started = time.perf_counter()
        headers = {"Content-Type": "image/png"}
        connection.request("POST", "/invocations", content.getvalue(), headers)
        response = connection.getresponse()
        response.read()
        milliseconds.append(1000 * (time.perf_counter() - started))
        assert response.status == 200
    connection.close()
    return milliseconds[WARM_UP_REQUESTS:]


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--requests", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scones-serve-") as folder:
        base = Path(folder)
        (base / "model").symlink_to(arguments.model.resolve())
        port = free_port()
        process = start(base, port)
        try:
            ready = wait_until_ready(port, process)
            times = measure(port, arguments.requests)
            memory = resident_mebibytes(process.pid)
        finally:
            process.terminate()
            process.wait(30)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    result = {"start_seconds": ready, "p50": p50, "p95": p95, "p99": p99, "resident_mib": memory}
    print(json.dumps({name: round(float(value), 2) for name, value in result.items()}))


if __name__ == "__main__":
    main()
