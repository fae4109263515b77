"""What became of jobs, by what each was told."""

from datetime import UTC, datetime

from matplotlib.figure import Figure

from scones.drawing.theme import LIGHT
from scones.jobs import TrainingRun
from scones.jobs.settings_chart import MOST_SETTINGS, settings_chart

METRIC = "validation:accuracy"
COLOURS = ("#0090d0", "#e69f00", "#009e73", "#d55e00", "#cc79a7")


def run(number: int, accuracy: float | None, **hyperparameters: str) -> TrainingRun:
    return TrainingRun(
        name=f"bakery-{number}",
        status="Completed",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        stages={},
        hyperparameters=hyperparameters,
        metrics={} if accuracy is None else {METRIC: accuracy},
        model_uri=None,
        reason=None,
    )


RUNS = [
    run(0, 0.80, optimizer="nag", epochs="10"),  # the project's own: no rate is given
    run(1, 0.70, optimizer="nag", epochs="12", learning_rate="0.005"),
    run(2, None, optimizer="nag", epochs="99", learning_rate="-1"),
    run(3, 0.90, optimizer="adam", epochs="14", learning_rate="0.2"),
]


def drawn(runs: list[TrainingRun]) -> Figure:
    chart = settings_chart(runs, METRIC, COLOURS)
    assert chart is not None
    figure = Figure(figsize=chart.size)
    chart.draw(figure, LIGHT)
    return figure


def points(figure: Figure, name: str) -> dict[str, tuple[float, float]]:
    """Place of each job's point in a setting's chart, by the job's colour."""
    (axes,) = [axes for axes in figure.axes if axes.get_xlabel() == name]
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    return {str(d.get_color()): (float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in dots}


def test_each_setting_that_differs_has_a_chart_of_the_jobs_in_their_colours() -> None:
    figure = drawn(RUNS)
    shown = [axes.get_xlabel() for axes in figure.axes if axes.get_visible()]
    assert shown == ["epochs", "learning_rate", "optimizer"]
    assert points(figure, "epochs") == {
        COLOURS[0]: (10.0, 0.80),
        COLOURS[1]: (12.0, 0.70),
        COLOURS[3]: (14.0, 0.90),
    }


def test_a_job_that_was_not_told_a_setting_is_a_dashed_line() -> None:
    figure = drawn(RUNS)
    (axes,) = [axes for axes in figure.axes if axes.get_xlabel() == "learning_rate"]
    assert set(points(figure, "learning_rate")) == {COLOURS[1], COLOURS[3]}
    (line,) = [line for line in axes.get_lines() if line.get_marker() != "o"]
    assert (line.get_color(), list(line.get_ydata())) == (COLOURS[0], [0.80, 0.80])


def test_a_wide_range_is_drawn_by_its_powers_and_words_by_their_names() -> None:
    figure = drawn(RUNS)
    scales = {axes.get_xlabel(): axes.get_xscale() for axes in figure.axes}
    assert (scales["learning_rate"], scales["epochs"]) == ("log", "linear")
    (words,) = [axes for axes in figure.axes if axes.get_xlabel() == "optimizer"]
    assert [label.get_text() for label in words.get_xticklabels()] == ["adam", "nag"]
    assert points(figure, "optimizer")[COLOURS[3]] == (0.0, 0.90)


def test_the_title_says_what_a_dashed_line_is_where_there_is_one() -> None:
    chart, plain = (settings_chart(runs, METRIC, COLOURS) for runs in (RUNS, RUNS[1:] + RUNS[3:]))
    assert chart is not None
    assert chart.title.endswith("by setting (dashed: not given)")
    assert plain is not None
    assert plain.title == f"{METRIC} by setting"


def test_too_few_jobs_or_settings_have_none() -> None:
    assert settings_chart(RUNS[:2], METRIC, COLOURS) is None
    same = [run(n, 0.5, epochs="3") for n in range(4)]
    assert settings_chart(same, METRIC, COLOURS) is None


def test_of_many_settings_the_first_are_drawn() -> None:
    many = [run(n, 0.5, **{f"setting_{k}": str(n) for k in range(9)}) for n in range(3)]
    assert len([axes for axes in drawn(many).axes if axes.get_visible()]) == MOST_SETTINGS
