"""`scones monitor --watch`, as a process: on files that appear, ended by Ctrl-C."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scones.monitor.test_command import captures

DEADLINE_SECONDS = 120


class Watching:
    """A watching process and the lines that it writes on standard output."""

    def __init__(self, folder: Path, *options: str) -> None:
        with (folder / "stderr.txt").open("w") as errors:
            self.process = self._start(folder, errors, options)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _start(self, folder: Path, errors: Any, options: tuple[str, ...]) -> subprocess.Popen[str]:
        environment = {n: v for n, v in os.environ.items() if n != "SCONES_CONFIG"}
        return subprocess.Popen(
            [sys.executable, "-m", "scones.cli", "monitor", "--watch", "--interval", "1", *options],
            cwd=folder,
            env=environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line)

    def line(self) -> str:
        return self._lines.get(timeout=DEADLINE_SECONDS)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    running: list[Watching] = []

    def start(*options: str) -> Watching:
        running.append(Watching(tmp_path, *options))
        return running[-1]

    yield start
    for item in running:
        item.end()


def said(folder: Path, words: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while words not in (folder / "stderr.txt").read_text():
        assert time.monotonic() < deadline, (folder / "stderr.txt").read_text()
        time.sleep(0.05)


def test_the_report_follows_what_arrives_and_ctrl_c_is_no_failure(
    started: Any, tmp_path: Path
) -> None:
    place = tmp_path / "captures"
    place.mkdir()
    watching = started("--folder", str(place), "--json")
    said(tmp_path, "waiting for captures in")
    captures(place / "first", 12, "teal")
    first = json.loads(watching.line())
    assert (first["records"], first["new"]) == (12, 12)
    page = Path(first["report"])
    assert '<meta http-equiv="refresh" content="1">' in page.read_text()

    captures(place / "second", 5, "teal", 0.7)
    second = json.loads(watching.line())
    assert (second["records"], second["new"]) == (17, 5)
    assert second["below_threshold"] >= 5

    assert watching.interrupt() == 0
    assert 'http-equiv="refresh"' not in page.read_text()
    assert "17 captured inferences" in page.read_text()
    said(tmp_path, "is complete")


def test_without_captures_it_waits_and_ends_as_cleanly(started: Any, tmp_path: Path) -> None:
    (tmp_path / "captures").mkdir()
    watching = started("--folder", "captures")
    said(tmp_path, "waiting for captures in captures")
    assert watching.interrupt() == 0
    said(tmp_path, "nothing was captured")


def test_what_is_wrong_ends_it_at_once(started: Any, tmp_path: Path) -> None:
    watching = started("--folder", "nowhere")
    assert watching.process.wait(DEADLINE_SECONDS) == 2
    said(tmp_path, "nowhere is not a folder")
