"""What every source of images gives: labelled pixels, and a fingerprint to recognise it by."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from scones.errors import UsageError

type Kind = Literal["photographs", "drawings", "images"]
"""What the pixels show: `images` are a person's own, of which nothing is known."""

type Split = Literal["train", "validation", "test"]

HOW_TO_LIST_CLASSES = "--list-classes shows them all"
_SHOWN = 12  # class names named in an error before it becomes a wall of text


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image of a source.

    Attributes:
        file_name: Name that the source gives it, not yet safe as a path.
        class_name: Its class.
        split: "train" or "test" where the source says so, else None.
        pixels: uint8 array of shape (height, width, 3), RGB.
    """

    file_name: str
    class_name: str
    split: Literal["train", "test"] | None
    pixels: NDArray[np.uint8]


class Source(Protocol):
    """Where images come from: an archive, a folder, or a program that draws them."""

    @property
    def kind(self) -> Kind:
        """What the pixels show."""

    @property
    def name(self) -> str:
        """What the staged folder's name starts with."""

    @property
    def description(self) -> str:
        """Where the images come from, for a person."""

    def fingerprint(self) -> str:
        """Identify the content; it changes whenever any image does."""

    def class_names(self) -> tuple[str, ...]:
        """The classes there are, in the source's order."""

    def images(self, classes: Sequence[str]) -> Iterator[LabelledImage]:
        """Yield all images of the given classes in an order that does not change."""


def check_classes(wanted: Sequence[str], there: Sequence[str], where: str) -> None:
    """Make sure that a source has every wanted class.

    Raises:
        UsageError: Fewer than two classes, one named twice, or one that is not there.
    """
    if len(wanted) < 2:
        raise UsageError(f"{len(wanted)} class given ({', '.join(wanted)}); name at least two")
    twice = sorted({name for name in wanted if wanted.count(name) > 1})
    if twice:
        raise UsageError(f"class {twice[0]} is given twice; name each class once")
    for name in wanted:
        if name not in there:
            raise UsageError(f"no class {name!r} in {where}; {_suggestion(name, there)}")


def _suggestion(name: str, there: Sequence[str]) -> str:
    """Name the classes that were probably meant, or all of them where they are few."""
    close = difflib.get_close_matches(name.lower(), there, n=4, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}? {HOW_TO_LIST_CLASSES}"
    shown = ", ".join(list(there)[:_SHOWN])
    if len(there) <= _SHOWN:
        return f"it has {shown}"
    return f"it has {shown} and {len(there) - _SHOWN} more; {HOW_TO_LIST_CLASSES}"
