"""The event payloads in tests/events, and images to go with them."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

EVENTS = Path(__file__).parents[2] / "events"

BICYCLE, MOTORCYCLE, UNSURE = (200, 40, 40), (40, 40, 200), (120, 120, 120)


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def image_bytes(colour: tuple[int, int, int] = BICYCLE, kind: str = "PNG", side: int = 32) -> bytes:
    """An image whose colour tells the fake endpoint what to answer."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, kind)
    return buffer.getvalue()


def large_png(size_bytes: int) -> bytes:
    """A PNG with that many bytes: readers ignore what follows its end."""
    image = image_bytes()
    return image + bytes(size_bytes - len(image))
