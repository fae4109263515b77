import json
import re
from pathlib import Path

import pytest

from scones.cli import main
from scones.console import Terminal, amount, seconds, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0853, "85 ms"),
        (1.0, "1.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 00 s"),
        (245.4, "4 min 05 s"),
    ],
)
def test_a_duration_is_written_as_a_person_would(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("done", "total", "unit", "text"),
    [
        (3, 20, "images", "3/20 images"),
        (1204, None, "objects", "1,204 objects"),
        (1_200_000, 3_400_000, "B", "1.2 MB of 3.4 MB"),
    ],
)
def test_an_amount_has_its_unit(done: int, total: int | None, unit: str, text: str) -> None:
    assert amount(done, total, unit) == text


def test_a_json_result_is_all_there_is_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Terminal() as terminal:
        terminal.headline("Working")
        terminal.note("half way [bold]there[/bold]")
        terminal.progress("work", 2, 2, "things")
        terminal.result({"value": 1}, "one", as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"value": 1}
    assert "half way [bold]there[/bold]" in err, "a message is text, never markup"
    assert "work: 2/2 things" in err
    assert "\x1b" not in out + err, "no colours where there is no terminal"


def test_progress_without_a_terminal_is_not_a_flood(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal() as terminal:
        for done in range(1, 1001):
            terminal.progress("work", done, 1000, "things")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_table_shows_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal() as terminal:
        terminal.result({}, table(("name", "port"), [("inbox", 4525)]), as_json=False)
    assert "inbox" in capsys.readouterr().out


def test_what_to_run_next_is_said_with_the_options_of_this_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Terminal(options="--profile aws") as terminal:
        terminal.next_step("scones etl && scones deploy", "then `scones train`, not `ls scones `")
        terminal.next_step("scones --profile local up", "it has its own")
        terminal.failure("no stack: run `scones deploy`")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        "  next: scones --profile aws etl && scones --profile aws deploy "
        "(then `scones --profile aws train`, not `ls scones `)"
    )
    assert "next: scones --profile local up" in said[1]
    assert said[2] == "error: no stack: run `scones --profile aws deploy`"


def test_without_options_nothing_is_added(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().next_step("scones deploy", "now")
    assert "next: scones deploy (now)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--profile", "aws"], ["--profile=aws"]])
def test_the_profile_of_a_command_is_in_what_it_says(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = main([*words, "--state-dir", str(tmp_path), "detector", "train", "--yes"])
    assert code == 1
    assert re.search(r"run `scones --profile[ =]aws detector stage`", capsys.readouterr().err)
