"""Small images to learn from: warm discs and cool bars on a noisy ground."""

import io

import numpy as np
from PIL import Image, ImageDraw

COLOURS = ((200, 90, 60), (60, 110, 200))


def picture(class_index: int, rng: np.random.Generator, size: int = 32) -> Image.Image:
    """Draw one image of a class; the two classes differ in colour and in shape."""
    ground = rng.integers(60, 190, (size, size, 3), dtype=np.uint8)
    image = Image.fromarray(ground)
    draw = ImageDraw.Draw(image)
    colour = tuple(int(c + rng.integers(-25, 26)) for c in COLOURS[class_index])
    left, top = (int(corner) for corner in rng.integers(2, size // 3, 2))
    box = (left, top, left + size // 2, top + size // 2)
    draw.ellipse(box, fill=colour) if class_index == 0 else draw.rectangle(box, fill=colour)
    return image


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    """The content of an image file."""
    content = io.BytesIO()
    image.save(content, image_format, **options)
    return content.getvalue()
