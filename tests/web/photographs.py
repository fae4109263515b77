"""Photos to look at: real ones where there are any, else drawn; and what is in them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from scones.etl.drawings.pen import Pen, Pose
from scones.etl.drawings.vehicles import DRAWN

type Boxes = list[tuple[str, tuple[float, ...]]]

NAMES = [
    "market-street",
    "morning-round",
    "bay-3",
    "old-town",
    "evening",
    "station",
    "quay",
    "yard",
]
SKIES = (
    ((132, 178, 214), (246, 226, 200)),
    ((92, 112, 160), (250, 190, 150)),
    ((176, 200, 214), (236, 236, 228)),
    ((70, 84, 128), (232, 150, 130)),
)
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


def photographs(folder: Path, *, real: bool = True) -> list[Path]:
    """Photos as files, real ones where there are any; `found_in` knows what is in them."""
    data = os.environ.get(TEST_DATA_ENV) if real else None
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
    for number in range(8):
        scene, boxes = street(number)
        path = folder / f"{NAMES[number]}.jpg"
        scene.save(path, quality=92)
        with Image.open(path) as opened:
            _KNOWN[_fingerprint(opened)] = _objects(boxes)
        paths.append(path)
    return paths


def street(number: int, size: tuple[int, int] = (1200, 800)) -> tuple[Image.Image, Boxes]:
    """Draw a street with vehicles; return it with the box of each."""
    rng = np.random.default_rng(number)
    width, height = size
    top, low = (np.array(colour) for colour in SKIES[number % len(SKIES)])
    share = np.linspace(0, 1, height)[:, None, None]
    sky = np.repeat(top * (1 - share) + low * share, width, axis=1).astype(np.uint8)
    picture = Image.fromarray(sky)
    pen = ImageDraw.Draw(picture)
    horizon = int(0.56 * height)
    left = 0
    while left < width:
        right, roof = left + int(rng.integers(90, 220)), horizon - int(rng.integers(60, 330))
        wall = tuple(int(c) for c in low * rng.uniform(0.5, 0.8))
        pen.rectangle((left, roof, right, horizon), fill=wall)
        for x in range(left + 18, right - 22, 36):
            for y in range(roof + 20, horizon - 28, 48):
                lit = rng.random() < 0.35
                pane = (255, 226, 160) if lit else tuple(int(c * 0.75) for c in wall)
                pen.rectangle((x, y, x + 16, y + 24), fill=pane)
        left = right
    pen.rectangle((0, horizon, width, height), fill=(96, 96, 102))
    pen.rectangle((0, horizon, width, horizon + 26), fill=(150, 146, 140))
    for x in range(-40, width, 190):
        pen.polygon([(x, 700), (x + 110, 700), (x + 96, 712), (x - 16, 712)], fill=(214, 208, 190))
    return picture, _vehicles(picture, rng)


def _vehicles(picture: Image.Image, rng: np.random.Generator) -> Boxes:
    boxes: Boxes = []
    places = sorted(rng.choice(4, size=int(rng.integers(2, 4)), replace=False))
    for place in places:
        label = ("bicycle", "motorcycle", "bus")[int(rng.choice(3, p=[0.45, 0.4, 0.15]))]
        layer = Image.new("RGBA", picture.size)
        pose = Pose(
            centre=(180 + 280 * place, 565 + float(rng.uniform(-20, 90))),
            scale=float(rng.uniform(140, 185)),
            tilt=0.0,
            squeeze=float(rng.choice([-1, 1])) * float(rng.uniform(0.8, 1)),
            slant=0.0,
            middle=0.5,
        )
        DRAWN[label](Pen(layer, pose), rng)
        box = layer.getbbox()
        assert box is not None
        picture.paste(layer, (0, 0), layer)
        boxes.append((label, (box[0], box[1], box[2] - box[0], box[3] - box[1])))
    return boxes


def _objects(boxes: Boxes) -> list[dict[str, Any]]:
    objects = []
    for rank, (label, (left, top, width, height)) in enumerate(boxes):
        box = {"left": left, "top": top, "width": width, "height": height}
        confidence = round(max(0.97 - 0.06 * rank, 0.52), 4)
        objects.append({"label": label, "confidence": confidence, "box": box})
    return objects
