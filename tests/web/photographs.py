"""Photos to look at: real ones where there are any, else drawn; and what is in them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

TEST_DATA_ENV = "SCONES_TEST_DATA"
_KNOWN: dict[str, list[dict[str, Any]]] = {}


def _fingerprint(picture: Image.Image) -> str:
    small = picture.convert("L").resize((16, 12))
    return hashlib.sha256(bytes(value // 16 for value in small.tobytes())).hexdigest()


def found_in(picture: Image.Image) -> list[dict[str, Any]]:
    """What a detector that knows these photos finds; of others, one bicycle in their middle."""
    if found := _KNOWN.get(_fingerprint(picture)):
        return found
    width, height = picture.size
    box = {"left": width / 4, "top": height / 4, "width": width / 2, "height": height / 2}
    return [{"label": "bicycle", "confidence": 0.91, "box": box}]


def photographs(folder: Path) -> list[Path]:
    """Photos as files; `found_in` knows what is in them."""
    data = os.environ.get(TEST_DATA_ENV)
    return _real(Path(data) / "coco-vehicles") if data else _drawn(folder)


def _real(folder: Path) -> list[Path]:
    document = json.loads((folder / "instances.json").read_text())
    names = {category["id"]: category["name"] for category in document["categories"]}
    paths = []
    for image in document["images"]:
        boxes = [a for a in document["annotations"] if a["image_id"] == image["id"]]
        path = folder / "images" / image["file_name"]
        with Image.open(path) as opened:
            _KNOWN[_fingerprint(opened)] = _objects(
                [(names[a["category_id"]], tuple(a["bbox"])) for a in boxes]
            )
        paths.append(path)
    return paths


def _drawn(folder: Path) -> list[Path]:
    paths = []
    for number in range(6):
        picture = Image.linear_gradient("L").rotate(60 * number).resize((640, 480)).convert("RGB")
        pen = ImageDraw.Draw(picture)
        boxes = [(80 + 30 * number, 150, 180, 140), (360, 120 + 20 * number, 200, 180)]
        for left, top, width, height in boxes:
            pen.ellipse((left, top, left + width, top + height), fill=(180, 90, 30 * number))
        labels = ("bicycle", "motorcycle")
        path = folder / f"drawn-{number}.jpg"
        picture.save(path, quality=90)
        with Image.open(path) as opened:
            _KNOWN[_fingerprint(opened)] = _objects(list(zip(labels, boxes, strict=True)))
        paths.append(path)
    return paths


def _objects(boxes: list[tuple[str, tuple[float, ...]]]) -> list[dict[str, Any]]:
    objects = []
    for rank, (label, (left, top, width, height)) in enumerate(boxes):
        box = {"left": left, "top": top, "width": width, "height": height}
        confidence = round(max(0.97 - 0.06 * rank, 0.52), 4)
        objects.append({"label": label, "confidence": confidence, "box": box})
    return objects
