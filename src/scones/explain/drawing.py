"""Draws a picture beside the same picture with its heat map."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from PIL import Image

from scones.drawing import Chart, Theme
from scones.explain.occlusion import LEAST_FALL, Explanation

WIDTH = 7.2  # inches
STRONGEST = 0.85  # opacity of the map where it is farthest from 0


def chart(explanation: Explanation, name: str) -> Chart:
    """Return the chart of an explanation.

    Args:
        explanation: What to draw.
        name: Stem of the files.
    """
    height, width = explanation.photo.pixels.shape[:2]
    panel = WIDTH / 2.4 * height / width
    verdict = "meets" if explanation.confidence >= explanation.threshold else "below"
    return Chart(
        name,
        f"{explanation.label} {explanation.confidence:.3f}, {verdict} the threshold of "
        f"{explanation.threshold:g}",
        explanation.text,
        (WIDTH, min(9.0, max(2.2, panel) + 0.6)),
        lambda figure, theme: draw_heat(figure, explanation, theme),
    )


def draw_heat(figure: Figure, explanation: Explanation, theme: Theme) -> None:
    """Draw the picture, and beside it the heat map over the picture in grey."""
    pixels, heat = explanation.photo.pixels, explanation.heat
    plain, over = figure.subplots(1, 2)
    height, width = pixels.shape[:2]
    extent = (0, width, height, 0)
    plain.imshow(pixels, interpolation="nearest", extent=extent)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    over.imshow(grey, cmap="gray", interpolation="nearest", extent=extent, vmin=-80, vmax=335)
    most = max(LEAST_FALL, float(np.abs(heat).max()))
    shades = LinearSegmentedColormap.from_list(
        "heat", [theme.passed, "#f2f2f2", theme.failed], N=255
    )
    scale = Normalize(-most, most)
    over.imshow(
        heat,
        cmap=shades,
        norm=scale,
        alpha=STRONGEST * np.abs(heat) / most,
        interpolation="nearest",
        extent=extent,
    )
    bar = figure.colorbar(ScalarMappable(scale, shades), ax=over, shrink=0.9, pad=0.02)
    bar.set_label(f"{explanation.label}: lost while covered", fontsize=8)
    bar.ax.tick_params(labelsize=7, colors=theme.ink)
    met = "meets" if explanation.confidence >= explanation.threshold else "below"
    said = f"{explanation.label} {explanation.confidence:.3f}, {met} {explanation.threshold:g}"
    titles = (said, "no part alone decides it" if explanation.is_flat else "what it rests on")
    for axes, title in zip((plain, over), titles, strict=True):
        axes.set_axis_off()
        axes.set_title(title, fontsize=9, color=theme.ink)
