"""What the command line says, as one frozen value."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scones_localstack.sagemaker.arns import DEFAULT_REGION

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """How this service runs; times in seconds.

    Attributes:
        port: TCP port to listen on.
        state_dir: the folder under which `sagemaker/` is this service's own.
        aws_endpoint_url: where S3 and CloudWatch Logs answer.
        images: the JSON file that says which image is which program.
        region: the region of a request that is not signed.
        host: the address to listen on. Whoever reaches it can run programs here: leave it on
            loopback outside a container.
        backend: where containers run: `process` or `docker`.
        network: a Docker network that the containers of `docker` join, where this service is on
            that network itself; empty: model servers are reached on 127.0.0.1.
        stop_seconds: how long a training job may take to end after SIGTERM (AWS: 120).
        startup_seconds: how long a model server may take to its first answered ping.
        invocation_seconds: how long a model server may take to answer (AWS: 60).
        capture_flush_seconds: how old a capture file becomes before it goes to S3.
        shutdown_seconds: how long processes may take to end when this service is stopped.
        max_training_jobs: how many training jobs may run at once.
        max_transform_jobs: how many batch transform jobs may run at once.
        max_processing_jobs: how many processing jobs may run at once.
        max_endpoints: how many endpoints may exist at once.
        max_instances: how many model servers these may have together, updates included.
        metrics_seconds: how often invocation metrics go to CloudWatch.
    """

    port: int
    state_dir: Path
    aws_endpoint_url: str
    images: Path
    region: str = DEFAULT_REGION
    host: str = HOST
    backend: str = "process"
    network: str = ""
    stop_seconds: float = 120.0
    startup_seconds: float = 180.0
    invocation_seconds: float = 60.0
    capture_flush_seconds: float = 2.0
    shutdown_seconds: float = 5.0
    max_training_jobs: int = 20
    max_transform_jobs: int = 20
    max_processing_jobs: int = 20
    max_endpoints: int = 20
    max_instances: int = 40
    metrics_seconds: float = 5.0

    @property
    def folder(self) -> Path:
        """The service's own part of the state folder."""
        return self.state_dir / "sagemaker"


def parse(arguments: Sequence[str]) -> Settings:
    """Return the settings that a command line asks for; exits with a usage line if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m scones_localstack.sagemaker",
        description="SageMaker's API: training jobs and endpoints as processes or containers.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=4567, help="TCP port")
    add("--state-dir", type=Path, default=Path(".scones"), help="folder that keeps all state")
    add("--aws-endpoint-url", default="http://127.0.0.1:4566", help="S3 and CloudWatch Logs")
    add("--images", type=Path, required=True, help="JSON file: what each image stands for")
    for name, (kind, text) in _OPTIONS.items():
        add(f"--{name.replace('_', '-')}", type=kind, default=getattr(Settings, name), help=text)
    options = vars(parser.parse_args(arguments))
    for name in ("state_dir", "images"):
        options[name] = options[name].absolute()
    return Settings(**options)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


# What has a default in Settings: how it is read, and what the help says.
_OPTIONS: dict[str, tuple[Callable[[str], object], str]] = {
    "region": (str, "region of unsigned requests"),
    "host": (str, "address to listen on; whoever reaches it can run programs here"),
    "backend": (str, "where containers run: process or docker"),
    "network": (str, "Docker network that containers join, where this service is on it too"),
    "stop_seconds": (_seconds, "from SIGTERM to SIGKILL of a training job"),
    "startup_seconds": (_seconds, "until a model server's first answered ping"),
    "invocation_seconds": (_seconds, "until a model server's answer"),
    "capture_flush_seconds": (_seconds, "age of a capture file when it goes to S3"),
    "shutdown_seconds": (_seconds, "from SIGTERM to SIGKILL of everything at the end"),
    "max_training_jobs": (_count, "training jobs at once"),
    "max_transform_jobs": (_count, "batch transform jobs at once"),
    "max_processing_jobs": (_count, "processing jobs at once"),
    "max_endpoints": (_count, "endpoints at once"),
    "max_instances": (_count, "model servers of all endpoints at once"),
    "metrics_seconds": (_seconds, "between two deliveries of invocation metrics"),
}
