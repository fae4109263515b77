"""Charts put every capture where it belongs, and cope with any span and any extreme."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import matplotlib
import pytest
from matplotlib import dates
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from scones.drawing.theme import DARK, LIGHT
from scones.monitor import charts, truth_charts
from scones.monitor.baseline import Baseline, Statistics, compare, suggest
from scones.monitor.capture import Capture
from scones.monitor.figures import Figures
from tests.scones.monitor.records import START, capture, log

CLASSES = ["bicycle", "motorcycle", "bus"]


@pytest.fixture(autouse=True)
def coarse() -> Iterator[None]:
    with matplotlib.rc_context({"figure.dpi": 40}):
        yield


def figures_of(captures: Sequence[Capture], threshold: float = 0.93, classes: int = 2) -> Figures:
    labels = {c.inference_id: 0 for c in captures if c.inference_id}
    return Figures.of(log(captures), CLASSES[:classes], threshold, labels)


def drawn(chart: object, figures: Figures) -> Figure:
    figure = Figure(figsize=(4.8, 3.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    chart(figure, figures, LIGHT)  # type: ignore[operator]
    canvas.draw()
    return figure


def test_time_and_confidence_of_a_capture_stay_together_whatever_their_order() -> None:
    values = [(5, 0.6), (1, 0.99), (3, 0.7), (2, 0.95), (4, 0.5)]
    figure = drawn(charts.over_time, figures_of([capture(n, c, 1 - c) for n, c in values]))
    found: dict[tuple[int, float], str] = {}
    for points in figure.axes[0].collections:
        for time, confidence in points.get_offsets().tolist():
            seconds = round((dates.num2date(time) - START).total_seconds())
            found[seconds, confidence] = to_hex(points.get_facecolor()[0])
    passed, failed = LIGHT.passed.lower(), LIGHT.failed.lower()
    assert found == {(n, c): passed if c >= 0.93 else failed for n, c in values}


def test_the_histogram_counts_every_capture_once() -> None:
    values = [0.5, 0.5, 0.71, 0.93, 0.99, 1.0]
    figure = drawn(charts.histogram, figures_of([capture(1, c, 1 - c) for c in values]))
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == len(values)


def test_the_bars_are_the_classes_counts() -> None:
    captures = [capture(n, c, 1 - c) for n, c in enumerate([0.99, 0.6, 0.97, 0.1])]
    figure = drawn(charts.classes, figures_of(captures))
    widths = [round(bar.get_width()) for bar in figure.axes[0].patches]
    assert widths == [2, 0, 1, 1]  # passed by class, then failed by class


@pytest.mark.parametrize(
    "span",
    [
        timedelta(),
        timedelta(milliseconds=3),
        timedelta(seconds=1),
        timedelta(seconds=14),
        timedelta(minutes=1.9),
        timedelta(minutes=50),
        timedelta(hours=7),
        timedelta(days=1.5),
        timedelta(days=31),
        timedelta(days=200),
        timedelta(days=945),
        timedelta(days=4000),
    ],
)
def test_any_span_of_time_is_drawn_without_a_warning(span: timedelta) -> None:
    captures = [capture(n, 0.9, 0.1, time=START + span * n) for n in range(2)]
    figure = drawn(charts.over_time, figures_of(captures))
    low, high = figure.axes[0].get_xlim()
    assert any(low <= tick <= high for tick in figure.axes[0].get_xticks())


@pytest.mark.parametrize("threshold", [0.0, 1.0])
@pytest.mark.parametrize("probabilities", [(1.0, 0.0), (0.5, 0.5), (0.34, 0.33, 0.33)])
@pytest.mark.parametrize(
    "chart",
    [
        charts.over_time,
        charts.histogram,
        charts.classes,
        charts.wall,
        truth_charts.confusion,
        truth_charts.reliability,
    ],
)
def test_extremes_are_drawn_without_a_warning(
    chart: object, probabilities: tuple[float, ...], threshold: float
) -> None:
    one = [capture(1, *probabilities, inference_id="a")]
    assert drawn(chart, figures_of(one, threshold, len(probabilities))).axes


def test_the_two_themes_differ_in_paper_and_agree_in_meaning() -> None:
    assert LIGHT.paper != DARK.paper
    assert len({LIGHT.passed, LIGHT.failed, DARK.passed, DARK.failed}) == 4


def test_the_reliability_curve_is_accuracy_against_confidence() -> None:
    captures = [
        capture(n, c, 1 - c, inference_id=f"{n}")
        for n, c in enumerate([0.95, 0.95, 0.95, 0.95, 0.65, 0.65, 0.05])
    ]
    labels = {f"{n}": int(n in (3, 4)) for n in range(7)}
    figures = Figures.of(log(captures), CLASSES[:2], 0.9, labels)
    upper, lower = drawn(truth_charts.reliability, figures).axes
    curve = upper.lines[1]
    assert list(zip(curve.get_xdata(), curve.get_ydata(), strict=True)) == [
        (pytest.approx(0.65), pytest.approx(0.5)),
        (pytest.approx(0.95), pytest.approx(0.6)),
    ]
    assert [bar.get_height() for bar in lower.patches] == [2, 5]


def test_the_drift_chart_has_a_bar_per_feature_and_marks_the_drifted() -> None:
    def of(shift: float) -> Statistics:
        return Statistics.of({"a": n / 7 + shift, "b": float(n % 50)} for n in range(300))

    compared = compare(Baseline("b", of(0), suggest(of(0))), of(20))
    figure = Figure(figsize=(4.8, 3.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    truth_charts.drift(figure, compared, LIGHT)
    canvas.draw()
    bars = figure.axes[0].patches
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [
        LIGHT.failed.lower(),
        LIGHT.passed.lower(),
    ]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
