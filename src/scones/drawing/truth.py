"""Draws how answers compare with the truth: what is mixed up, and whether confidence is right.

Every function takes the figure to draw into and the theme; charts use the settings that are in
force (`Theme.settings`).
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from scones.drawing.theme import Theme
from scones.shares import Calibration


def confusion_matrix(
    figure: Figure, rows: Sequence[Sequence[int]], classes: Sequence[str], theme: Theme
) -> None:
    """Draw counts by true class (row) and predicted class (column), and each row's shares."""
    axes = figure.subplots()
    counts = np.array(rows)
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
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")


def reliability_diagram(figure: Figure, found: Calibration, counted: str, theme: Theme) -> None:
    """Draw accuracy against confidence in steps, and how many answers each step has.

    Args:
        figure: To draw into.
        found: What to draw.
        counted: What the answers are called, such as "Labelled".
        theme: Colours.
    """
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
    lower.set_ylabel(counted)
    lower.set_xlabel("Confidence (mean of each step)")
    lower.set_xlim(max(0.0, found.bins[0].low - 0.02), 1.02)
    lower.grid(visible=True, axis="y")
