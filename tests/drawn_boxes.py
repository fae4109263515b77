"""Whether a picture shows the boxes that it is to show."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

RIM = 2  # pixels to either side of a box's edge in which its line may lie
CHANGED = 40  # of 255: more than what compressing a JPEG again changes


def boxes_that_lack_a_line(
    photo: Path, picture: Path, objects: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the objects around which the picture is as the photo is."""
    with Image.open(photo) as before, Image.open(picture) as after:
        assert before.size == after.size
        change = np.abs(
            np.asarray(before.convert("RGB"), int) - np.asarray(after.convert("RGB"), int)
        ).max(axis=2)
    return [one for one in objects if not _is_outlined(change > CHANGED, one["box"])]


def _is_outlined(changed: np.ndarray, box: Mapping[str, float]) -> bool:
    left, top = round(box["left"]), round(box["top"])
    right, bottom = round(box["left"] + box["width"]), round(box["top"] + box["height"])
    rows, columns = slice(max(top, 0), bottom), slice(max(left, 0), right)
    sides = (
        *(_near(changed[:, columns], y, 0) for y in (top, bottom)),
        *(_near(changed[rows, :], x, 1) for x in (left, right)),
    )
    return all(share > 0.5 for share in sides)


def _near(changed: np.ndarray, place: int, axis: int) -> float:
    """Return along which share of an edge something has changed next to it."""
    around = range(max(place - RIM, 0), min(place + RIM + 1, changed.shape[axis]))
    return float(np.take(changed, around, axis).any(axis=axis).mean())
