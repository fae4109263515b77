"""Writes a report's charts as PNG files, each once on light and once on dark paper."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scones.monitor import charts, truth_charts
from scones.monitor.baseline.store import Compared
from scones.monitor.figures import Figures
from scones.monitor.theme import THEMES, Theme

_WIDTH, _HEIGHT = 4.8, 3.2  # inches; half a page on a desk, a whole one on a phone


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot.

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


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart, and what it says of the figures at hand; `size` in inches."""

    name: str
    title: str
    text: str
    size: tuple[float, float]
    draw: Callable[[Figure, Figures, Theme], None]


def draw_plots(figures: Figures, directory: Path, compared: Compared | None = None) -> list[Plot]:
    """Draw all plots that the figures give cause for.

    Args:
        figures: What to draw.
        directory: Where the PNG files go: `<name>.png` and `<name>-dark.png`.
        compared: What differs from a baseline, where there is one.

    Returns:
        The plots in the order in which a page shows them.
    """
    wanted = [*_charts(figures), *_truth_charts(figures), *_drift_charts(compared)]
    return [_plot(chart, figures, directory) for chart in wanted]


def _plot(chart: _Chart, figures: Figures, directory: Path) -> Plot:
    light, dark = (directory / f"{chart.name}{end}.png" for end in ("", "-dark"))
    for theme, file in zip(THEMES, (light, dark), strict=True):
        with matplotlib.rc_context(theme.settings()):
            figure = Figure(figsize=chart.size, layout="constrained")
            FigureCanvasAgg(figure)
            chart.draw(figure, figures, theme)
            figure.savefig(file)
    return Plot(chart.name, chart.title, chart.text, light, dark)


def _charts(figures: Figures) -> list[_Chart]:
    """The charts that the figures give cause for, with sizes that fit them."""
    classes, rate = len(figures.classes), figures.pass_rate
    return [
        _Chart(
            "confidence-over-time",
            "Confidence over time",
            f"Confidence of each inference against its time; {rate.count} of {rate.total} meet "
            f"the threshold of {figures.threshold:g}.",
            (_WIDTH, _HEIGHT),
            charts.over_time,
        ),
        _Chart(
            "confidence-histogram",
            "How confidences are distributed",
            "Number of inferences in each step of confidence, in two colours for those that meet "
            "the threshold and those that do not.",
            (_WIDTH, _HEIGHT),
            charts.histogram,
        ),
        _Chart(
            "classes",
            "Predicted classes",
            "Number of inferences and mean confidence for each predicted class.",
            (_WIDTH, 1.7 + 0.55 * classes),
            charts.classes,
        ),
        _Chart(
            "lowest-confidence",
            "Lowest confidence",
            "The images that the model was least sure of, with prediction and confidence.",
            _wall_size(len(figures.lowest), 1.45 if figures.labelled else 1.35),
            charts.wall,
        ),
        *_wrong_chart(figures),
    ]


def _wrong_chart(figures: Figures) -> list[_Chart]:
    """The wall of wrong answers, where there are any."""
    if not figures.wrong:
        return []
    return [
        _Chart(
            "wrong-answers",
            "Wrong, the surest first",
            "Images whose true class is known and is another, with prediction and confidence.",
            _wall_size(len(figures.wrong), 1.45),
            charts.wrong,
        )
    ]


def _wall_size(count: int, row_height: float) -> tuple[float, float]:
    return 1.2 * _WIDTH, 0.2 + row_height * -(-count // charts.WALL_COLUMNS)


def _truth_charts(figures: Figures) -> list[_Chart]:
    """The charts that need to know the true classes."""
    classes, reliability = len(figures.classes), figures.calibration
    if reliability is None:
        return []
    return [
        _Chart(
            "confusion-matrix",
            "True and predicted class",
            "Labelled inferences by true class (rows) and predicted class (columns).",
            (2.0 + 0.5 * classes, 2.0 + 0.5 * classes),
            truth_charts.confusion,
        ),
        _Chart(
            "reliability",
            "Is the confidence what it says?",
            "Share of right answers against mean confidence, in steps of confidence, with 95 % "
            f"intervals; expected calibration error {reliability.expected_error:.3f}.",
            (_WIDTH, 1.15 * _HEIGHT),
            truth_charts.reliability,
        ),
    ]


def _drift_charts(compared: Compared | None) -> list[_Chart]:
    """The chart that needs a baseline."""
    if compared is None or not compared.drift:
        return []

    def draw(figure: Figure, _figures: Figures, theme: Theme) -> None:
        truth_charts.drift(figure, compared, theme)

    names = ", ".join(item.name for item in compared.drifted) or "none"
    return [
        _Chart(
            "drift",
            "Distance from the baseline",
            f"Largest difference of the distributions, per feature. Drifted: {names}.",
            (_WIDTH, 1.2 + 0.26 * len(compared.drift)),
            draw,
        )
    ]
