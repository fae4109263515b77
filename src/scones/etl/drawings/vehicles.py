"""Bicycles, motorcycles and buses, drawn from their parts with the proportions varied.

Every function takes a pen in vehicle units (x forward, y up, the ground at 0) and a random
generator, and draws one vehicle seen from its right-hand side.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from scones.etl.drawings.palette import any_colour, dark_grey, light_grey, lighter, vivid
from scones.etl.drawings.pen import Colour, Pen, Point

type Draw = Callable[[Pen, np.random.Generator], None]


def bicycle(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a bicycle: two thin wheels, an open frame of tubes, a saddle, handlebars."""
    wheel = rng.uniform(0.33, 0.46)
    rear, front = (-0.58, wheel), (rng.uniform(0.54, 0.64), wheel)
    tyre = dark_grey(rng) if rng.random() < 0.8 else any_colour(rng)
    for hub in (rear, front):
        _thin_wheel(pen, rng, hub, wheel, tyre)
    saddle = (-0.26 + rng.uniform(-0.05, 0.03), wheel + rng.uniform(0.42, 0.62))
    head = (front[0] - 0.17, wheel + rng.uniform(0.36, 0.52))
    _frame(pen, rng, rear, front, saddle, head)
    _handlebars(pen, rng, head)
    pen.line([(saddle[0] - 0.11, saddle[1]), (saddle[0] + 0.12, saddle[1])], 0.08, dark_grey(rng))
    if rng.random() < 0.25:  # a basket makes the outline fuller, as a motorcycle's is
        _box(pen, (head[0] + 0.02, head[1] + 0.02), 0.26, 0.2, any_colour(rng))
    if rng.random() < 0.3:
        _rider(pen, rng, saddle, (head[0], head[1] + 0.16), (-0.05, wheel * 0.6))


def _thin_wheel(
    pen: Pen, rng: np.random.Generator, hub: Point, radius: float, tyre: Colour
) -> None:
    """Draw a wheel that can be looked through."""
    if rng.random() < 0.85:
        pen.spokes(hub, radius * 0.95, int(rng.integers(8, 15)), 0.012, light_grey(rng))
    pen.ring(hub, radius, rng.uniform(0.04, 0.085), tyre)
    pen.disc(hub, 0.035, dark_grey(rng))


def _frame(
    pen: Pen, rng: np.random.Generator, rear: Point, front: Point, saddle: Point, head: Point
) -> None:
    """Draw the tubes between the hubs, the crank, the saddle and the head: diamond or open."""
    paint = any_colour(rng)
    crank = (-0.08, rear[1] * rng.uniform(0.8, 0.95))
    tube = rng.uniform(0.035, 0.075)
    joint = (saddle[0] + 0.03, saddle[1] - 0.13)
    pen.line([rear, crank, joint, rear], tube * 0.8, paint)
    pen.line([crank, (head[0], head[1] - 0.1)], tube, paint)
    if rng.random() < 0.72:
        pen.line([joint, head], tube, paint)
    else:
        half_way = ((crank[0] + joint[0]) / 2, (crank[1] + joint[1]) / 2)
        pen.line([half_way, head], tube, paint)
    pen.line([saddle, joint], tube * 0.8, light_grey(rng))
    pen.line([head, front], tube, paint if rng.random() < 0.6 else light_grey(rng))
    pen.disc(crank, rng.uniform(0.07, 0.1), dark_grey(rng))
    pen.line(
        [(crank[0] - 0.1, crank[1] - 0.13), (crank[0] + 0.1, crank[1] + 0.13)], 0.03, (40,) * 3
    )


def _handlebars(pen: Pen, rng: np.random.Generator, head: Point) -> None:
    """Draw a stem with straight, dropped or high handlebars."""
    metal = dark_grey(rng) if rng.random() < 0.6 else light_grey(rng)
    x, y = head
    top = (x - 0.02, y + rng.uniform(0.1, 0.22))
    ends: tuple[list[Point], ...] = (
        [top, (top[0] + 0.14, top[1] + 0.02)],
        [
            top,
            (top[0] + 0.15, top[1]),
            (top[0] + 0.17, top[1] - 0.12),
            (top[0] + 0.06, top[1] - 0.14),
        ],
        [top, (top[0] - 0.04, top[1] + 0.1), (top[0] - 0.18, top[1] + 0.08)],
    )
    pen.line([head, top], 0.04, metal)
    pen.line(ends[int(rng.integers(len(ends)))], 0.045, metal)


