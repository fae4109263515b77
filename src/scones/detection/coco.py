"""Reads COCO's instances.json: one document for all pictures, boxes as left, top, width, height.

Source: cocodataset.org/#format-data
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from scones.detection.scene import Box, Scene, read_scene
from scones.errors import DataError


def read_coco(instances: Path, images: Path) -> Iterator[Scene]:
    """Yield the pictures of a COCO document, in the order of their file names.

    Boxes of crowds (iscrowd=1) are left out, since they frame many objects at once.

    Args:
        instances: The document.
        images: The folder that `file_name` is relative to.

    Raises:
        DataError: The document is not COCO's, or a picture or a box is wrong.
    """
    try:
        document = json.loads(instances.read_bytes())
        names = {int(one["id"]): str(one["name"]) for one in document["categories"]}
        boxes = _boxes(document["annotations"], names)
        pictures = sorted(document["images"], key=lambda one: str(one["file_name"]))
        listed = [_picture(one) for one in pictures]
    except OSError as error:
        raise DataError(f"{instances} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{instances} is not a COCO document ({error!r})") from error
    for number, file_name, size in listed:
        yield read_scene(images / file_name, tuple(boxes.get(number, ())), size)


def _picture(one: Mapping[str, Any]) -> tuple[int, str, tuple[int, int]]:
    file_name = str(one["file_name"])
    path = PurePath(file_name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"file_name {file_name!r} leaves its folder")
    return int(one["id"]), file_name, (int(one["width"]), int(one["height"]))


def _boxes(annotations: list[Mapping[str, Any]], names: Mapping[int, str]) -> dict[int, list[Box]]:
    found: dict[int, list[Box]] = defaultdict(list)
    for one in annotations:
        if one.get("iscrowd"):
            continue
        left, top, width, height = (float(number) for number in one["bbox"])
        name = names[int(one["category_id"])]
        found[int(one["image_id"])].append(Box(name, left, top, width, height))
    return found
