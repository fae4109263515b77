"""Draws the charts that need to know more than the captures: true classes, or a baseline.

Every function takes the figure to draw into, what to draw, and the theme; charts use the settings
that are in force (`Theme.settings`).
"""

from matplotlib.figure import Figure

from scones.drawing.theme import Theme
from scones.drawing.truth import confusion_matrix, reliability_diagram
from scones.monitor.baseline.drift import LEVEL
from scones.monitor.baseline.store import Compared
from scones.monitor.figures import Figures


def confusion(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw the confusion matrix of the labelled captures."""
    confusion_matrix(figure, figures.confusion(), figures.classes, theme)


def reliability(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw accuracy against confidence in steps, and how many inferences each step has."""
    if figures.calibration is not None:
        reliability_diagram(figure, figures.calibration, "Labelled", theme)


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
