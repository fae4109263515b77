"""Reads PASCAL VOC: an XML file per picture, boxes as corners counted from 1, both inclusive.

Source: host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePath

from scones.detection.scene import Box, Scene, read_scene
from scones.errors import DataError

ANNOTATIONS, IMAGES = "Annotations", "JPEGImages"
MAX_BYTES = 1 << 20


def read_voc(folder: Path) -> Iterator[Scene]:
    """Yield the pictures of a VOC folder, in the order of their annotations' names.

    Objects marked difficult are left out, as in VOC's own evaluation.

    Args:
        folder: With `Annotations/*.xml` and `JPEGImages/`.

    Raises:
        DataError: It is not such a folder, or an annotation, a picture or a box is wrong.
    """
    files = sorted((folder / ANNOTATIONS).glob("*.xml"))
    if not files:
        raise DataError(f"{folder} holds no {ANNOTATIONS}/*.xml: is it a PASCAL VOC folder?")
    for file in files:
        try:
            root = _parse(file)
            name = _text(root, "filename")
            boxes = tuple(
                _box(one) for one in root.iter("object") if one.findtext("difficult") != "1"
            )
            size = root.find("size")
            stated = (
                None if size is None else (int(_text(size, "width")), int(_text(size, "height")))
            )
        except (ET.ParseError, ValueError) as error:
            raise DataError(f"{file} is not a VOC annotation: {error}") from error
        yield read_scene(folder / IMAGES / name, boxes, stated)


def _parse(file: Path) -> ET.Element:
    """Parse a file without a document type, which could name other files or grow endlessly."""
    content = file.read_bytes()
    if len(content) > MAX_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes, or a document type")
    return ET.fromstring(content)  # noqa: S314


def _box(one: ET.Element) -> Box:
    frame = one.find("bndbox")
    if frame is None:
        raise ValueError("an object has no bndbox")
    left, top = float(_text(frame, "xmin")) - 1, float(_text(frame, "ymin")) - 1
    right, bottom = float(_text(frame, "xmax")), float(_text(frame, "ymax"))
    return Box(_text(one, "name"), left, top, right - left, bottom - top)


def _text(element: ET.Element, name: str) -> str:
    found = (element.findtext(name) or "").strip()
    if not found:
        raise ValueError(f"<{element.tag}> has no <{name}>")
    if name == "filename" and PurePath(found).name != found:
        raise ValueError(f"filename {found!r} is not a plain name")
    return found
