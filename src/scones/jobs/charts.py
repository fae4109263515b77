"""Draws training jobs beside one another: how they learned, and where their time went."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scones.drawing import Chart, Theme
from scones.jobs.curves import Course
from scones.jobs.history import TrainingRun
from scones.jobs.settings_chart import settings_chart

# Okabe and Ito, "Color Universal Design", 2008: readable on light and on dark paper.
COLOURS = ("#0090d0", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#8c6bb1", "#7f8c1f", "#888888")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)))
MOST_DRAWN = len(COLOURS) * len(DASHES)
_WIDTH = 9.8  # inches, the page's width
_PARTS = ("starting", "downloading", "epochs", "rest of training", "uploading")


def charts(runs: Sequence[TrainingRun], courses: Mapping[str, Course]) -> list[Chart]:
    """Return the charts that there is something to draw in."""
    metric = _metric(courses)
    wanted = []
    if metric is not None:
        wanted.append(
            Chart(
                "learning",
                f"{metric} by epoch",
                f"{metric} on the validation images after each epoch, one line per training job.",
                (_WIDTH, 4.2),
                lambda figure, theme: _learning(figure, theme, runs, courses, metric),
            )
        )
        compared = settings_chart(
            runs[:MOST_DRAWN], metric, [_colour(i) for i in range(MOST_DRAWN)]
        )
        wanted += [compared] if compared else []
    timed = [run for run in runs if run.stages]
    if timed:
        wanted.append(
            Chart(
                "time",
                "Where the time went",
                "Seconds of each training job by stage: starting, downloading, epochs, the rest "
                "of training (loading, validation, saving), uploading.",
                (_WIDTH, 1.2 + 0.3 * len(timed)),
                lambda figure, theme: _time(figure, theme, timed, courses),
            )
        )
    return wanted


def parts(run: TrainingRun, course: Course | None) -> dict[str, float]:
    """Return where a job's time went, in seconds."""
    training = run.stages.get("Training", 0.0)
    epochs = min(course.epoch_seconds, training) if course else 0.0
    return {
        "starting": run.stages.get("Starting", 0.0) + run.stages.get("Pending", 0.0),
        "downloading": run.stages.get("Downloading", 0.0),
        "epochs": epochs,
        "rest of training": training - epochs,
        "uploading": run.stages.get("Uploading", 0.0),
    }


def _metric(courses: Mapping[str, Course]) -> str | None:
    """Return what most jobs were validated by."""
    names = [n for c in courses.values() for n in c.values if n.startswith("validation:")]
    return max(sorted(set(names)), key=names.count, default=None)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _labels(runs: Sequence[TrainingRun]) -> list[str]:
    """Return the jobs' names without the words that they all begin with."""
    words = [run.name.split("-") for run in runs]
    shared = [one for one in zip(*words, strict=False) if len(set(one)) == 1]
    told = len(shared) if len(runs) > 1 else 0
    return ["-".join(one[told:]) for one in words]


def _learning(
    figure: Figure,
    theme: Theme,
    runs: Sequence[TrainingRun],
    courses: Mapping[str, Course],
    metric: str,
) -> None:
    axes = figure.subplots()
    labels = _labels(runs)
    for index, run in enumerate(runs[:MOST_DRAWN]):
        course = courses.get(run.name)
        points = course.values.get(metric, {}) if course else {}
        axes.plot(
            [epoch + 1 for epoch in points],
            list(points.values()),
            color=_colour(index),
            linestyle=DASHES[index // len(COLOURS)],
            marker="o" if len(points) == 1 else None,
            linewidth=1.6,
            label=labels[index],
        )
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(metric.removeprefix("validation:"))
    axes.grid(visible=True)
    axes.tick_params(colors=theme.ink)
    figure.legend(loc="outside right upper")


def _time(
    figure: Figure, theme: Theme, runs: Sequence[TrainingRun], courses: Mapping[str, Course]
) -> None:
    axes = figure.subplots()
    spent = [parts(run, courses.get(run.name)) for run in runs]
    left = [0.0] * len(runs)
    for part, colour in zip(_PARTS, COLOURS, strict=False):
        widths = [one[part] for one in spent]
        axes.barh(range(len(runs)), widths, left=left, height=0.62, color=colour, label=part)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(runs)), _labels(runs))
    axes.invert_yaxis()
    axes.set_xlabel("Seconds")
    axes.grid(visible=True, axis="x")
    axes.tick_params(colors=theme.ink)
    figure.legend(loc="outside upper left", ncols=len(_PARTS), handlelength=1.2)
