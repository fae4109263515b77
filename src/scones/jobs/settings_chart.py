"""Draws what became of training jobs by what each was told: one small chart per setting."""

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from scones.drawing import Chart, Theme
from scones.jobs.history import TrainingRun, told_apart

LEAST_JOBS: Final = 3  # two points are a line through anything
MOST_SETTINGS: Final = 6
IN_A_ROW: Final = 3
WIDE_RANGE: Final = 10.0  # from which on numbers are drawn by their powers
_WIDTH, _HEIGHT = 9.8, 2.7  # inches: the page's width, a row's height


def settings_chart(
    runs: Sequence[TrainingRun], metric: str, colours: Sequence[str]
) -> Chart | None:
    """Return the chart of jobs that have the metric; None where there is nothing to compare.

    Args:
        runs: The jobs.
        metric: What they are compared by.
        colours: One for each job, as in the other charts.
    """
    having = [
        (run, colour) for run, colour in zip(runs, colours, strict=False) if _has(run, metric)
    ]
    names = told_apart([run for run, _ in having])[:MOST_SETTINGS]
    if len(having) < LEAST_JOBS or not names:
        return None
    rows = -(-len(names) // IN_A_ROW)
    all_told = all(name in run.hyperparameters for run, _ in having for name in names)
    return Chart(
        "settings",
        f"{metric} by setting" + ("" if all_told else " (dashed: not given)"),
        f"The final {metric} of each training job against {', '.join(names)}; a dashed line is a "
        "job that was not told the setting.",
        (_WIDTH, _HEIGHT * rows),
        lambda figure, theme: _draw(figure, theme, having, names, metric),
    )


def _has(run: TrainingRun, metric: str) -> bool:
    return metric in run.metrics


def _draw(
    figure: Figure,
    theme: Theme,
    having: Sequence[tuple[TrainingRun, str]],
    names: Sequence[str],
    metric: str,
) -> None:
    rows, columns = -(-len(names) // IN_A_ROW), min(len(names), IN_A_ROW)
    places = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for axes, name in zip(places, names, strict=False):
        told = [(run, colour) for run, colour in having if name in run.hyperparameters]
        at = _positions(axes, [run.hyperparameters[name] for run, _ in told])
        for place, (run, colour) in zip(at, told, strict=True):
            axes.plot(place, run.metrics[metric], "o", color=colour, markersize=7)
        for run, colour in having:
            if name not in run.hyperparameters:
                axes.axhline(run.metrics[metric], color=colour, linestyle=(0, (5, 3)))
        axes.set_xlabel(name)
        axes.grid(visible=True)
        axes.tick_params(colors=theme.ink)
    for axes in list(places)[len(names) :]:
        axes.set_visible(False)
    for row in range(rows):
        figure.axes[row * columns].set_ylabel(metric.removeprefix("validation:"))


def _positions(axes: Axes, values: Sequence[str]) -> list[float]:
    """Tell where values stand on a chart's horizontal axis, and set that up."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        words = sorted(set(values))
        axes.set_xticks(range(len(words)), words)
        axes.set_xlim(-0.5, len(words) - 0.5)
        return [float(words.index(value)) for value in values]
    if min(numbers) > 0 and max(numbers) >= WIDE_RANGE * min(numbers):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        whole: dict[str, Any] = {"integer": all(number.is_integer() for number in numbers)}
        axes.xaxis.set_major_locator(MaxNLocator(5, **whole))
    return numbers
