"""Start-up, memory, latency and throughput of one model server over loopback, with a 32x32 PNG.

    .tox/algorithms/bin/python -m benchmarks.serve_latency MODEL_FOLDER [--rounds 3]
        [--multi-model-server PYTHON]

MODEL_FOLDER holds an unpacked model.tar.gz. Compared are ONNX Runtime and MXNet behind our server,
multi-model-server where PYTHON names an interpreter that has it (with mxnet and pillow; it needs
Java), and as the limit ONNX Runtime alone, without HTTP and without a picture to decode. They take
turns, round after round, and the medians are printed as one JSON document.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from benchmarks import serve_load, serve_processes

from scones_algorithms.image_classification.onnx_network import SPIN_MICROSECONDS

READY_SECONDS = 120
STOP_SECONDS = 30
POLL_SECONDS = 0.01
WARM_UP_REQUESTS = 100

Figures = dict[str, float]
Start = Callable[[Path, Path, int], subprocess.Popen]


def ours(predict_with: str) -> Start:
    def start(model: Path, folder: Path, port: int) -> subprocess.Popen:
        (folder / "model").symlink_to(model)
        environment = os.environ | {
            "SAGEMAKER_BASE_DIR": str(folder),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SCONES_BIND_HOST": "127.0.0.1",
            "SCONES_PREDICT_WITH": predict_with,
        }
        command = [sys.executable, "-m", "scones_algorithms.image_classification", "serve"]
        return in_session(command, environment, folder)

    return start


def multi_model_server(python: Path) -> Start:
    """Serve by a worker for each core, of one thread each."""

    def start(model: Path, folder: Path, port: int) -> subprocess.Popen:
        handler = Path(__file__).with_name("serve_mms_handler.py")
        about = {"modelName": "classifier", "handler": f"{handler.name}:handle"}
        manifest = {"runtime": "python", "model": about, "modelServerVersion": "1.1"}
        with zipfile.ZipFile(folder / "classifier.mar", "w") as archive:
            archive.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
            for file in [handler, *model.glob("*.params"), *model.glob("*.json")]:
                archive.write(file, file.name)
        (folder / "config.properties").write_text(
            f"inference_address=http://127.0.0.1:{port}\n"
            f"management_address=http://127.0.0.1:{serve_processes.free_port()}\n"
            f"default_workers_per_model={len(os.sched_getaffinity(0))}\n"
        )
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "MXNET_ENGINE_TYPE": "NaiveEngine",
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "TMPDIR": str(folder),
            "TEMP": str(folder),
        }
        command = [str(python.with_name("multi-model-server")), "--start", "--foreground"]
        options = ["--mms-config", "config.properties", "--model-store", "."]
        models = ["--models", "classifier=classifier.mar"]
        return in_session([*command, *options, *models], environment, folder)

    return start


def in_session(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.Popen:
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an image has its bytecode
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_it_predicts(port: int, process: subprocess.Popen, folder: Path) -> Figures:
    """Ping until 200, then predict: multi-model-server says 200 before it can."""
    started, pinged = time.perf_counter(), 0.0
    while time.perf_counter() - started < READY_SECONDS and process.poll() is None:
        try:
            address = f"http://127.0.0.1:{port}"
            urllib.request.urlopen(f"{address}/ping", timeout=2).close()
            pinged = pinged or time.perf_counter() - started
            post = urllib.request.Request(
                f"{address}/invocations", serve_load.png(), {"Content-Type": "image/png"}
            )
            urllib.request.urlopen(post, timeout=30).close()
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
            continue
        return {
            "seconds_to_ping": pinged,
            "seconds_to_prediction": time.perf_counter() - started,
            "cpu_seconds_to_prediction": serve_processes.cpu_seconds(process.pid),
        }
    raise SystemExit(f"the server does not predict:\n{(folder / 'log').read_text()[-3000:]}")


def measure(start: Start, model: Path, arguments: argparse.Namespace) -> Figures:
    """Start a server, ask it, stop it."""
    with tempfile.TemporaryDirectory(prefix="scones-serve-") as name:
        folder, port = Path(name), serve_processes.free_port()
        process = start(model, folder, port)
        try:
            figures = wait_until_it_predicts(port, process, folder)
            serve_load.latencies(port, WARM_UP_REQUESTS)
            figures |= one_after_the_other(port, process.pid, arguments.requests)
            figures |= from_many_clients(port, process.pid, arguments)
            for kind in ("Rss", "Pss"):
                figures[f"{kind.lower()}_mib"] = serve_processes.mebibytes(process.pid, kind)
        finally:
            stop(process)
    return figures


def one_after_the_other(port: int, session: int, count: int) -> Figures:
    cpu = serve_processes.cpu_seconds(session)
    p50, p95 = np.percentile(serve_load.latencies(port, count), [50, 95])
    cpu = serve_processes.cpu_seconds(session) - cpu
    return {"p50_ms": p50, "p95_ms": p95, "cpu_ms": 1000 * cpu / count}


def from_many_clients(port: int, session: int, arguments: argparse.Namespace) -> Figures:
    serve_load.throughput(port, arguments.clients, arguments.seconds / 4)
    cpu = serve_processes.cpu_seconds(session)
    answers, took, client = serve_load.throughput(port, arguments.clients, arguments.seconds)
    cpu = serve_processes.cpu_seconds(session) - cpu
    return {
        "images_per_second": answers / took,
        "cpu_ms_under_load": 1000 * cpu / answers,
        "client_cpu_ms": 1000 * client / answers,
        "images_per_cpu_second": answers / cpu,
    }


def stop(process: subprocess.Popen) -> None:
    """End a server with all that it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for member in serve_processes.members(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(member.name), number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def alone(model: Path, arguments: argparse.Namespace) -> Figures:
    """Let ONNX Runtime predict in a loop, from as many threads as there are cores."""
    (path,) = model.glob("*.onnx")
    cores = len(os.sched_getaffinity(0))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
    session = onnxruntime.InferenceSession(str(path), options)
    shape = json.loads((model / "model-shapes.json").read_text())[0]["shape"]
    batch = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    milliseconds, counts = [], []

    def loop(seconds: float) -> None:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            session.run(["probabilities"], {"data": batch})
            count += 1
        counts.append(count)

    loop(0.2)
    cpu = time.process_time()
    for _ in range(arguments.requests):
        started = time.perf_counter()
        session.run(["probabilities"], {"data": batch})
        milliseconds.append(1000 * (time.perf_counter() - started))
    cpu = time.process_time() - cpu
    p50, p95 = np.percentile(milliseconds, [50, 95])
    found = {"p50_ms": p50, "p95_ms": p95, "cpu_ms": 1000 * cpu / arguments.requests}
    counts.clear()
    cpu, began = time.process_time(), time.perf_counter()
    threads = [threading.Thread(target=loop, args=(arguments.seconds,)) for _ in range(cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    found |= {"images_per_second": sum(counts) / took, "images_per_cpu_second": sum(counts) / cpu}
    return found | {"cpu_ms_under_load": 1000 * cpu / sum(counts)}


def medians(rounds: list[Figures]) -> Figures:
    return {
        name: round(float(statistics.median(figures[name] for figures in rounds)), 2)
        for name in rounds[0]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--multi-model-server", type=Path, metavar="PYTHON")
    arguments = parser.parse_args()
    model = arguments.model.resolve()
    servers = {"onnxruntime": ours("onnxruntime"), "mxnet": ours("mxnet")}
    if arguments.multi_model_server:
        servers["multi-model-server"] = multi_model_server(arguments.multi_model_server.absolute())
    found: dict[str, list[Figures]] = {name: [] for name in [*servers, "no server"]}
    loads = []
    for number in range(arguments.rounds):
        for name, start in servers.items():
            found[name].append(measure(start, model, arguments))
            print(f"round {number + 1}: {name}", file=sys.stderr)
        found["no server"].append(alone(model, arguments))
        loads.append(round(os.getloadavg()[0], 1))
    print(json.dumps({"load": loads} | {n: medians(f) for n, f in found.items()}, indent=1))


if __name__ == "__main__":
    main()
