"""Docker's side of a push: the engine on this machine, the image in it, and the way to a registry.

The password goes to the engine in a header of its socket. It is in no command line, file or log.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from scones.errors import ImageError
from scones.progress import SILENT, Reporter

VERSION_LABEL = "org.opencontainers.image.version"
_ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Login:
    """What a registry takes for a person."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image that was built on this machine.

    Attributes:
        name: As it was asked for, such as scones/image-classification:latest.
        id: sha256: and the digest of its configuration, which stands for all its content.
        version: As its label says; else that of scones.
        size_bytes: Unpacked.
    """

    name: str
    id: str
    version: str
    size_bytes: int

    @property
    def tag(self) -> str:
        """The tag that stands for this content, such as 0.1.0-3b445c1bc577."""
        return f"{self.version}-{self.id.removeprefix('sha256:')[:_ID_DIGITS]}"


class Engine:
    """The Docker engine of this machine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def find(self, name: str) -> LocalImage:
        """Return an image.

        Raises:
            ImageError: It has not been built.
        """
        try:
            found = self._client.images.get(name)
        except ImageNotFound as error:
            how = "`make images`" if name.startswith("scones/") else f"`docker build -t {name} .`"
            raise ImageError(f"there is no image '{name}' here: build it with {how}") from error
        labelled = found.labels.get(VERSION_LABEL) or version("scones")
        return LocalImage(name, str(found.id), labelled, int(found.attrs["Size"]))

    def push(
        self, image: LocalImage, repository_uri: str, login: Login, *, reporter: Reporter = SILENT
    ) -> None:
        """Push an image under its tag; layers that are there already are not sent again.

        When this is interrupted the engine stops; what was sent stays, and is not sent again.

        Raises:
            ImageError: The engine or the registry refuses.
        """
        uri = f"{repository_uri}:{image.tag}"
        try:
            self._client.images.get(image.id).tag(repository_uri, image.tag)
            lines = self._client.api.push(
                repository_uri,
                tag=image.tag,
                stream=True,
                decode=True,
                auth_config={"username": login.username, "password": login.password},
            )
            with closing(lines):
                _follow(lines, image, reporter)
        except APIError as error:
            raise ImageError(f"cannot push {uri}: {error.explanation or error}") from error
        finally:
            self._untag(uri)

    def _untag(self, uri: str) -> None:
        try:
            self._client.images.remove(uri, noprune=True)
        except ImageNotFound:
            return


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Lend the engine.

    Raises:
        ImageError: None answers.
    """
    try:
        client = docker.from_env()
    except DockerException as error:
        raise ImageError(f"no Docker engine answers ({error}): start Docker") from error
    with closing(client):
        try:
            client.ping()
        except (DockerException, OSError) as error:
            raise ImageError(f"no Docker engine answers ({error}): start Docker") from error
        yield Engine(client)


def _follow(lines: Iterator[Mapping[str, Any]], image: LocalImage, reporter: Reporter) -> None:
    """Report how many bytes have been sent, until the push has ended.

    Raises:
        ImageError: It was refused; the engine says so in a line of its answer.
    """
    sent: dict[str, int] = {}
    for line in lines:
        if refusal := line.get("error"):
            raise ImageError(f"the registry does not take '{image.name}': {refusal}")
        if current := line.get("progressDetail", {}).get("current"):
            sent[line["id"]] = current
            done = min(sum(sent.values()), image.size_bytes - 1)
            reporter.progress("pushing", done, image.size_bytes, "B")
    if sent:
        reporter.progress("pushing", image.size_bytes, image.size_bytes, "B")
