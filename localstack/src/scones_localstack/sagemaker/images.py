"""Which program or local image stands for which container image: the images.json table.

The `process` backend runs the program (`command`), the `docker` backend the image (`image`). An
image URI is matched by its repository path alone, so that code written for AWS's registries
(`811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1`) runs unchanged.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.errors import StartError


class UnknownImageError(Exception):
    """There is nothing to run for this image; the message says what to do."""


@dataclass(frozen=True)
class Image:
    """What is run with `train` or `serve` appended.

    Attributes:
        repositories: the repository paths it stands for.
        command: a program and its arguments; empty for none.
        name: an image in the Docker engine; empty for none.
        environment: variables of both.
        entrypoint: what is run in the image instead of its own program; empty for that.
    """

    repositories: tuple[str, ...]
    command: tuple[str, ...]
    name: str
    environment: dict[str, str]
    entrypoint: tuple[str, ...] = ()


class Images:
    """The table of programs and images, by repository path."""

    def __init__(self, images: list[Image]) -> None:
        self._images = images
        self._by_repository = {name: image for image in images for name in image.repositories}

    def find(self, uri: str) -> Image | None:
        """Return the entry for an image URI, or None."""
        return self._by_repository.get(repository_of(uri))

    def check_programs(self) -> None:
        """Check that each program is there.

        Raises:
            StartError: one is not; the message names it.
        """
        for image in self._images:
            if image.command and shutil.which(image.command[0]) is None:
                raise StartError(
                    f"the images file names the program {image.command[0]}, which is not there "
                    f"or cannot be executed (for {', '.join(image.repositories)})"
                )

    def program(self, uri: str) -> Image:
        """Return the entry for an image URI, which has a program.

        Raises:
            UnknownImageError: there is none; the message lists those there are.
        """
        image = self.find(uri)
        if image is None or not image.command:
            programs = (name for name, image in self._by_repository.items() if image.command)
            known = ", ".join(sorted(programs)) or "none"
            raise UnknownImageError(
                f"Cannot find image {uri}: this service knows the repositories {known}. "
                "Use one of them, or add a program for it to the images file."
            )
        return image


def repository_of(uri: str) -> str:
    """Return the repository path of an image URI: no registry host, no tag, no digest."""
    path = uri.split("@", 1)[0]
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        path = rest
    head, slash, last = path.rpartition("/")
    return f"{head}{slash}{last.split(':', 1)[0]}"


def load(path: Path) -> Images:
    """Read the table.

    Raises:
        StartError: the file is missing, or is not such a table.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartError(f"cannot read the images file {path}: {error.strerror}") from error
    except ValueError as error:
        raise StartError(f"the images file {path} is not JSON: {error}") from error
    try:
        images = [_image(entry) for entry in document["images"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise StartError(
            f"the images file {path} must hold "
            '{"images": [{"repositories": [...], "command": [...], "image": "...", '
            '"entrypoint": [...], "environment": {...}}]}, each with a command, an image or both'
        ) from error
    return Images(images)


def _image(entry: dict[str, Any]) -> Image:
    command = tuple(entry.get("command", ()))
    name = entry.get("image", "")
    repositories = tuple(entry["repositories"])
    environment = dict(entry.get("environment", {}))
    entrypoint = tuple(entry.get("entrypoint", ()))
    texts = (*command, *entrypoint, name, *repositories, *environment, *environment.values())
    known = repositories and (command or name)
    if not known or not all(isinstance(text, str) for text in texts):
        raise TypeError("an image needs repositories and a command or an image, all of them text")
    return Image(repositories, command, name, environment, entrypoint)