def motorcycle(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a motorcycle: two fat wheels with a body, an engine, a tank and an exhaust between."""
    wheel = rng.uniform(0.26, 0.37)
    rear = (-0.6, wheel)
    front = (rng.uniform(0.56, 0.68), wheel)
    tyre = rng.uniform(0.075, 0.15)
    for hub in (rear, front):
        _fat_wheel(pen, rng, hub, wheel, tyre)
    style = str(rng.choice(["standard", "sport", "scooter", "trail"], p=[0.38, 0.27, 0.15, 0.2]))
    paint = vivid(rng) if rng.random() < 0.7 else any_colour(rng)
    if style == "scooter":
        _scooter_body(pen, rng, rear, front, wheel, paint)
    else:
        _engine(pen, rng, rear, wheel, slim=style == "trail")
        _tank_and_seat(pen, rng, rear, front, wheel, paint, slim=style == "trail")
        if style == "sport":
            _fairing(pen, rng, front, wheel, paint)
    if rng.random() < 0.3:
        _rider(pen, rng, (-0.22, wheel + 0.5), (0.3, wheel + 0.55), (0.02, wheel * 0.7))


def _fat_wheel(pen: Pen, rng: np.random.Generator, hub: Point, radius: float, tyre: float) -> None:
    """Draw a wheel that is mostly tyre and rim."""
    if rng.random() < 0.45:
        pen.disc(hub, radius - tyre / 2, light_grey(rng))
        pen.disc(hub, radius * 0.4, dark_grey(rng))
    else:
        pen.spokes(hub, radius - tyre / 2, int(rng.integers(5, 12)), 0.025, light_grey(rng))
        pen.disc(hub, radius * 0.25, dark_grey(rng))
    pen.ring(hub, radius, tyre, dark_grey(rng))


def _engine(pen: Pen, rng: np.random.Generator, rear: Point, wheel: float, *, slim: bool) -> None:
    """Draw the engine block with its cooling fins, and an exhaust back to the rear wheel."""
    low, high = wheel * (0.8 if slim else 0.45), wheel + (0.14 if slim else 0.25)
    block = dark_grey(rng) if rng.random() < 0.6 else light_grey(rng)
    pen.polygon([(-0.26, low), (0.2, low), (0.26, high), (-0.2, high)], block)
    for fin in np.linspace(low + 0.08, high - 0.04, 3):
        pen.line([(-0.12, float(fin)), (0.18, float(fin))], 0.02, lighter(block, 70))
    pen.line([(0.2, low + 0.05), (0.02, low - 0.02), (-0.45, low)], 0.04, light_grey(rng))
    pen.line(
        [(-0.4, low), (-0.82, low + rng.uniform(0, 0.2))], rng.uniform(0.06, 0.11), light_grey(rng)
    )
    pen.line([rear, (-0.1, wheel)], 0.06, dark_grey(rng))


def _tank_and_seat(
    pen: Pen,
    rng: np.random.Generator,
    rear: Point,
    front: Point,
    wheel: float,
    paint: Colour,
    *,
    slim: bool,
) -> None:
    """Draw fork, headlight, tank, seat and rear mudguard."""
    top = wheel + rng.uniform(0.5, 0.64)
    head = (front[0] - rng.uniform(0.2, 0.34), top)
    pen.line([front, head], 0.065, light_grey(rng))
    bulge = 0.1 if slim else rng.uniform(0.16, 0.24)
    deck = wheel + 0.34
    pen.polygon(
        [
            (-0.08, deck - 0.08),
            (-0.04, deck + bulge * 0.7),
            (0.2, deck + bulge),
            (0.36, deck),
            (0.3, deck - 0.1),
        ],
        paint,
    )
    tail = rear[0] - rng.uniform(-0.05, 0.2)
    pen.line(
        [(-0.04, deck), (-0.4, deck), (tail, deck + rng.uniform(0.0, 0.14))], 0.1, dark_grey(rng)
    )
    pen.line([(tail, deck), (-0.3, deck - 0.12), (-0.1, deck - 0.1)], 0.09, paint)
    pen.line(
        [head, (head[0] - rng.uniform(0.02, 0.16), top + rng.uniform(0.06, 0.2))],
        0.05,
        dark_grey(rng),
    )
    pen.disc((head[0] + 0.09, top - 0.08), 0.085, (235, 230, 200))


def _fairing(pen: Pen, rng: np.random.Generator, front: Point, wheel: float, paint: Colour) -> None:
    """Draw the panels of a sports motorcycle over its engine and headlight."""
    nose = (front[0] + rng.uniform(-0.12, 0.0), wheel + 0.4)
    pen.polygon(
        [
            (-0.1, wheel * 0.5),
            (0.25, wheel * 0.5),
            (0.4, wheel + 0.2),
            nose,
            (0.3, wheel + 0.66),
            (0.1, wheel + 0.35),
        ],
        paint,
    )
    pen.polygon([(0.22, wheel + 0.5), (0.3, wheel + 0.72), (0.42, wheel + 0.52)], (190, 205, 215))


def _scooter_body(
    pen: Pen, rng: np.random.Generator, rear: Point, front: Point, wheel: float, paint: Colour
) -> None:
    """Draw a scooter: a shield in front, a foot board, a full body under the seat."""
    top = wheel + rng.uniform(0.62, 0.78)
    back = rear[0] - 0.2
    pen.polygon(
        [
            (back, wheel + 0.1),
            (back, wheel + 0.4),
            (-0.1, wheel + 0.42),
            (0.02, wheel * 0.6),
            (-0.35, wheel * 0.7),
        ],
        paint,
    )
    pen.line([(0.0, wheel * 0.65), (0.28, wheel * 0.65)], 0.09, paint)
    pen.polygon(
        [(0.25, wheel * 0.6), (0.4, wheel * 0.75), (front[0] - 0.12, top), (front[0] - 0.24, top)],
        paint,
    )
    pen.line([front, (front[0] - 0.18, top)], 0.05, dark_grey(rng))
    pen.line([(back + 0.04, wheel + 0.44), (-0.14, wheel + 0.46)], 0.1, dark_grey(rng))
    pen.line([(front[0] - 0.18, top), (front[0] - 0.3, top + 0.06)], 0.05, dark_grey(rng))
    pen.disc((front[0] - 0.1, top - 0.04), 0.07, (235, 230, 200))


def bus(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a bus: a long box with a row of windows over two small wheels."""
    paint = vivid(rng) if rng.random() < 0.6 else light_grey(rng)
    floor, roof = rng.uniform(0.1, 0.16), rng.uniform(0.78, 1.05)
    length = rng.uniform(0.85, 1.0)
    pen.polygon([(-length, floor), (length, floor), (length - 0.04, roof), (-length, roof)], paint)
    glass = (60, 75, 90) if rng.random() < 0.6 else (170, 195, 210)
    low, high = roof - rng.uniform(0.4, 0.5), roof - 0.1
    count = int(rng.integers(4, 8))
    edges = np.linspace(-length + 0.08, length - 0.06, count + 1)
    for left, right in pairwise(edges.tolist()):
        box = [(left, low), (right - 0.05, low), (right - 0.05, high), (left, high)]
        pen.polygon(box, glass)
    stripe = any_colour(rng)
    pen.line(
        [(-length + 0.04, low - 0.12), (length - 0.04, low - 0.12)], rng.uniform(0.03, 0.09), stripe
    )
    pen.polygon(
        [(length - 0.3, floor), (length - 0.1, floor), (length - 0.1, low), (length - 0.3, low)],
        glass,
    )
    for x in (-length * 0.6, length * 0.55):
        pen.disc((x, 0.15), 0.17, dark_grey(rng))
        pen.disc((x, 0.15), 0.07, light_grey(rng))


def _box(pen: Pen, corner: Point, width: float, height: float, colour: Colour) -> None:
    """Fill a box from its lower rear corner."""
    x, y = corner
    pen.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour)


def _rider(pen: Pen, rng: np.random.Generator, saddle: Point, hands: Point, feet: Point) -> None:
    """Draw a person sitting on the saddle with hands and feet where they belong."""
    clothes, trousers = any_colour(rng), any_colour(rng)
    shoulder = (saddle[0] + rng.uniform(0.1, 0.26), saddle[1] + rng.uniform(0.38, 0.48))
    knee = (saddle[0] + 0.3, saddle[1] - 0.08)
    pen.line([saddle, knee, feet], 0.13, trousers)
    pen.line([saddle, shoulder], 0.22, clothes)
    pen.line([shoulder, hands], 0.09, clothes)
    head = (shoulder[0] + 0.07, shoulder[1] + 0.2)
    pen.disc(head, 0.12, any_colour(rng) if rng.random() < 0.6 else (205, 160, 130))


DRAWN: dict[str, Draw] = {"bicycle": bicycle, "motorcycle": motorcycle, "bus": bus}
