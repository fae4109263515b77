"""Reads a person's own images from a folder with one sub-folder per class."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from scones.errors import DataError
from scones.etl.source import Kind, LabelledImage, check_classes

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_FILE_BYTES = 20 * 2**20
MAX_PIXELS = 25_000_000  # a 25-megapixel photograph takes 75 MB once decoded

_SPLITS: tuple[Literal["train", "test"], ...] = ("train", "test")


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A source that reads `<class>/*.png`, or `train/<class>/*.png` and `test/<class>/*.png`.

    Attributes:
        path: The folder. Files of other kinds than PNG and JPEG are passed over.

    Raises:
        DataError: It is not a folder, or has no images.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            raise DataError(f"{self.path} is not a folder; name one with a sub-folder per class")
        if not self.class_names():
            raise DataError(
                f"{self.path} has no images; put PNG or JPEG files in {self.path}/CLASS/, or in "
                f"train/CLASS/ and test/CLASS/"
            )

    @property
    def kind(self) -> Kind:
        """A person's own images, of which nothing is known."""
        return "images"

    @property
    def name(self) -> str:
        """What the staged folder's name starts with."""
        return self.path.resolve().name or "folder"

    @property
    def description(self) -> str:
        """Where the images come from, for a person."""
        return f"the images in the folder {self.name}"

    def fingerprint(self) -> str:
        """Identify the content by every file's name, size and time of change."""
        digest = hashlib.sha256()
        for split in self._splits():
            for name in self._classes(split):
                for file in self._files(split, name):
                    state = file.stat()
                    line = f"{file.relative_to(self.path)}\0{state.st_size}\0{state.st_mtime_ns}\n"
                    digest.update(line.encode("utf-8", "surrogateescape"))
        return f"folder-sha256:{digest.hexdigest()}"

    def class_names(self) -> tuple[str, ...]:
        """The sub-folders that have images, by name."""
        names = {name for split in self._splits() for name in self._classes(split)}
        return tuple(sorted(names))

    def images(self, classes: Sequence[str]) -> Iterator[LabelledImage]:
        """Read all images of the given classes, by split, class and file name."""
        check_classes(classes, self.class_names(), self.description)
        for split in self._splits():
            for name in classes:
                for file in self._files(split, name):
                    yield LabelledImage(file.name, name, split, read_image(file))

    def _splits(self) -> tuple[Literal["train", "test"] | None, ...]:
        """Whether the folder itself is divided: a class may well be called `train`."""
        if all(
            (self.path / split).is_dir() and any(_folders(self.path / split)) for split in _SPLITS
        ):
            return _SPLITS
        return (None,)

    def _classes(self, split: str | None) -> list[str]:
        folders = _folders(self.path / (split or ""))
        return [folder.name for folder in folders if any(_images(folder))]

    def _files(self, split: str | None, name: str) -> list[Path]:
        folder = self.path / (split or "") / name
        return sorted(_images(folder)) if folder.is_dir() else []


def _folders(path: Path) -> Iterator[Path]:
    return (entry for entry in sorted(path.iterdir()) if entry.is_dir())


def _images(folder: Path) -> Iterator[Path]:
    return (
        entry
        for entry in folder.iterdir()
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
    )


def read_image(file: Path) -> NDArray[np.uint8]:
    """Read one image file as it is meant to be seen: upright, RGB, transparency on white.

    Args:
        file: A PNG or JPEG file of at most `MAX_FILE_BYTES` and `MAX_PIXELS`.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        DataError: The file is not such an image; the message names it.
    """
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError(f"{file} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            _verify(file)
            with Image.open(file, formats=("PNG", "JPEG")) as opened:
                return _as_rgb(ImageOps.exif_transpose(opened))
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them
        raise DataError(
            f"{file} is not a readable PNG or JPEG image ({error}); remove or replace it"
        ) from error


def _verify(file: Path) -> None:
    """Check the header's size and the file's checksums before anything is decoded."""
    with Image.open(file, formats=("PNG", "JPEG")) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise DataError(
                f"{file} has {opened.width} x {opened.height} pixels; at most "
                f"{MAX_PIXELS:,} are read"
            )
        opened.verify()


def _as_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode.startswith("I;16"):  # Pillow would clip rather than scale 16-bit greys
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        picture = Image.alpha_composite(white, over)
    return np.asarray(picture.convert("RGB"))
