"""Reads the layout of SageMaker's built-in algorithm: pictures, and a JSON file beside each.

Source: docs.aws.amazon.com/sagemaker/latest/dg/object-detection.html
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from scones.detection.scene import Box, Scene, read_scene
from scones.errors import DataError


def read_builtin(images: Path, annotations: Path) -> Iterator[Scene]:
    """Yield the pictures that have an annotation, in the order of its file's name.

    Args:
        images: Folder of pictures.
        annotations: Folder of JSON files.

    Raises:
        DataError: An annotation, a picture or a box is wrong.
    """
    files = sorted(annotations.glob("*.json"))
    if not files:
        raise DataError(f"{annotations} holds no .json file")
    for file in files:
        try:
            name, boxes, size = _read(json.loads(file.read_bytes()))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DataError(f"{file} is not an annotation of the built-in ({error!r})") from error
        yield read_scene(images / name, boxes, size)


def _read(document: Mapping[str, Any]) -> tuple[str, tuple[Box, ...], tuple[int, int]]:
    names = {int(one["class_id"]): str(one["name"]) for one in document["categories"]}
    boxes = tuple(
        Box(
            names[int(one["class_id"])],
            float(one["left"]),
            float(one["top"]),
            float(one["width"]),
            float(one["height"]),
        )
        for one in document["annotations"]
    )
    size = document["image_size"][0]
    return PurePath(document["file"]).name, boxes, (int(size["width"]), int(size["height"]))
