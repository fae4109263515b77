"""The backend itself: check an image, start a container, sweep up after an earlier service."""

import asyncio
import contextlib
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from scones_localstack.sagemaker.backends import (
    Backend,
    Container,
    ContainerSpec,
    ContainerStartError,
)
from scones_localstack.sagemaker.backends.docker.container import DockerContainer
from scones_localstack.sagemaker.backends.docker.engine import (
    NAME_LABEL,
    STATE_LABEL,
    Engine,
    EngineAwayError,
    EngineError,
    MissingError,
)
from scones_localstack.sagemaker.backends.docker.files import CONTAINER_ROOT
from scones_localstack.sagemaker.backends.docker.launch import Launched, Launcher
from scones_localstack.sagemaker.errors import ServiceUnavailable, StartError
from scones_localstack.sagemaker.images import Images, UnknownImageError
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import Store

_THREADS = 16
_SWEEP_SECONDS = 10.0
_RETRY_SECONDS = 0.25
_log = logging.getLogger(__name__)


class DockerBackend(Backend):
    """Starts images of the engine as containers; see the package's docstring."""

    max_hosts = 20
    network_interface = "eth0"
    has_pipes = False

    def __init__(self, settings: Settings, images: Images, store: Store) -> None:
        """Connect to the engine.

        Raises:
            StartError: it does not answer, or has no network of the given name.
        """
        del store  # The engine's labels are this backend's memory.
        self._images = images
        self._state = _state_id(settings.folder)
        try:
            self._engine = Engine()
            network = self._engine.network_id(settings.network) if settings.network else ""
        except MissingError as error:
            raise StartError(
                f"there is no Docker network '{settings.network}': create it with "
                f"`docker network create {settings.network}`, or leave --network out"
            ) from error
        except EngineError as error:
            raise StartError(str(error)) from error
        endpoint_url = settings.aws_endpoint_url
        self._launcher = Launcher(self._engine, self._state, network, endpoint_url)
        # Not asyncio's own threads: those may all be waiting for an S3 that is away.
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="docker")

    async def check_image(self, image: str) -> None:
        """Return if the engine has this image."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, self._image, image)
        except EngineError as error:
            raise ServiceUnavailable(str(error)) from error

    async def start(self, spec: ContainerSpec) -> Container:
        """Start a container; where that fails, nothing of it is left behind."""
        loop = asyncio.get_running_loop()
        launch = loop.run_in_executor(self._executor, self._launch, spec)
        try:
            launched = await asyncio.shield(launch)
        except asyncio.CancelledError:
            # The engine cannot be interrupted: wait for what it makes, and end that.
            with contextlib.suppress(ContainerStartError, UnknownImageError):
                made = await launch
                await loop.run_in_executor(self._executor, made.removal.in_background)
            raise
        return DockerContainer(self._engine, spec, launched, self._executor)

    def sees(self, root: Path) -> str:
        """Return /opt/ml, wherever the folder is here."""
        return f"/{CONTAINER_ROOT}"

    def sweep(self) -> list[str]:
        """Remove the containers and networks that have this state folder's label."""
        labels = [f"{STATE_LABEL}={self._state}"]
        names: set[str] = set()
        deadline = time.monotonic() + _SWEEP_SECONDS
        while True:
            try:
                found = self._engine.containers(labels)
                names |= {each[NAME_LABEL] for each in found.values()}
                for container in found:
                    self._engine.remove(container)
                for network in self._engine.networks(labels):
                    self._engine.remove_network(network)
                return sorted(names)
            except EngineAwayError as error:
                raise StartError(str(error)) from error
            except EngineError as error:
                # What is being removed already is gone in a moment.
                if time.monotonic() > deadline:
                    _log.warning("cannot clear up: %s", error)
                    return sorted(names)
            time.sleep(_RETRY_SECONDS)

    # In threads

    def _launch(self, spec: ContainerSpec) -> Launched:
        try:
            image, variables = self._image(spec.image)
        except EngineError as error:
            raise ContainerStartError(str(error)) from error
        entry = self._images.find(spec.image)
        if entry is not None and not spec.entrypoint:
            spec = replace(spec, entrypoint=entry.entrypoint)
        return self._launcher.launch(spec, image, variables)

    def _image(self, uri: str) -> tuple[str, dict[str, str]]:
        """Return the name of the image that stands for a URI, and the table's variables for it."""
        entry = self._images.find(uri)
        variables = entry.environment if entry is not None else {}
        if entry is not None and entry.name:
            name, build = entry.name, "`make images`"
        else:
            name, build = uri, f"`docker build -t {uri} .`, or pull it"
        if not self._engine.has_image(name):
            here = "" if name == uri else f", here {name}"
            raise UnknownImageError(
                f"Cannot find image {uri}{here}: the Docker engine does not have it, and nothing "
                f"is pulled by itself. Build it with {build}."
            )
        return name, variables


def _state_id(folder: Path) -> str:
    """Return what tells this state folder from all others, wherever it is mounted."""
    path = folder / "docker-state"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        made = uuid.uuid4().hex
        path.write_text(f"{made}\n", encoding="utf-8")
        return made
