"""What is around a vehicle in a picture, in front of it, and what a camera does to it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from scones.etl.drawings.palette import any_colour, dark_grey, lighter, muted, pale
from scones.etl.drawings.pen import Colour

DRAWN_SIDE = 128  # pixels; four times the final side, so that thin spokes become grey, not gone
FINAL_SIDE = 32


def background(rng: np.random.Generator) -> Image.Image:
    """Draw a studio, a street, a wall, a park or clutter."""
    kinds = (_studio, _street, _wall, _park, _clutter)
    kind = kinds[int(rng.choice(len(kinds), p=[0.26, 0.22, 0.18, 0.2, 0.14]))]
    return kind(rng)


def _plain(top: Colour, bottom: Colour) -> Image.Image:
    """A vertical gradient."""
    share = np.linspace(0, 1, DRAWN_SIDE)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    pixels = np.repeat(rows, DRAWN_SIDE, axis=1).astype(np.uint8)
    return Image.fromarray(pixels, "RGB")


def _studio(rng: np.random.Generator) -> Image.Image:
    colour = pale(rng) if rng.random() < 0.8 else any_colour(rng)
    return _plain(colour, lighter(colour, int(rng.integers(-30, 20))))


def _street(rng: np.random.Generator) -> Image.Image:
    sky = pale(rng) if rng.random() < 0.75 else dark_grey(rng)
    picture = _plain(sky, lighter(sky, -25))
    draw = ImageDraw.Draw(picture)
    horizon = int(rng.integers(48, 96))
    left = 0
    while left < DRAWN_SIDE:  # houses
        right = left + int(rng.integers(18, 56))
        roof = horizon - int(rng.integers(0, 50))
        draw.rectangle((left, roof, right, horizon), fill=muted(rng))
        left = right
    grey = int(rng.integers(60, 170))
    draw.rectangle((0, horizon, DRAWN_SIDE, DRAWN_SIDE), fill=(grey, grey, grey))
    return picture


def _wall(rng: np.random.Generator) -> Image.Image:
    colour = muted(rng)
    picture = _plain(colour, lighter(colour, -20))
    draw = ImageDraw.Draw(picture)
    joint = lighter(colour, int(rng.choice([-35, 35])))
    course = int(rng.integers(9, 26))
    upright = rng.random() < 0.5
    for at in range(0, DRAWN_SIDE, course):
        ends = (at, 0, at, DRAWN_SIDE) if upright else (0, at, DRAWN_SIDE, at)
        draw.line(ends, fill=joint, width=int(rng.integers(1, 4)))
    floor = int(rng.integers(90, 126))
    draw.rectangle((0, floor, DRAWN_SIDE, DRAWN_SIDE), fill=muted(rng))
    return picture


def _park(rng: np.random.Generator) -> Image.Image:
    green = (int(rng.integers(50, 130)), int(rng.integers(100, 180)), int(rng.integers(30, 90)))
    picture = _plain(pale(rng) if rng.random() < 0.5 else lighter(green, -50), green)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(10, 40))):
        x, y = rng.uniform(0, DRAWN_SIDE, 2)
        size = rng.uniform(4, 22)
        leaf = lighter(green, int(rng.integers(-60, 40)))
        draw.ellipse((x - size, y - size * 0.7, x + size, y + size * 0.7), fill=leaf)
    return picture


def _clutter(rng: np.random.Generator) -> Image.Image:
    picture = _plain(muted(rng), muted(rng))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(6, 18))):
        x, y = rng.uniform(-10, DRAWN_SIDE, 2)
        width, height = rng.uniform(6, 50, 2)
        shape = draw.ellipse if rng.random() < 0.4 else draw.rectangle
        shape((x, y, x + width, y + height), fill=any_colour(rng))
    return picture


def occlude(picture: Image.Image, rng: np.random.Generator) -> None:
    """Put a pole, a branch or a box in front of the vehicle in about two pictures of five."""
    draw = ImageDraw.Draw(picture)
    kind = rng.random()
    x = rng.uniform(10, DRAWN_SIDE - 10)
    if kind < 0.15:
        draw.line(
            (x, 0, x + rng.uniform(-12, 12), DRAWN_SIDE), any_colour(rng), int(rng.integers(4, 13))
        )
    elif kind < 0.28:
        y = rng.uniform(50, DRAWN_SIDE)
        width, height = rng.uniform(14, 44, 2)
        draw.rectangle(
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2), fill=any_colour(rng)
        )
    elif kind < 0.38:
        for _ in range(int(rng.integers(4, 10))):
            dx, dy = rng.normal(0, 14, 2)
            draw.ellipse((x + dx - 9, 96 + dy - 6, x + dx + 9, 96 + dy + 6), fill=(70, 110, 50))


def photograph(picture: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make a small picture of a large one, with a camera's faults.

    Returns:
        uint8 array of shape (32, 32, 3): blurred, noisy, dim or bright, now and then grey.
    """
    small = picture.resize((FINAL_SIDE, FINAL_SIDE), Image.Resampling.BOX)
    if rng.random() < 0.5:
        small = small.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.75)))
    pixels = np.asarray(small, dtype=np.float64)
    if rng.random() < 0.1:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    middle = pixels.mean()
    pixels = (pixels - middle) * rng.uniform(0.6, 1.3) + middle + rng.uniform(-35, 35)
    pixels += rng.normal(0, rng.uniform(1, 11), pixels.shape)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
