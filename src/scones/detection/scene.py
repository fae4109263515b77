"""One picture and the boxes of what it shows: what every source of scenes gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from scones.errors import DataError

FORMATS = {"PNG": ".png", "JPEG": ".jpg"}
MAX_PIXELS = 50_000_000  # what the model server takes


@dataclass(frozen=True, slots=True)
class Box:
    """One object.

    Attributes:
        class_name: What it is.
        left, top, width, height: Where it is, in pixels.
    """

    class_name: str
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Pixels from the picture's left edge to the box's right one."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Pixels from the picture's upper edge to the box's lower one."""
        return self.top + self.height

    def overlap(self, other: "Box") -> float:
        """Return the area of both together as a share of the area of either (IoU), 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        common = width * height
        return common / (self.width * self.height + other.width * other.height - common)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture.

    Attributes:
        name: Its name without a suffix, unique in its source.
        content: The PNG or JPEG file's content.
        suffix: ".png" or ".jpg", by what the content is.
        width, height: In pixels, upright.
        boxes: What it shows; empty where that is nothing.
    """

    name: str
    content: bytes
    suffix: str
    width: int
    height: int
    boxes: tuple[Box, ...]

    def annotation(self, class_ids: Mapping[str, int]) -> dict[str, Any]:
        """Return the document that the built-in algorithm reads beside the picture.

        Args:
            class_ids: Index by class name; boxes of other classes are left out.
        """
        return {
            "file": f"{self.name}{self.suffix}",
            "image_size": [{"width": self.width, "height": self.height, "depth": 3}],
            "annotations": [
                {
                    "class_id": class_ids[box.class_name],
                    "left": box.left,
                    "top": box.top,
                    "width": box.width,
                    "height": box.height,
                }
                for box in self.boxes
                if box.class_name in class_ids
            ],
            "categories": [{"class_id": at, "name": name} for name, at in class_ids.items()],
        }


def read_scene(file: Path, boxes: tuple[Box, ...], size: tuple[int, int] | None = None) -> Scene:
    """Read a picture's file and make sure that its boxes lie in it.

    Args:
        file: PNG or JPEG.
        boxes: What it shows.
        size: Width and height that its annotation states; None where it states none.

    Raises:
        DataError: It is not there, not a picture, of another size, or a box leaves it.
    """
    try:
        content = file.read_bytes()
        with Image.open(BytesIO(content), formats=tuple(FORMATS)) as image:
            width, height = image.size
            suffix = FORMATS[image.format or ""]
    except FileNotFoundError:
        raise DataError(f"{file} is annotated but not there") from None
    except (OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{file} is not a PNG or JPEG picture ({error})") from error
    if width * height > MAX_PIXELS:
        raise DataError(f"{file} has {width} x {height} pixels; at most {MAX_PIXELS:,} are used")
    if size not in (None, (width, height)):
        raise DataError(f"{file} has {width} x {height} pixels, its annotation says {size}")
    kept = tuple(_inside(box, width, height, file) for box in boxes)
    return Scene(file.stem, content, suffix, width, height, kept)


def _inside(box: Box, width: int, height: int, file: Path) -> Box:
    """Cut off what leaves the picture by a pixel or so; refuse what is elsewhere."""
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(float(width), box.right), min(float(height), box.bottom)
    out = max(left - box.left, top - box.top, box.right - right, box.bottom - bottom)
    if right <= left or bottom <= top or out > 0.01 * max(width, height) + 1:
        raise DataError(
            f"{file}: the box of a {box.class_name} at {box.left:g}, {box.top:g} with "
            f"{box.width:g} x {box.height:g} pixels leaves the picture's {width} x {height}"
        )
    return Box(box.class_name, left, top, right - left, bottom - top)
