"""A child that serves: awaited, ended, and killed where it does not listen."""

import sys
from pathlib import Path

import psutil
import pytest

from scones import child_server
from scones.child_server import ChildServer
from scones.errors import StackError

SAYS_SO = "import time; print('ready', flush=True); time.sleep(600)"
IS_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SAYS_SO


def start(log: Path, program: str) -> ChildServer:
    return ChildServer("the child", [sys.executable, "-c", program], {}, log)


def said(log: Path) -> str | None:
    return log.read_text() or None


@pytest.mark.parametrize("program", [SAYS_SO, IS_DEAF])
def test_it_is_awaited_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(child_server, "STOP_SECONDS", 1.0)
    log = tmp_path / "child.log"
    log.write_text("")
    child = start(log, program)
    assert child.await_answer(lambda: said(log)) == "ready\n"
    assert not child.ended(0.05)
    child.stop()
    assert child.ended()
    assert not psutil.pid_exists(child.pid)
    child.stop()  # once more does no harm


def test_one_that_ends_by_itself_is_told_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    child = start(log, "print('no port'); raise SystemExit(3)")
    with pytest.raises(StackError, match=r"the child ended with exit code 3: see .*child\.log"):
        child.await_answer(lambda: None)
    assert log.read_text() == "no port\n"


def test_one_that_never_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_server, "START_SECONDS", 0.3)
    child = start(tmp_path / "child.log", SAYS_SO)
    with pytest.raises(StackError, match=r"the child did not answer within 0 s"):
        child.await_answer(lambda: None)
    child.stop()
