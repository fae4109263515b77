"""Draws one chart of a report's figures into a matplotlib figure.

Every function takes the figure to draw into, the figures to draw, and the theme; charts use the
settings that are in force (`Theme.settings`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scones.drawing.theme import Theme
from scones.monitor.figures import Figures, Scored

WALL_COLUMNS = 6
_BIN = 0.02  # of confidence


def _groups(
    figures: Figures, theme: Theme
) -> tuple[tuple[str, np.ndarray, str, str], tuple[str, np.ndarray, str, str]]:
    """Captures that pass and that do not: name, which, colour, marker."""
    passed = figures.passed
    return (
        (f"meets threshold ({passed.sum():,})", passed, theme.passed, "o"),
        (f"below ({(~passed).sum():,})", ~passed, theme.failed, "D"),
    )


def _least(figures: Figures) -> float:
    """The least confidence that a largest probability can have, rounded down to a bin."""
    return float(np.floor(1 / len(figures.classes) / _BIN) * _BIN)


def over_time(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw each capture's confidence at its time, coloured by whether it passes."""
    axes = figure.subplots()
    size = float(np.clip(3000 / len(figures.times), 5, 26))
    for name, which, colour, marker in _groups(figures, theme):
        # Times and values are cut by the same mask, so that sorting cannot part them.
        axes.scatter(
            figures.times[which],
            figures.confidences[which],
            s=size,
            color=colour,
            marker=marker,
            alpha=0.8,
            linewidths=0,
            label=name,
            clip_on=False,
            rasterized=True,
        )
    _threshold_line(axes, figures, theme, upright=False)
    locator = dates.AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = dates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("Time of inference (UTC)", loc="left")  # the date stands at the right
    axes.set_ylabel("Confidence")
    axes.set_ylim(_least(figures) - 0.01, 1.0)
    axes.margins(x=0.02)
    axes.grid(visible=True, axis="y")
    _legend(figure, markerscale=float(np.sqrt(26 / size)))


def histogram(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw how many captures have which confidence, stacked by whether they pass."""
    axes = figure.subplots()
    groups = _groups(figures, theme)
    edges = np.arange(round(_least(figures) / _BIN), round(1 / _BIN) + 1) * _BIN
    axes.hist(
        [figures.confidences[which] for _, which, _, _ in groups],
        bins=edges.tolist(),
        stacked=True,
        color=[colour for _, _, colour, _ in groups],
        label=[name for name, _, _, _ in groups],
        edgecolor=theme.paper,
        linewidth=0.6,
    )
    _threshold_line(axes, figures, theme, upright=True)
    axes.set_xlabel(f"Confidence (steps of {_BIN})")
    axes.set_ylabel("Inferences")
    axes.set_xlim(edges[0], 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, axis="y")
    _legend(figure)


def classes(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw how many captures have which predicted class, and their mean confidence."""
    left, right = figure.subplots(1, 2, sharey=True)
    rows = range(len(figures.classes))
    groups = [figures.of_class(label) for label in rows]
    counts = [int(mine.sum()) for mine in groups]
    passed = [int((mine & figures.passed).sum()) for mine in groups]
    failed = [count - some for count, some in zip(counts, passed, strict=True)]
    names = [name for name, *_ in _groups(figures, theme)]
    left.barh(rows, passed, color=theme.passed, height=0.62, label=names[0])
    left.barh(rows, failed, left=passed, color=theme.failed, height=0.62, label=names[1])
    for row, count in enumerate(counts):
        left.annotate(
            f"{count:,}", (count, row), xytext=(4, 0), textcoords="offset points", va="center"
        )
    left.set_yticks(rows, figures.classes)
    left.invert_yaxis()
    left.set_xlabel("Inferences")
    left.set_xlim(0, max(counts) * 1.22)
    left.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for row, mine in enumerate(groups):
        if mine.any():
            mean = float(figures.confidences[mine].mean())
            right.plot([mean], [row], "o", color=theme.ink, markersize=7)
            right.annotate(
                f"{mean:.3f}",
                (mean, row),
                xytext=(0, 7),
                textcoords="offset points",
                ha="right" if mean > (_least(figures) + 1) / 2 else "left",
                va="bottom",
                bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},  # over the line
            )
    _threshold_line(right, figures, theme, upright=True)
    right.set_xlabel("Mean confidence")
    right.set_xlim(_least(figures), 1.01)
    right.set_ylim(len(groups) - 0.4, -0.7)
    right.grid(visible=True, axis="x")
    _legend(figure)


def wall(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw the captured images of lowest confidence, with prediction and confidence."""
    _wall(figure, figures, figures.lowest, theme)


def wrong(figure: Figure, figures: Figures, theme: Theme) -> None:
    """Draw the captured images whose answer is wrong, with their true class too."""
    _wall(figure, figures, figures.wrong, theme)


def _wall(figure: Figure, figures: Figures, items: Sequence[Scored], theme: Theme) -> None:
    count_rows = -(-len(items) // WALL_COLUMNS)
    grid = list(figure.subplots(count_rows, WALL_COLUMNS, squeeze=False).flat)
    for axes in grid:
        axes.set_axis_off()
    for axes, item in zip(grid, items, strict=False):
        if item.picture is None:
            axes.text(0.5, 0.5, "no image", ha="center", va="center", color=theme.faint, fontsize=8)
        else:
            axes.imshow(np.asarray(item.picture), interpolation="nearest")
        colour = theme.ink if figures.passes(item) else theme.failed
        said = f"{figures.classes[item.predicted]}\n{item.confidence:.3f}"
        if item.truth is not None and item.truth != item.predicted:
            said += f"\nis {figures.classes[item.truth]}"
        axes.set_title(said, fontsize=8, color=colour)


def _threshold_line(axes: Any, figures: Figures, theme: Theme, *, upright: bool) -> None:
    """Mark the threshold, with its value at the end of the line, where nothing is drawn."""
    line = axes.axvline if upright else axes.axhline
    line(figures.threshold, color=theme.ink, linewidth=1.1, linestyle=(0, (5, 3)))
    axes.annotate(
        f"threshold {figures.threshold:g}" if upright else f"{figures.threshold:g}",
        (figures.threshold, 1.0) if upright else (1.0, figures.threshold),
        xycoords=axes.get_xaxis_transform() if upright else axes.get_yaxis_transform(),
        xytext=(0, 3) if upright else (4, 0),
        textcoords="offset points",
        ha="center" if upright else "left",
        va="bottom" if upright else "center",
        fontsize=8,
        color=theme.ink,
    )


def _legend(figure: Figure, markerscale: float = 1.0) -> None:
    figure.legend(
        loc="outside upper left",
        ncols=2,
        handletextpad=0.4,
        columnspacing=1.6,
        markerscale=markerscale,
    )
