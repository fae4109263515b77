"""The Docker engine: the one place that uses its SDK, each fault as one of two errors.

The methods block and are called in threads.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import docker
import urllib3
from docker import errors

STATE_LABEL = "scones.sagemaker.state"
NAME_LABEL = "scones.sagemaker.name"

_TIMEOUT_SECONDS = 60
_POOL = 64


class EngineError(Exception):
    """The engine refused; the message is its own."""


class MissingError(EngineError):
    """The engine knows nothing of this name."""


class EngineAwayError(EngineError):
    """The engine does not answer; the message says what to do."""


class Engine:
    """The engine that DOCKER_HOST names, or the one of this machine.

    Attributes:
        cpus: processors of the machine the engine runs on.
        memory_bytes: its memory.
    """

    def __init__(self) -> None:
        """Connect.

        Raises:
            EngineAwayError: the engine does not answer.
        """
        with self._translated():
            self._api = docker.APIClient(
                **docker.utils.kwargs_from_env(),
                version="auto",
                timeout=_TIMEOUT_SECONDS,
                max_pool_size=_POOL,
            )
            about = self._api.info()
        self.cpus = int(about["NCPU"])
        self.memory_bytes = int(about["MemTotal"])

    def has_image(self, name: str) -> bool:
        """Return whether the engine has an image of this name."""
        try:
            with self._translated():
                self._api.inspect_image(name)
        except MissingError:
            return False
        return True

    # Containers

    def create(
        self,
        image: str,
        command: list[str],
        host: dict[str, Any],
        network: tuple[str, list[str]],
        **more: Any,
    ) -> str:
        """Create a container and return its id.

        Args:
            image: an image that the engine has.
            command: what follows the image's entry point.
            host: what the machine grants it, in the words of the SDK's `create_host_config`.
            network: the id of the network that is its eth0, and its names in it.
            more: what else the SDK's `create_container` takes.
        """
        name, aliases = network
        with self._translated():
            created = self._api.create_container(
                image,
                command,
                host_config=self._api.create_host_config(network_mode=name, **host),
                networking_config=self._api.create_networking_config(
                    {name: self._api.create_endpoint_config(aliases=aliases)}
                ),
                # Those would be of the caller's own configuration file.
                use_config_proxy=False,
                **more,
            )
        return str(created["Id"])

    def connect(self, container: str, network: str) -> None:
        """Let a container join one more network."""
        with self._translated():
            self._api.connect_container_to_network(container, network)

    def put(self, container: str, path: str, archive: Iterator[bytes]) -> None:
        """Unpack a tar stream into a folder of a container."""
        with self._translated():
            self._api.put_archive(container, path, archive)

    def get(self, container: str, path: str) -> Iterator[bytes]:
        """Return a tar stream of a folder of a container, running or not.

        Raises:
            MissingError: there is no such folder.
        """
        with self._translated():
            stream, _ = self._api.get_archive(container, path)
        return self._read(stream)

    def attach(self, container: str) -> Iterator[bytes]:
        """Return all that a container will print from now on, until its end."""
        with self._translated():
            stream = self._api.attach(container, stream=True, stdout=True, stderr=True)
        return self._read(stream)

    def follow(self, container: str) -> Iterator[bytes]:
        """Return all that a container has printed and will print, until its end."""
        with self._translated():
            stream = self._api.logs(container, stream=True, follow=True)
        return self._read(stream)

    def start(self, container: str) -> None:
        """Start a container."""
        with self._translated():
            self._api.start(container)

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what the engine knows about a container."""
        with self._translated():
            document: dict[str, Any] = self._api.inspect_container(container)
        return document

    def wait(self, container: str) -> None:
        """Return when a container is not running."""
        with self._translated():
            self._api.wait(container, timeout=None)

    def kill(self, container: str, signal: str) -> None:
        """Send a signal to the first process of a container."""
        with self._translated():
            self._api.kill(container, signal)

    def remove(self, container: str) -> None:
        """End and remove a container and its unnamed volumes, if it is there."""
        with contextlib.suppress(MissingError), self._translated():
            self._api.remove_container(container, v=True, force=True)

    def containers(self, labels: list[str]) -> dict[str, dict[str, str]]:
        """Return the labels of each container that has these, running or not, by its id."""
        with self._translated():
            found = self._api.containers(all=True, filters={"label": labels})
        return {each["Id"]: each["Labels"] for each in found}

    # Networks

    def create_network(self, name: str, labels: dict[str, str], **more: Any) -> str:
        """Create a bridge and return its id."""
        with self._translated():
            created = self._api.create_network(name, driver="bridge", labels=labels, **more)
        return str(created["Id"])

    def network_id(self, name: str) -> str:
        """Return the id of the network of this name or id.

        Raises:
            MissingError: there is none.
        """
        with self._translated():
            return str(self._api.inspect_network(name)["Id"])

    def remove_network(self, network: str) -> None:
        """Remove a network, if it is there."""
        with contextlib.suppress(MissingError), self._translated():
            self._api.remove_network(network)

    def networks(self, labels: list[str]) -> list[str]:
        """Return the ids of the networks that have these labels."""
        with self._translated():
            return [each["Id"] for each in self._api.networks(filters={"label": labels})]

    def _read(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        with self._translated():
            yield from stream

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except errors.NotFound as error:
            raise MissingError(_said(error)) from error
        except errors.APIError as error:
            raise EngineError(_said(error)) from error
        except (
            errors.DockerException,
            urllib3.exceptions.HTTPError,
            # What the SDK's HTTP client raises is one, too.
            OSError,
        ) as error:
            where = getattr(getattr(self, "_api", None), "base_url", "")
            raise EngineAwayError(
                "The Docker engine does not answer. Start Docker (`systemctl start docker`, or "
                "Docker Desktop), check that this user may use it, or let DOCKER_HOST name "
                f"another engine. ({where}{' ' if where else ''}{_root(error)})"
            ) from error


def _said(error: errors.APIError) -> str:
    return str(error.explanation or error)


def _root(error: BaseException) -> str:
    """Return the innermost cause in a few words."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return f"{type(error).__name__}: {error}"
