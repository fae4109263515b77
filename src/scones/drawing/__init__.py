"""How what is drawn looks: the themes of plots, and the page that plots and tables stand on."""

from scones.drawing.page import data_uri, page_templates, put_page
from scones.drawing.plot import Chart, Plot, draw
from scones.drawing.theme import DARK, LIGHT, THEMES, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "THEMES",
    "Chart",
    "Plot",
    "Theme",
    "data_uri",
    "draw",
    "page_templates",
    "put_page",
]
