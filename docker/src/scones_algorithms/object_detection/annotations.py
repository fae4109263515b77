"""Boxes as the built-in's inputs write them: a JSON document, or the numbers in a record's label.

    {"image_size": [{"width": 500, "height": 400, "depth": 3}],
     "annotations": [{"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128}]}

    label of a record: 2 (length of this header), 5 (length of an object), then per object
    class, xmin, ymin, xmax, ymax, the last four as shares of the image's width and height

Inside they are an array of (objects, 5): class, left, top, right, bottom, as shares.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.object_detection.contract import OBJECT_WIDTH

Boxes = npt.NDArray[np.float32]  # (objects, 5)

LABEL_HEADER: Final = 2
ROUNDING: Final = 0.01  # share by which a box may leave its image: annotators click beside it


def of_document(document: Any, num_classes: int) -> tuple[Boxes, tuple[int, int]]:
    """Read the boxes of an annotation document.

    Args:
        document: as JSON gives it.
        num_classes: class_id is below.

    Returns:
        The boxes, and width and height of the image in pixels.

    Raises:
        ValueError: what is wrong, in one line.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it is not a JSON object")
    width, height = _size(document)
    found = document.get("annotations")
    if not isinstance(found, list):
        raise ValueError("annotations is not a list")
    rows = []
    for number, one in enumerate(found):
        try:
            rows.append(_of_annotation(one, width, height, num_classes))
        except (TypeError, ValueError, KeyError) as error:
            what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else error
            raise ValueError(f"annotation {number}: {what}") from None
    return _array(rows), (width, height)


def of_label(numbers: Sequence[float], num_classes: int) -> Boxes:
    """Read the boxes of a record's label.

    Raises:
        ValueError: what is wrong, in one line.
    """
    if len(numbers) < LABEL_HEADER:
        raise ValueError("its label has no header: make it with im2rec --pack-label")
    header, width = int(numbers[0]), int(numbers[1])
    if header < LABEL_HEADER or width < OBJECT_WIDTH:
        raise ValueError(
            f"its label begins with {numbers[0]:g}, {numbers[1]:g}: a header of at least "
            f"{LABEL_HEADER} numbers and objects of at least {OBJECT_WIDTH} are needed"
        )
    if len(numbers) < header or (len(numbers) - header) % width:
        raise ValueError(f"its label has {len(numbers)} numbers: objects of {width} do not fit")
    objects = [numbers[at : at + width] for at in range(header, len(numbers), width)]
    return _array(
        [_checked(one[0], one[1:OBJECT_WIDTH], num_classes) for one in objects if one[0] >= 0]
    )


def _size(document: Mapping[str, Any]) -> tuple[int, int]:
    sizes = document.get("image_size")
    size = sizes[0] if isinstance(sizes, list) and sizes else None
    try:
        width, height = int(size["width"]), int(size["height"])  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        raise ValueError('image_size is not [{"width": ..., "height": ..., "depth": 3}]') from None
    if min(width, height) < 1:
        raise ValueError(f"image_size is {width} x {height}")
    return width, height


def _of_annotation(
    one: Mapping[str, Any], width: int, height: int, num_classes: int
) -> tuple[float, ...]:
    left, top = float(one["left"]) / width, float(one["top"]) / height
    right = left + float(one["width"]) / width
    bottom = top + float(one["height"]) / height
    return _checked(one["class_id"], (left, top, right, bottom), num_classes)


def _checked(class_id: Any, corners: Sequence[float], num_classes: int) -> tuple[float, ...]:
    """Check one box and cut off what leaves the image by rounding."""
    index = float(class_id)
    if not index.is_integer() or not 0 <= index < num_classes:
        raise ValueError(f"class {class_id} is not from 0 to {num_classes - 1}")
    if not all(math.isfinite(corner) for corner in corners):
        raise ValueError("a box has a coordinate that is no number")
    if min(corners) < -ROUNDING or max(corners) > 1 + ROUNDING:
        raise ValueError("a box leaves the image")
    left, top, right, bottom = (min(1.0, max(0.0, corner)) for corner in corners)
    if right <= left or bottom <= top:
        raise ValueError("a box has no width or no height")
    return index, left, top, right, bottom


def _array(rows: Sequence[Sequence[float]]) -> Boxes:
    return np.array(rows, dtype=np.float32).reshape(-1, OBJECT_WIDTH)
