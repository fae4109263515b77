"""Boxes and labels on a photo, legible on any background."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

# Told apart by people with colour blindness: Okabe and Ito, "Color Universal Design", 2008.
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
DARK_COLOURS = {"#009e73", "#0072b2", "#d55e00"}  # these carry white letters
LINE_SHARE = 1 / 200  # of the shorter side
LETTER_SHARE = 1 / 28


def draw(image: Image.Image, objects: Sequence[Mapping[str, Any]]) -> Image.Image:
    """Return a copy of a photo with a box and a label for each object.

    Args:
        image: RGB.
        objects: Each with label, confidence and box (left, top, width, height in pixels).
    """
    drawn = image.copy()
    pen = ImageDraw.Draw(drawn)
    side = min(drawn.size)
    width = max(2, round(side * LINE_SHARE))
    font = ImageFont.load_default(max(10, round(side * LETTER_SHARE)))
    colours = _colours(objects)
    for found in reversed(objects):  # the surest last, on top
        colour = colours[found["label"]]
        left, top, right, bottom = _corners(found["box"], drawn.size)
        pen.rectangle((left, top, right, bottom), outline=colour, width=width)
        _label(pen, found, (left, top), drawn.size, font, colour)
    return drawn


def _colours(objects: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    labels = sorted({found["label"] for found in objects})
    return {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(labels)}


def _corners(box: Mapping[str, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return a box's corners inside the picture, never crossed."""
    left, top = (max(0.0, min(box[k], s - 1.0)) for k, s in zip(("left", "top"), size, strict=True))
    right = max(left, min(box["left"] + box["width"], size[0] - 1.0))
    bottom = max(top, min(box["top"] + box["height"], size[1] - 1.0))
    return left, top, right, bottom


def _label(
    pen: ImageDraw.ImageDraw,
    found: Mapping[str, Any],
    corner: tuple[float, float],
    size: tuple[int, int],
    font: Any,
    colour: str,
) -> None:
    """Write label and confidence above the box, or inside it where there is no room above."""
    text = f"{found['label']} {found['confidence']:.0%}"
    _, _, width, height = pen.textbbox((0, 0), text, font=font)
    margin = max(2, round(height / 5))
    left = max(0.0, min(corner[0], size[0] - width - 2 * margin))
    above = corner[1] - height - 2 * margin
    top = above if above >= 0 else corner[1]
    pen.rectangle((left, top, left + width + 2 * margin, top + height + 2 * margin), fill=colour)
    letters = "white" if colour in DARK_COLOURS else "black"
    pen.text((left + margin, top + margin), text, fill=letters, font=font)
