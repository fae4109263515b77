"""The SageMaker service with its docker backend, and an image that does as it is told."""

import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from scones.emulation.services import interpreter
from tests.emulator.running import Emulator
from tests.emulator.sagemaker.running import FAKE_IMAGE, Service, Workbench

FAKE = "scones-test/fake:latest"
STATE_LABEL = "scones.sagemaker.state"
NAME_LABEL = "scones.sagemaker.name"
# What a machine of two processors can give, so that no log begins with a word on limits.
INSTANCE_TYPE = "ml.m5.large"

_BASE_IMAGE_ENV = "SCONES_PYTHON311_IMAGE"
_DOCKERFILE = """\
FROM {base}
COPY image.py /image.py
ENV SAGEMAKER_BASE_DIR=/opt/ml SAGEMAKER_BIND_TO_PORT=8080 SCONES_BIND_HOST=0.0.0.0
ENV PYTHONUNBUFFERED=1
VOLUME /opt/ml/model
ENTRYPOINT ["python3", "/image.py"]
"""


def build_fake(engine: docker.DockerClient) -> None:
    """Build the image: the program of the process backend's tests, in a container."""
    base = os.environ.get(_BASE_IMAGE_ENV, "python:3.11-slim-bookworm")
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(FAKE_IMAGE, "image.py")
        content = _DOCKERFILE.format(base=base).encode()
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=FAKE, rm=True)


@dataclass
class DockerService(Service):
    """The service as a child process, with the docker backend."""

    python: str = ""
    prefix: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.python = self.python or str(interpreter("emulator"))
        self.options = {"backend": "docker", **self.options}

    def images(self) -> Path:
        path = self.state_dir.parent / "images.json"
        image = {
            "repositories": ["fake", "image-classification"],
            "image": FAKE,
            "environment": {"FROM_TABLE": "yes"},
        }
        missing = {"repositories": ["missing"], "image": "scones-test/missing:latest"}
        analyzer = {
            "repositories": ["sagemaker-model-monitor-analyzer"],
            "image": "scones/tools:latest",
            "entrypoint": ["scones-monitor-analyzer"],
        }
        path.write_text(json.dumps({"images": [image, missing, analyzer]}))
        return path

    def command(self) -> list[str]:
        return [*self.prefix, *super().command()]

    def client(self, service: str = "sagemaker", region: str = "us-east-1", url: str = "") -> Any:
        return self.plain_client(service, region, url)

    @property
    def state(self) -> str:
        """What this service's containers are labelled with."""
        return (self.folder / "docker-state").read_text().strip()


def emulator_in(folder: Path) -> Emulator:
    return Emulator(folder / "localstack", python=str(interpreter("emulator")))


def bench_of(service: Service, emulator: Emulator, bucket: str) -> Workbench:
    emulator.client("s3").create_bucket(Bucket=bucket)
    return Workbench(service, emulator, bucket, INSTANCE_TYPE)


def containers_of(engine: docker.DockerClient, service: DockerService, name: str = "") -> list[Any]:
    """The service's containers, running or not; of one job or endpoint, if it is named."""
    label = f"{STATE_LABEL}={service.state}"
    found = engine.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return [each for each in found if name in each.labels[NAME_LABEL]]


def left_over(engine: docker.DockerClient, service: DockerService) -> list[str]:
    """What the engine still has of the service, by name."""
    networks = engine.networks.list(filters={"label": f"{STATE_LABEL}={service.state}"})
    return [each.name for each in (*containers_of(engine, service), *networks)]


def volumes_of(engine: docker.DockerClient, service: DockerService) -> set[str]:
    """The volumes of the service's containers: the fake image has one without a name."""
    mounts = [each.attrs["Mounts"] for each in containers_of(engine, service)]
    return {mount["Name"] for each in mounts for mount in each if mount["Type"] == "volume"}
