"""A pen that draws in a vehicle's own coordinates onto a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

type Point = tuple[float, float]
type Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the vehicle stands in the picture, and how it is turned.

    Attributes:
        centre: Pixel that the vehicle's own (0, middle) falls on.
        scale: Pixels per vehicle unit; a vehicle is about two units long.
        tilt: Rotation in radians, positive leans backwards.
        squeeze: Length as seen, 1 from the side and less when turned towards the viewer;
            negative when the vehicle faces left.
        slant: How far the top is moved along the length for each unit of height.
        middle: Height, in vehicle units, of the point that `centre` shows.
    """

    centre: Point
    scale: float
    tilt: float
    squeeze: float
    slant: float
    middle: float

    def place(self, point: Point) -> Point:
        """Turn a point of the vehicle (x forward, y up from the ground) into a pixel."""
        x = point[0] * self.squeeze + point[1] * self.slant
        y = point[1] - self.middle
        sin, cos = math.sin(self.tilt), math.cos(self.tilt)
        return (
            self.centre[0] + self.scale * (x * cos - y * sin),
            self.centre[1] - self.scale * (x * sin + y * cos),
        )


class Pen:
    """Draws lines, discs, rings and polygons given in vehicle units."""

    def __init__(self, picture: Image.Image, pose: Pose) -> None:
        self._draw = ImageDraw.Draw(picture)
        self._pose = pose

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a line with round ends and joints; `width` in vehicle units."""
        pixels = [self._pose.place(point) for point in points]
        thick = max(1, round(width * self._pose.scale))
        self._draw.line(pixels, fill=colour, width=thick, joint="curve")
        if thick > 2:
            for x, y in (pixels[0], pixels[-1]):
                end = thick / 2 - 0.5
                self._draw.ellipse((x - end, y - end, x + end, y + end), fill=colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._pose.place(point) for point in points], fill=colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """Fill a circle, seen as an ellipse when the vehicle is turned."""
        self.polygon(_circle(centre, radius), colour)

    def ring(self, centre: Point, radius: float, width: float, colour: Colour) -> None:
        """Draw a circle's outline; `radius` is that of its outer edge."""
        self.line(_circle(centre, radius - width / 2), width, colour)

    def spokes(self, centre: Point, radius: float, count: int, width: float, hue: Colour) -> None:
        """Draw `count` spokes from a hub."""
        for angle in (2 * math.pi * number / count for number in range(count)):
            rim = (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle))
            self.line([centre, rim], width, hue)


def _circle(centre: Point, radius: float, corners: int = 36) -> list[Point]:
    """The corners of a closed polygon that passes for a circle."""
    steps = (2 * math.pi * number / corners for number in range(corners + 1))
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in steps]
