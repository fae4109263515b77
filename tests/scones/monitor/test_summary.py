"""The terminal's summary says the figures, in words and not by colour alone."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from scones.cli.summary import BLOCKS, summary
from scones.console import Terminal
from scones.monitor import write_report
from scones.monitor.baseline import Baseline, suggest
from scones.monitor.report import Report
from scones.monitor.survey import profile
from tests.scones.monitor.records import capture, log

CLASSES = ["bicycle", "motorcycle"]


def report(directory: Path) -> Report:
    usual = log([capture(n, 0.95 + n % 5 / 100, 0.05 - n % 5 / 100) for n in range(200)])
    later = log(
        [capture(n, 0.1, 0.9, inference_id=str(n)) for n in range(150)]
        + [capture(200 + n, 0.99, 0.01) for n in range(50)]
    )
    statistics = profile(usual, CLASSES, 0.93)
    return write_report(
        later,
        directory,
        classes=CLASSES,
        threshold=0.93,
        labels={"0": 0, "1": 1},
        baseline=Baseline("kept/here", statistics, suggest(statistics)),
    )


def drawn(report: Report, *, plain: bool, colours: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=160, force_terminal=colours, color_system="truecolor" if colours else None
    )
    console.print(summary(report, plain=plain))
    return out.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report(tmp_path_factory.mktemp("report"))


def test_it_says_the_figures(made: Report) -> None:
    text = drawn(made, plain=False)
    for words in (
        "200, 2026-01-02 03:04:05 to 2026-01-02 03:08:14 UTC",
        "25.0% (50 of 200; 95 % interval 19.5% to 31.4%); 150 below",
        "50.0% (1 of 2;",
        "bicycle 50 (mean 0.990), motorcycle 150 (mean 0.900)",
        "median 0.900, mean 0.92",
        "CompletedWithViolations, against kept/here",
        "confidence (baseline_drift_check)",
        "report.html",
    ):
        assert words in text, words


def test_the_histogram_has_a_mark_at_the_threshold_and_its_tallest_bar_is_full(
    made: Report,
) -> None:
    line = next(row for row in drawn(made, plain=False).splitlines() if "0.50 " in row)
    before, after = line.split("│")
    assert (before.count(BLOCKS[-1]), after.count(BLOCKS[-1])) == (1, 0)
    assert after.strip(" 1.0") in BLOCKS


def test_a_terminal_without_unicode_gets_ascii(made: Report) -> None:
    drawn(made, plain=True).encode("ascii")


def test_colours_are_for_terminals_only(made: Report, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" in drawn(made, plain=False, colours=True)
    with Terminal() as terminal:
        terminal.result({}, summary(made), as_json=False)
        terminal.refresh(summary(made), "a line")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.endswith("a line\n")
