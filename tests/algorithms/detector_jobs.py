"""Detection jobs as SageMaker lays them out, on drawn pictures with exact boxes."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.algorithms.jobs import environment, write_config
from tests.algorithms.pictures import COLOURS, encoded

DETECTOR = [sys.executable, "-m", "scones_algorithms.object_detection"]
SMALL_JOB = {
    "num_classes": "2",
    "num_training_samples": "48",
    "image_shape": "64",
    "network": "small",
}
QUICK = SMALL_JOB | {"epochs": "2", "mini_batch_size": "8"}
IMAGES = dict.fromkeys(
    ("train", "train_annotation", "validation", "validation_annotation"), "image/png"
)

Box = tuple[int, int, int, int, int]  # class, left, top, width, height


def picture(
    rng: np.random.Generator, size: tuple[int, int] = (96, 72)
) -> tuple[Image.Image, list[Box]]:
    """Draw one or two large shapes side by side: warm discs (0) and cool bars (1)."""
    width, height = size
    image = Image.fromarray(rng.integers(90, 150, (height, width, 3), dtype=np.uint8))
    draw = ImageDraw.Draw(image)
    boxes: list[Box] = []
    for part in range(int(rng.integers(1, 3))):
        class_id = int(rng.integers(2))
        wide = int(width * rng.uniform(0.28, 0.42))
        high = int(height * rng.uniform(0.35, 0.6))
        left = part * width // 2 + int(rng.integers(0, width // 2 - wide))
        top = int(rng.integers(0, height - high))
        shape = (left, top, left + wide - 1, top + high - 1)
        if class_id == 0:
            draw.ellipse(shape, fill=COLOURS[0])
        else:
            draw.rectangle(shape, fill=COLOURS[1])
        boxes.append((class_id, left, top, wide, high))
    return image, boxes


def document(name: str, size: tuple[int, int], boxes: list[Box]) -> dict[str, object]:
    """The built-in's annotation of a picture."""
    names = ("class_id", "left", "top", "width", "height")
    return {
        "file": name,
        "image_size": [{"width": size[0], "height": size[1], "depth": 3}],
        "annotations": [dict(zip(names, box, strict=True)) for box in boxes],
        "categories": [{"class_id": 0, "name": "disc"}, {"class_id": 1, "name": "bar"}],
    }


def write_channel(base: Path, name: str, count: int, seed: int) -> None:
    """Write pictures and annotations as the channels `name` and `name`_annotation."""
    rng = np.random.default_rng(seed)
    images, annotations = (base / "input" / "data" / part for part in (name, f"{name}_annotation"))
    images.mkdir(parents=True)
    annotations.mkdir(parents=True)
    for number in range(count):
        image, boxes = picture(rng)
        (images / f"{number:03d}.png").write_bytes(encoded(image))
        text = json.dumps(document(f"{number:03d}.png", image.size, boxes))
        (annotations / f"{number:03d}.json").write_text(text)


def write_job(
    base: Path, hyperparameters: Mapping[str, str] = QUICK, *, train: int = 24, validation: int = 8
) -> Path:
    """Lay out a whole job."""
    write_channel(base, "train", train, seed=1)
    if validation:
        write_channel(base, "validation", validation, seed=2)
    channels = {name: kind for name, kind in IMAGES.items() if validation or "train" in name}
    write_config(base, hyperparameters, **channels)
    return base


def add_channel(base: Path, name: str, content_type: str = "") -> Path:
    """Add a channel to a job; returns its folder."""
    path = base / "input" / "config" / "inputdataconfig.json"
    channels = json.loads(path.read_text()) | {name: {"ContentType": content_type}}
    path.write_text(json.dumps(channels))
    folder = base / "input" / "data" / name
    folder.mkdir()
    return folder


def run_train(base: Path) -> subprocess.CompletedProcess[str]:
    """Run a job to its end as SageMaker would."""
    return subprocess.run(
        [*DETECTOR, "train"], env=environment(base), capture_output=True, text=True, timeout=300
    )
