"""Which program stands for which container image: the images.json table.

An image URI is matched by its repository path alone, so that code written for AWS's registries
(`811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1`) runs unchanged.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.errors import StartError


class UnknownImageError(Exception):
    """No program stands for this image."""


@dataclass(frozen=True)
class Image:
    """A program: `train` or `serve` is appended to its command."""

    repositories: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]


class Images:
    """The table of programs, by repository path."""

    def __init__(self, images: list[Image]) -> None:
        self._by_repository = {name: image for image in images for name in image.repositories}

    def resolve(self, uri: str) -> Image:
        """Return the program for an image URI.

        Raises:
            UnknownImageError: the table has no such repository; the message lists those it has.
        """
        image = self._by_repository.get(repository_of(uri))
        if image is None:
            known = ", ".join(sorted(self._by_repository)) or "none"
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
    """Read the table and check that each program is there.

    Raises:
        StartError: the file is missing, is not such a table, or names a program that is not there.
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
            '{"images": [{"repositories": [...], "command": [...], "environment": {...}}]}'
        ) from error
    for image in images:
        if shutil.which(image.command[0]) is None:
            raise StartError(
                f"the images file {path} names the program {image.command[0]}, which is not there "
                f"or cannot be executed (for {', '.join(image.repositories)})"
            )
    return Images(images)


def _image(entry: dict[str, Any]) -> Image:
    command = tuple(entry["command"])
    repositories = tuple(entry["repositories"])
    environment = dict(entry.get("environment", {}))
    texts = (*command, *repositories, *environment, *environment.values())
    if not command or not repositories or not all(isinstance(text, str) for text in texts):
        raise TypeError("an image needs repositories and a command, all of them text")
    return Image(repositories, command, environment)
