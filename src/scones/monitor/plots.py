"""The charts that a report's figures give cause for."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from scones.drawing import Chart, Plot, Theme, draw
from scones.monitor import charts, truth_charts
from scones.monitor.baseline.store import Compared
from scones.monitor.figures import Figures

_WIDTH, _HEIGHT = 4.8, 3.2  # inches; half a page on a desk, a whole one on a phone


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
    return [draw(chart, directory) for chart in wanted]


def _charts(figures: Figures) -> list[Chart]:
    """The charts that the figures give cause for, with sizes that fit them."""
    classes, rate = len(figures.classes), figures.pass_rate
    return [
        Chart(
            "confidence-over-time",
            "Confidence over time",
            f"Confidence of each inference against its time; {rate.count} of {rate.total} meet "
            f"the threshold of {figures.threshold:g}.",
            (_WIDTH, _HEIGHT),
            _of(figures, charts.over_time),
        ),
        Chart(
            "confidence-histogram",
            "How confidences are distributed",
            "Number of inferences in each step of confidence, in two colours for those that meet "
            "the threshold and those that do not.",
            (_WIDTH, _HEIGHT),
            _of(figures, charts.histogram),
        ),
        Chart(
            "classes",
            "Predicted classes",
            "Number of inferences and mean confidence for each predicted class.",
            (_WIDTH, 1.7 + 0.55 * classes),
            _of(figures, charts.classes),
        ),
        Chart(
            "lowest-confidence",
            "Lowest confidence",
            "The images that the model was least sure of, with prediction and confidence.",
            _wall_size(len(figures.lowest), 1.45 if figures.labelled else 1.35),
            _of(figures, charts.wall),
        ),
        *_wrong_chart(figures),
    ]


def _wrong_chart(figures: Figures) -> list[Chart]:
    """The wall of wrong answers, where there are any."""
    if not figures.wrong:
        return []
    return [
        Chart(
            "wrong-answers",
            "Wrong, the surest first",
            "Images whose true class is known and is another, with prediction and confidence.",
            _wall_size(len(figures.wrong), 1.45),
            _of(figures, charts.wrong),
        )
    ]


def _wall_size(count: int, row_height: float) -> tuple[float, float]:
    return 1.2 * _WIDTH, 0.2 + row_height * -(-count // charts.WALL_COLUMNS)


def _truth_charts(figures: Figures) -> list[Chart]:
    """The charts that need to know the true classes."""
    classes, reliability = len(figures.classes), figures.calibration
    if reliability is None:
        return []
    return [
        Chart(
            "confusion-matrix",
            "True and predicted class",
            "Labelled inferences by true class (rows) and predicted class (columns).",
            (2.0 + 0.5 * classes, 2.0 + 0.5 * classes),
            _of(figures, truth_charts.confusion),
        ),
        Chart(
            "reliability",
            "Is the confidence what it says?",
            "Share of right answers against mean confidence, in steps of confidence, with 95 % "
            f"intervals; expected calibration error {reliability.expected_error:.3f}.",
            (_WIDTH, 1.15 * _HEIGHT),
            _of(figures, truth_charts.reliability),
        ),
    ]


def _drift_charts(compared: Compared | None) -> list[Chart]:
    """The chart that needs a baseline."""
    if compared is None or not compared.drift:
        return []

    names = ", ".join(item.name for item in compared.drifted) or "none"
    return [
        Chart(
            "drift",
            "Distance from the baseline",
            f"Largest difference of the distributions, per feature. Drifted: {names}.",
            (_WIDTH, 1.2 + 0.26 * len(compared.drift)),
            lambda figure, theme: truth_charts.drift(figure, compared, theme),
        )
    ]


def _of(
    figures: Figures, chart: Callable[[Figure, Figures, Theme], None]
) -> Callable[[Figure, Theme], None]:
    """Return how to draw a chart of these figures."""
    return lambda figure, theme: chart(figure, figures, theme)
