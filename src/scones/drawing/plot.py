"""Draws charts as PNG files, each once on light and once on dark paper."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scones.drawing.theme import THEMES, Theme


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that is to be drawn.

    Attributes:
        name: Stem of its files.
        title: What it shows, in a few words.
        text: The same in full, for those who cannot see it.
        size: Width and height in inches.
        draw: Draws into a figure, under the theme's settings.
    """

    name: str
    title: str
    text: str
    size: tuple[float, float]
    draw: Callable[[Figure, Theme], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart that has been drawn.

    Attributes:
        name: Stem of its files.
        title: What it shows, in a few words.
        text: The same in full, for those who cannot see it.
        light: PNG file on light paper.
        dark: PNG file on dark paper.
    """

    name: str
    title: str
    text: str
    light: Path
    dark: Path


def draw(chart: Chart, directory: Path) -> Plot:
    """Write `<name>.png` and `<name>-dark.png` into a folder that is there."""
    light, dark = (directory / f"{chart.name}{end}.png" for end in ("", "-dark"))
    for theme, file in zip(THEMES, (light, dark), strict=True):
        with matplotlib.rc_context(theme.settings()):
            figure = Figure(figsize=chart.size, layout="constrained")
            FigureCanvasAgg(figure)
            chart.draw(figure, theme)
            figure.savefig(file)
    return Plot(chart.name, chart.title, chart.text, light, dark)
