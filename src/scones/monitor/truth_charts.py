"""Draws the charts that need to know more than the captures: true classes, or a baseline.

Every function takes the figure to draw into, what to draw, and the theme; charts use the settings
that are in force (`Theme.settings`).
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from scones.drawing.theme import Theme
from scones.monitor.baseline.drift import LEVEL
from scones.monitor.baseline.store import Compared
from scones.monitor.figures import Figures


def confusion(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw the confusion matrix of the labelled captures."""
    axes = figure.subplots()
    counts = np.array(figures.confusion())
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = LinearSegmentedColormap.from_list("shares", [theme.paper, theme.passed])
    axes.imshow(shares, cmap=shades, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        red, green, blue, _ = shades(shares[row, column])
        bright = 0.299 * red + 0.587 * green + 0.114 * blue
        axes.text(
            column,
            row,
            f"{count}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color="#000000" if bright > 0.5 else "#ffffff",
        )
    axes.set_xticks(range(len(figures.classes)), figures.classes)
    axes.set_yticks(range(len(figures.classes)), figures.classes, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")


def reliability(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw accuracy against confidence in steps, and how many inferences each step has."""
    found = figures.calibration
    if found is None:
        return
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    at = [step.confidence for step in found.bins]
    right = [step.right.value for step in found.bins]
    ends = np.array([step.right.interval for step in found.bins])
    away = np.abs(ends.T - np.array(right))
    upper.plot([0, 1], [0, 1], color=theme.faint, linewidth=1.1, linestyle=(0, (5, 3)))
    upper.errorbar(
        at, right, yerr=away, fmt="o-", color=theme.passed, capsize=3, linewidth=1.4, markersize=5
    )
    upper.set_ylabel("Share that is right")
    upper.set_ylim(0, 1.03)
    upper.grid(visible=True)
    upper.set_title(
        f"dashed: as it should be; bars: 95 % interval; ECE {found.expected_error:.3f}",
        fontsize=8,
        color=theme.ink,
        loc="left",
    )
    middles = [(step.low + step.high) / 2 for step in found.bins]
    widths = [0.94 * (step.high - step.low) for step in found.bins]
    lower.bar(middles, [step.right.total for step in found.bins], widths, color=theme.faint)
    lower.set_ylabel("Labelled")
    lower.set_xlabel("Confidence (mean of each step)")
    lower.set_xlim(max(0.0, found.bins[0].low - 0.02), 1.02)
    lower.grid(visible=True, axis="y")


def drift(figure: Figure, compared: Compared, theme: Theme) -> None:
    """Draw each feature's distance from the baseline, those that have drifted in another colour."""
    axes = figure.subplots()
    rows = range(len(compared.drift))
    for mine, colour, name in (
        (True, theme.failed, f"drifted (adjusted p < {LEVEL:g})"),
        (False, theme.passed, "not"),
    ):
        picked = [(row, item) for row, item in enumerate(compared.drift) if item.drifted is mine]
        axes.barh(
            [row for row, _ in picked],
            [item.distance for _, item in picked],
            height=0.62,
            color=colour,
            hatch="//" if mine else None,
            edgecolor=theme.paper,
            linewidth=0,
            label=f"{name} ({len(picked)})",
        )
    for row, item in enumerate(compared.drift):
        axes.annotate(
            f"{item.distance:.2f}",
            (item.distance, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.set_yticks(rows, [item.name for item in compared.drift], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, max(0.1, 1.18 * max(item.distance for item in compared.drift)))
    axes.set_xlabel("Distance from the baseline (0 to 1)")
    axes.grid(visible=True, axis="x")
    figure.legend(loc="outside upper left", ncols=2, handletextpad=0.4, columnspacing=1.6)
