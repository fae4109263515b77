"""What costs is confirmed: by a person, or by --yes, never by silence."""

import io
import sys

import pytest

from scones import config
from scones.aws import Identity, Session
from scones.cli.confirmation import confirm
from scones.console import Terminal
from scones.errors import UsageError
from scones.project import Project

CALLER = Identity("123456789012", "arn:aws:iam::123456789012:user/ada")


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(Session, "identity", CALLER)
    return Project(config.load(profile="aws"))


def test_without_anybody_to_ask_it_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match=r"123456789012.*user/ada: give --yes"):
        confirm(project, Terminal(quiet=True), "costs", yes=False)


def test_yes_goes_on_and_still_says_who(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm(project, Terminal(), "costs", yes=True)
    assert "account 123456789012, region us-east-1" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_decides(
    project: Project, monkeypatch: pytest.MonkeyPatch, answer: str, *, goes_on: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Person(answer))
    if goes_on:
        confirm(project, Terminal(quiet=True), "costs", yes=False)
    else:
        with pytest.raises(UsageError, match="nothing was changed"):
            confirm(project, Terminal(quiet=True), "costs", yes=False)


def test_where_nothing_costs_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    confirm(Project(config.load()), Terminal(quiet=True), "costs", yes=False)
