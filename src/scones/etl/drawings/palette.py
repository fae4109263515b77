"""Random colours for paint, metal, rubber and walls."""

import colorsys

import numpy as np

from scones.etl.drawings.pen import Colour


def any_colour(rng: np.random.Generator) -> Colour:
    """A colour of any hue, from grey to strong."""
    return _from_hsv(rng.random(), rng.uniform(0.0, 0.95), rng.uniform(0.15, 0.95))


def vivid(rng: np.random.Generator) -> Colour:
    """A strong colour, as of paint."""
    return _from_hsv(rng.random(), rng.uniform(0.6, 1.0), rng.uniform(0.5, 1.0))


def pale(rng: np.random.Generator) -> Colour:
    """A light colour, as of a wall or a studio."""
    return _from_hsv(rng.random(), rng.uniform(0.0, 0.22), rng.uniform(0.72, 1.0))


def muted(rng: np.random.Generator) -> Colour:
    """Brick, plaster, concrete, wood: earth colours of any lightness."""
    return _from_hsv(rng.normal(0.08, 0.06) % 1, rng.uniform(0.05, 0.5), rng.uniform(0.25, 0.85))


def dark_grey(rng: np.random.Generator) -> Colour:
    """Rubber, leather, black metal."""
    return _from_hsv(rng.random(), rng.uniform(0.0, 0.15), rng.uniform(0.05, 0.32))


def light_grey(rng: np.random.Generator) -> Colour:
    """Chrome, aluminium, silver paint."""
    return _from_hsv(rng.random(), rng.uniform(0.0, 0.1), rng.uniform(0.55, 0.95))


def lighter(colour: Colour, by: int) -> Colour:
    """The colour with `by` (0 to 255, or negative) added to each channel."""
    red, green, blue = (min(255, max(0, channel + by)) for channel in colour)
    return red, green, blue


def _from_hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
