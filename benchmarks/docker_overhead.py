"""What the SageMaker service adds over plain Docker, beside SageMaker local mode: one run.

    .tox/tools/bin/python benchmarks/docker_overhead.py [--jobs 7] [--requests 500]

A training job that does next to nothing, and a warm invocation of a model that answers at once,
in three ways that take turns: `docker run` and plain HTTP, our service with its docker backend,
and the SageMaker SDK's local mode. All on a LocalStack and a state folder of its own. Prints one
JSON document; needs Docker, and Compose for local mode.
"""

import argparse
import contextlib
import http.client
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import docker

from scones.emulation.services import interpreter

BASE_IMAGE = os.environ.get("SCONES_PYTHON311_IMAGE", "python:3.11-slim-bookworm")
IMAGE = "scones-benchmark/trivial:latest"
ROLE = "arn:aws:iam::000000000000:role/benchmark"
BODY = bytes(3000)
READY_SECONDS = 90
WARM_UP_REQUESTS = 20

PROGRAM = """\
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"[0.5, 0.5]")
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

if sys.argv[1] == "train":
    Path("/opt/ml/model/weights").write_text("trained")
else:
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
DOCKERFILE = f'FROM {BASE_IMAGE}\nCOPY image.py /\nENTRYPOINT ["python3", "/image.py"]\n'


def build_image() -> None:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, text in (("image.py", PROGRAM), ("Dockerfile", DOCKERFILE)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    context.seek(0)
    engine = docker.from_env()
    engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True)
    engine.close()


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if result := condition():
                return result
        time.sleep(0.02)
    raise SystemExit(f"{what} did not happen within {READY_SECONDS} s")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(http.client.socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextlib.contextmanager
def services(folder: Path) -> Iterator[tuple[int, int]]:
    """Run `scones up`, and beside it the service with its docker backend.

    Yields:
        The ports of LocalStack and of that service.
    """
    s3_port, idle_port, mail_port, page_port, api_port = free_ports(5)
    os.environ |= {
        "SCONES_STATE_DIR": str(folder / "state"),
        "SCONES_PROFILES__LOCAL__LOCALSTACK_PORT": str(s3_port),
        "SCONES_PROFILES__LOCAL__SAGEMAKER_PORT": str(idle_port),
        "SCONES_PROFILES__LOCAL__SMTP_PORT": str(mail_port),
        "SCONES_PROFILES__LOCAL__INBOX_PORT": str(page_port),
    }
    images = folder / "images.json"
    images.write_text(json.dumps({"images": [{"repositories": ["trivial"], "image": IMAGE}]}))
    command = (
        *(str(interpreter("emulator")), "-m", "scones_localstack.sagemaker"),
        *("--port", str(api_port), "--state-dir", str(folder / "docker-backend")),
        *("--images", str(images), "--backend", "docker"),
        *("--aws-endpoint-url", f"http://127.0.0.1:{s3_port}"),
    )
    scones = (sys.executable, "-m", "scones.cli")
    try:
        subprocess.run([*scones, "up"], check=True, stdout=sys.stderr)
        with (folder / "docker-backend.log").open("wb") as log:
            service = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{api_port}/_scones/ready"
            until(lambda: urllib.request.urlopen(url, timeout=5).status == 200, url)
            yield s3_port, api_port
        finally:
            service.terminate()
            service.wait(60)
    finally:
        subprocess.run([*scones, "down"], check=True, stdout=sys.stderr)


class PlainDocker:
    """`docker run IMAGE train|serve` over a mounted folder, and HTTP on a kept connection."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "ml"
        (self._root / "model").mkdir(parents=True)
        self._container = ""

    def train(self) -> None:
        mount = f"{self._root}:/opt/ml"
        subprocess.run(["docker", "run", "--rm", "-v", mount, IMAGE, "train"], check=True)

    def deploy(self) -> Callable[[], bytes]:
        command = ["docker", "run", "-d", "--rm", "--init", "-p", "127.0.0.1::8080", IMAGE, "serve"]
        self._container = subprocess.check_output(command, text=True).strip()
        shown = subprocess.check_output(["docker", "port", self._container, "8080"], text=True)
        port = int(shown.strip().rsplit(":", 1)[1])
        url = f"http://127.0.0.1:{port}/ping"
        until(lambda: urllib.request.urlopen(url, timeout=2).status == 200, "the first ping")
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.connect()
        connection.sock.setsockopt(6, 1, 1)  # TCP_NODELAY, which http.client leaves out

        def invoke() -> bytes:
            connection.request("POST", "/invocations", BODY, {"Content-Type": "image/png"})
            return connection.getresponse().read()

        return invoke

    def remove(self) -> None:
        if self._container:
            subprocess.run(["docker", "stop", self._container], check=True, capture_output=True)


