"""Waiting for notifications."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scones.config import load
from scones.deploy.settings import SOURCE_ROOT
from scones.emulation.inbox.store import keep
from scones.errors import WorkflowError
from scones.project import Project
from scones.steps import inference

MESSAGE = b"Subject: 2 of 12 images below the confidence threshold\r\n\r\ntext\r\n"


def project(tmp_path: Path, profile: str = "local") -> Project:
    return Project(load(SOURCE_ROOT / "scones.toml", profile=profile, state_dir=tmp_path))


def test_what_has_arrived_since_is_returned(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    keep(tmp_path / "inbox", ["one@example.org"], MESSAGE)
    since = datetime.now(UTC)
    keep(tmp_path / "inbox", ["other@example.org"], MESSAGE)
    (email,) = inference.await_emails(project(tmp_path), since)
    assert (email.to, email.text) == ("other@example.org", "text\n")


def test_what_does_not_arrive_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "EMAIL_SECONDS", 0.0)
    since = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(WorkflowError, match=r"0 of 2 notification emails arrived within 0 s"):
        inference.await_emails(project(tmp_path), since, expected=2)


def test_on_aws_emails_go_to_a_person(tmp_path: Path) -> None:
    assert inference.await_emails(project(tmp_path, "aws"), datetime.now(UTC)) == []
