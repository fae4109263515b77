"""Pictures that a model was not made for, and real photos of what it was made for.

strangers(archive)    images of twenty classes of CIFAR-100 that no training step saw
cut_outs(folder)      objects of COCO photos, each cut out as a square
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

# scones.pretraining.SET_ASIDE, which another environment has; a test compares the two.
SET_ASIDE = (
    *("whale", "trout", "tulip", "plate", "sweet_pepper", "television", "wardrobe", "cockroach"),
    *("wolf", "skyscraper", "sea", "kangaroo", "skunk", "worm", "woman", "turtle", "squirrel"),
    *("willow_tree", "train", "tractor"),
)
STRANGERS_PER_CLASS = 100
LEAST_SIDE = 16  # pixels; what is smaller shows nothing that a person would recognise
MARGIN = 1.1  # a cut-out's side by its box's longer side


def strangers(archive: tarfile.TarFile, read: Callable) -> Iterator[tuple[str, np.ndarray]]:
    """Yield class names with images of (n, 32, 32, 3).

    Args:
        archive: in CIFAR-100's format, with all of its classes.
        read: reads a part of it.
    """
    names = [name.decode() for name in read(archive, "meta")[b"fine_label_names"]]
    parts = [read(archive, part) for part in ("test", "train")]
    numbers = np.concatenate([part[b"fine_labels"] for part in parts])
    data = np.concatenate([part[b"data"] for part in parts])
    for name in SET_ASIDE:
        picked = np.flatnonzero(numbers == names.index(name))[:STRANGERS_PER_CLASS]
        yield name, data[picked].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def cut_outs(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield category names with squares cut out of photos, in their own size.

    A square is as large as the box's longer side and a tenth, as far as the photo reaches.
    """
    document = json.loads((folder / "instances.json").read_text())
    names = {category["id"]: category["name"] for category in document["categories"]}
    files = {image["id"]: image["file_name"] for image in document["images"]}
    for box in document["annotations"]:
        left, top, width, height = box["bbox"]
        if min(width, height) < LEAST_SIDE:
            continue
        with Image.open(folder / "images" / Path(files[box["image_id"]]).name) as photo:
            half = MARGIN * max(width, height) / 2
            x, y = left + width / 2, top + height / 2
            corners = (x - half, y - half, x + half, y + half)
            limits = (0, 0, *photo.size)
            edges = [max(0, round(c)) for c in corners[:2]]
            edges += [min(most, round(c)) for c, most in zip(corners[2:], limits[2:], strict=True)]
            yield names[box["category_id"]], photo.convert("RGB").crop(tuple(edges))