class Service:
    """Our SageMaker API, by boto3."""

    def __init__(self, s3_port: int, api_port: int) -> None:
        account = {
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        url = f"http://127.0.0.1:{api_port}"
        self._sagemaker = boto3.client("sagemaker", endpoint_url=url, **account)
        self._runtime = boto3.client("sagemaker-runtime", endpoint_url=url, **account)
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{s3_port}", **account)
        s3.create_bucket(Bucket="benchmark")
        self._artifact = ""

    def train(self) -> None:
        name = f"job-{uuid.uuid4().hex[:8]}"
        self._sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": "trivial", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://benchmark/models"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        describe = self._sagemaker.describe_training_job
        while (job := describe(TrainingJobName=name))["TrainingJobStatus"] == "InProgress":
            time.sleep(0.02)
        assert job["TrainingJobStatus"] == "Completed", job
        self._artifact = job["ModelArtifacts"]["S3ModelArtifacts"]

    def deploy(self) -> Callable[[], bytes]:
        container = {"Image": "trivial", "ModelDataUrl": self._artifact}
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "benchmark",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        api, name = self._sagemaker, "benchmark"
        api.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        api.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        api.create_endpoint(EndpointName=name, EndpointConfigName=name)
        describe = api.describe_endpoint
        until(lambda: describe(EndpointName=name)["EndpointStatus"] == "InService", "InService")
        invoke = self._runtime.invoke_endpoint
        return lambda: invoke(EndpointName=name, Body=BODY, ContentType="image/png")["Body"].read()

    def remove(self) -> None:
        """The service removes its containers when it is stopped."""


class LocalMode:
    """The SageMaker SDK's local mode, in a session of ours."""

    def __init__(self) -> None:
        import scones

        session = scones.sagemaker_session("local-mode")
        from sagemaker.estimator import Estimator

        self._estimator = Estimator(
            image_uri=IMAGE,
            role=ROLE,
            instance_count=1,
            instance_type="local",
            output_path="s3://benchmark/local-mode",
            sagemaker_session=session,
        )
        self._predictor: Any = None

    def train(self) -> None:
        self._estimator.fit()

    def deploy(self) -> Callable[[], bytes]:
        self._predictor = self._estimator.deploy(1, "local")
        return lambda: self._predictor.predict(BODY)

    def remove(self) -> None:
        if self._predictor is not None:
            self._predictor.delete_model()
            self._predictor.delete_endpoint()


def seconds_of(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    # What a way prints goes to stderr: stdout is this program's result.
    with contextlib.redirect_stdout(sys.stderr):
        action()
    return time.perf_counter() - started


def summary(values: list[float], digits: int) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), digits),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], digits),
        "max": round(ordered[-1], digits),
    }


def measure(ways: dict[str, Any], jobs: int, requests: int) -> dict[str, Any]:
    """Let the ways take turns, so that what else the machine does falls on all alike."""
    training: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(jobs + 1):
        for name, way in ways.items():
            taken = seconds_of(way.train)
            if turn > 0:  # The first is a warm-up.
                training[name].append(taken)
    invoke = {name: way.deploy() for name, way in ways.items()}
    invocation: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(requests + WARM_UP_REQUESTS):
        for name, action in invoke.items():
            taken = seconds_of(action)
            if turn >= WARM_UP_REQUESTS:
                invocation[name].append(1000 * taken)
    return {
        "training_job_seconds": {name: summary(taken, 2) for name, taken in training.items()},
        "invocation_milliseconds": {name: summary(taken, 2) for name, taken in invocation.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=7, help="training jobs of each way")
    parser.add_argument("--requests", type=int, default=500, help="invocations of each way")
    parser.add_argument("--without-local-mode", action="store_true", help="leave it out")
    options = parser.parse_args()
    build_image()
    with tempfile.TemporaryDirectory() as name, services(Path(name)) as (s3_port, api_port):
        folder = Path(name)
        ways: dict[str, Any] = {
            "plain docker": PlainDocker(folder),
            "scones service": Service(s3_port, api_port),
        }
        if not options.without_local_mode:
            ways["SageMaker local mode"] = LocalMode()
        try:
            result = measure(ways, options.jobs, options.requests)
        finally:
            for way in ways.values():
                way.remove()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
