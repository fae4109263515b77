import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from scones.emulation import inbox
from tests.ports import free_port


def inbox_command(port: int, http_port: int, directory: Path) -> list[str]:
    command = [sys.executable, "-m", "scones.emulation.inbox", "--port", str(port)]
    return [*command, "--http-port", str(http_port), "--directory", str(directory)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    port, directory = free_port(), tmp_path / "inbox"
    process = subprocess.Popen(inbox_command(port, free_port(), directory))
    deadline = time.monotonic() + 60
    while inbox.probe(port, directory) != process.pid:
        assert time.monotonic() < deadline, "the inbox did not start"
        time.sleep(0.05)
    yield port, directory
    process.terminate()
    assert process.wait(60) == 0


def test_an_email_is_kept_and_read_back(server: tuple[int, Path]) -> None:
    port, directory = server
    message = EmailMessage()
    message["Subject"], message["From"] = "2 images below 0.93", "sns@example.com"
    message.set_content("motorcycle_s_000123.png at 0.71 — please look\n")
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(message, to_addrs=["dispatcher@example.com"])
    (kept,) = inbox.read(directory)
    assert kept.subject == "2 images below 0.93"
    assert kept.to == "dispatcher@example.com"
    assert "0.71 — please look" in kept.text
    assert not list(inbox.read(directory, since=datetime.now(UTC) + timedelta(minutes=1)))


def test_another_folders_inbox_is_not_taken_for_ours(
    server: tuple[int, Path], tmp_path: Path
) -> None:
    assert inbox.probe(server[0], tmp_path / "another") is None


def test_a_taken_port_is_one_clear_line(server: tuple[int, Path]) -> None:
    port, directory = server
    for ports in ((port, free_port()), (free_port(), port)):
        second = subprocess.run(
            inbox_command(*ports, directory), capture_output=True, text=True, timeout=60
        )
        assert second.returncode == 1
        assert second.stderr.startswith(f"inbox cannot listen on port {port}: ")
        assert second.stderr.count("\n") == 1
