"""Where containers run: one interface, and the table of what implements it.

A training job and a model server are the same thing to a backend: an image started with one word,
`train` or `serve`, over a folder that the container sees as /opt/ml; a processing job brings a
command line of its own. `process` starts the image's program as a child process that is told the
folder's path; `docker` copies the folder into a container, and what a job leaves behind out of it.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from scones_localstack.sagemaker.errors import StartError

TRAIN = "train"
SERVE = "serve"


class ContainerStartError(Exception):
    """A container could not be started; the message says why."""


class ContainerFilesError(Exception):
    """What is in a running container cannot be had at the moment; the message says why."""


@dataclass(frozen=True)
class ContainerSpec:
    """What to run.

    Attributes:
        name: for people: what it is and whose, such as `training-job/my-job`.
        image: the image URI as the API was given it.
        argument: `train` or `serve`; empty for a container that is started with `arguments` alone.
        root: the folder that is /opt/ml in the container.
        log_path: the file that its output is appended to.
        environment: variables in addition to the backend's own.
        instance_type: such as `ml.m5.xlarge`: how much of the machine it may use, where the
            backend can limit it.
        host: by which name the containers of a job find this one.
        job: the containers of one job share a network of their own, by this name, unique within
            the service; the first makes it, the last to end removes it. Empty: a job of its own.
        entrypoint: what is run instead of the image's own program; empty for that.
        arguments: what follows the program, and the argument if there is one.
        leaves: folders below the root; what is in them is here once the container has ended.
    """

    name: str
    image: str
    argument: str
    root: Path
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    instance_type: str = ""
    host: str = "algo-1"
    job: str = ""
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ("model", "output", "checkpoints")

    @property
    def words(self) -> list[str]:
        """What follows the program."""
        return [*([self.argument] if self.argument else []), *self.arguments]


@dataclass(frozen=True)
class Exit:
    """How a container ended.

    Attributes:
        code: the exit code; 128 plus the signal's number where a signal ended it.
        cpu_seconds: user and system time of the container, all its processes included; None
            where nobody has counted.
        reason: what went wrong that the exit code does not say, a whole sentence; empty for
            nothing.
        ended: when that was, in seconds since the epoch by the backend's clock; when it was
            noticed, where the backend does not say.
    """

    code: int
    cpu_seconds: float | None = None
    reason: str = ""
    ended: float = field(default_factory=time.time, compare=False)

    @property
    def failed(self) -> bool:
        """Whether this is the end of something that went wrong."""
        return self.code != 0 or bool(self.reason)

    def __str__(self) -> str:
        return f"exit code {self.code}" + (f" ({self.reason.rstrip('.')})" if self.reason else "")


class Container(ABC):
    """A container that has been started.

    Attributes:
        address: where a `serve` container answers HTTP: scheme, host and port.
    """

    address: str

    @abstractmethod
    async def wait(self) -> Exit:
        """Return how it ended, once it has."""

    @abstractmethod
    async def stop(self, grace_seconds: float) -> Exit:
        """End it: SIGTERM, and after the grace SIGKILL; return how it ended.

        Nothing that it started is left afterwards.
        """

    async def fetch(self, folder: str) -> None:  # noqa: B027 - a container may write to the root
        """Bring what is in a folder now, below the root, of a container that is running.

        Raises:
            ContainerFilesError: it cannot be brought at the moment.
        """


class Backend(ABC):
    """A place where containers run.

    Attributes:
        max_hosts: how many containers a training job may have.
        network_interface: by which the containers of a job reach one another.
        has_pipes: whether a named pipe in a container's root is one for the container too.
    """

    max_hosts: ClassVar[int]
    network_interface: ClassVar[str]
    has_pipes: ClassVar[bool]

    @abstractmethod
    async def check_image(self, image: str) -> None:
        """Return if this image can be run.

        Raises:
            UnknownImageError: it cannot; the message says what to do.
            ServiceUnavailable: nobody can tell at the moment.
        """

    @abstractmethod
    async def start(self, spec: ContainerSpec) -> Container:
        """Start a container.

        Raises:
            ContainerStartError: it could not be started.
            UnknownImageError: there is no such image.
        """

    @abstractmethod
    def sees(self, root: Path) -> str:
        """Return by which path a container finds the folder that is its /opt/ml."""

    @abstractmethod
    def sweep(self) -> list[str]:
        """End what a service that was killed has left running; return the names of it.

        Raises:
            StartError: what there is to end cannot be reached.
        """


def choose[T](name: str, backends: Mapping[str, T]) -> T:
    """Return the entry of this name.

    Raises:
        StartError: there is none; the message lists those there are.
    """
    if name not in backends:
        raise StartError(f"there is no backend '{name}': choose one of {', '.join(backends)}")
    return backends[name]
