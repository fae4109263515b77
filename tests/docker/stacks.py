"""A Compose stack of a test's own: own project name, ports, network and volumes."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from scones.config import load
from scones.project import Project
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
STATE_LABEL = "scones.sagemaker.state"
IMAGES = ("tools", "site", "localstack", "sagemaker")
COMMANDS = {"plugin": ("docker", "compose"), "executable": ("docker-compose",)}
PORTS = ("LOCALSTACK_PORT", "SAGEMAKER_PORT", "SMTP_PORT", "INBOX_PORT")
WEB_PORT_ENV = "SCONES_WEB_PORT"
BOOTSTRAP_SECONDS = 400.0
ONE_SHOTS = ("bootstrap", "detector")
SMALL_DETECTOR = """
[detector]
image_shape = 64
train = 24
validation = 4
test = 4
[detector.hyperparameters]
epochs = 2
mini_batch_size = 8
"""
POLL_SECONDS = 0.5


@cache
def version(name: str) -> str | None:
    """Return the version of a Compose command, or None where this machine has none."""
    command = COMMANDS[name]
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass(frozen=True)
class Remains:
    """What of a stack is there: names of containers, networks and volumes."""

    containers: list[str]
    networks: list[str]
    volumes: list[str]


@dataclass
class Stack:
    """The stack as one Compose command sees it, and the command line on its host."""

    compose: tuple[str, ...]
    engine: docker.DockerClient
    project: str
    environment: Mapping[str, str]
    folder: Path

    @classmethod
    def make(
        cls, name: str, engine: docker.DockerClient, folder: Path, **variables: str
    ) -> "Stack":
        project = f"scones-test-{name}-{os.getpid()}"
        kept = {n: v for n, v in os.environ.items() if not n.startswith("SCONES_PROFILES")}
        *numbers, web_port = free_ports(len(PORTS) + 1)
        ports = zip(PORTS, numbers, strict=True)
        settings = (ROOT / "scones.toml").read_text()
        (folder / "scones.toml").write_text(f"{settings}epochs = 1\n{SMALL_DETECTOR}")
        environment = {
            **kept,
            **{f"SCONES_PROFILES__DOCKER__{n}": str(port) for n, port in ports},
            WEB_PORT_ENV: str(web_port),
            "COMPOSE_PROJECT_NAME": project,
            "SCONES_ENDPOINTS_NETWORK": f"{project}-endpoints",
            "SCONES_CONFIG": str(folder / "scones.toml"),
            "SCONES_STATE_DIR": str(folder / "state"),
            "SCONES_PROFILE": "docker",
            "SCONES_IMAGE_TAG": project,
            **variables,
        }
        return cls(COMMANDS[name], engine, project, environment, folder)

    # Compose

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.compose, *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=400,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(arguments)}:\n{said[-4000:]}{self.logs()}"
        return said

    def up(self) -> str:
        """Start everything; return what those that end by themselves have said, all well."""
        self.run("up", "--detach", "--no-build")
        return "".join(self._ended(service) for service in ONE_SHOTS)

    def _ended(self, service: str) -> str:
        container = self.container(service)
        deadline = time.monotonic() + BOOTSTRAP_SECONDS
        while container.status != "exited":
            assert time.monotonic() < deadline, f"{service} does not end:{self.logs()}"
            time.sleep(POLL_SECONDS)
            container.reload()
        said = container.logs().decode()
        assert container.attrs["State"]["ExitCode"] == 0, said + self.logs()
        return str(said)

    def down(self, *options: str) -> None:
        self.run("down", *options)

    def container(self, service: str) -> Container:
        (found,) = (c for c in self.containers() if c.labels[SERVICE_LABEL] == service)
        return found

    def containers(self) -> list[Container]:
        """Return the containers that Compose has made."""
        label = f"{PROJECT_LABEL}={self.project}"
        return list(self.engine.containers.list(all=True, filters={"label": label}))

    def started_by_sagemaker(self) -> list[Container]:
        """Return the containers that the stack's SageMaker service has made."""
        network = self.environment["SCONES_ENDPOINTS_NETWORK"]
        filters = {"label": STATE_LABEL, "network": network}
        return list(self.engine.containers.list(all=True, filters=filters))

    def remains(self, *labels: str) -> Remains:
        """Return everything with the project's label, or one of these."""
        found = Remains([], [], [])
        for label in (f"{PROJECT_LABEL}={self.project}", *labels):
            filters = {"label": label}
            containers = self.engine.containers.list(all=True, filters=filters)
            found.containers.extend(c.name for c in containers)
            found.networks.extend(n.name for n in self.engine.networks.list(filters=filters))
            found.volumes.extend(v.name for v in self.engine.volumes.list(filters=filters))
        return found

    def logs(self) -> str:
        tails = []
        for container in self.containers():
            lines = container.logs(tail=12).decode(errors="replace").splitlines()
            tails += [f"\n--- {container.name} ({container.status})", *(x[:300] for x in lines)]
        return "\n".join(tails)

    # The command line on the host

    def scones(self, *arguments: str, code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "scones.cli", *arguments],
            cwd=ROOT,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"scones {' '.join(arguments)}: {done.stderr}{self.logs()}"
        return done.stdout if code == 0 else done.stderr

    def json(self, *arguments: str, **variables: str) -> Any:
        return json.loads(self.scones(*arguments, "--json", **variables))

    def on_host(self) -> Project:
        """The project as the command line on the host sees it."""
        ports = {
            name.lower(): int(self.environment[f"SCONES_PROFILES__DOCKER__{name}"])
            for name in PORTS
        }
        flags = {"profile": "docker", "profiles": {"docker": ports}}
        return Project(load(self.folder / "scones.toml", state_dir=self.folder / "state", **flags))


@contextmanager
def removed_at_the_end(stack: Stack) -> Iterator[Stack]:
    """Lend a stack, with images that nobody builds anew meanwhile; leave nothing of it."""
    for name in IMAGES:
        image = stack.engine.images.get(f"scones/{name}:latest")
        assert image.tag(f"scones/{name}", stack.project)
    try:
        yield stack
    finally:
        stack.down("--volumes")
        for name in IMAGES:
            stack.engine.images.remove(f"scones/{name}:{stack.project}", noprune=True)
