"""`scones web serve`, as a person starts and ends it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from scones.progress import SILENT
from scones.project import Project
from scones.site.backend import Backend
from scones.site.serving import Site
from scones.steps import website
from tests.ports import free_port
from tests.web.api_server import KEY, ApiServer
from tests.web.photographs import found_in

SECONDS = 60
PORTS = ("LOCALSTACK", "SAGEMAKER", "SMTP", "INBOX")


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scones.cli", "--state-dir", str(folder), "web", *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


def test_it_serves_until_ctrl_c(api: ApiServer, tmp_path: Path) -> None:
    port = free_port()
    running = command(
        tmp_path,
        *("serve", "--port", str(port), "--no-browser", "--json"),
        SCONES_API_URL=api.url,
        SCONES_API_KEY=KEY,
        SCONES_WEB_STORAGE_ORIGINS=api.origin,
    )
    try:
        assert running.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            line = running.stdout.readline()
            assert line, running.communicate()[1]
            said += line
        url = json.loads(said)["url"]
        assert url == f"http://127.0.0.1:{port}/"
        with urllib.request.urlopen(f"{url}health", timeout=SECONDS) as answer:
            assert json.load(answer) == {"status": "ok"}
        assert running.stderr is not None
        told = ""
        while "next:" not in told:  # the last word before it waits
            line = running.stderr.readline()
            assert line, told
            told += line
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=SECONDS)
        assert running.returncode == 0, told + rest
        assert KEY not in said + told + rest
        assert f"with http://127.0.0.1:{port} among site_origins" in " ".join(told.split())
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=SECONDS)
    finally:
        running.kill()
        running.wait()


def test_an_api_without_its_key_is_refused_before_anything_starts(tmp_path: Path) -> None:
    running = command(tmp_path, "serve", "--no-browser", SCONES_API_URL="http://127.0.0.1:9/v1")
    _, told = running.communicate(timeout=SECONDS)
    assert running.returncode == 2
    assert "SCONES_API_KEY" in told


def test_without_services_it_says_what_starts_them(tmp_path: Path) -> None:
    variables = {f"SCONES_PROFILES__LOCAL__{name}_PORT": str(free_port()) for name in PORTS}
    running = command(tmp_path, "serve", "--no-browser", "--port", str(free_port()), **variables)
    _, told = running.communicate(timeout=SECONDS)
    assert running.returncode == 1
    assert "scones up" in told


def test_a_site_follows_its_api_to_another_address(
    api: ApiServer, start_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `scones down` and `scones up`: LocalStack makes the API anew.

    It may have moved before the first look already: what counts is what the site was told.
    """
    site = start_site(api)
    moved = ApiServer(found_in)
    monkeypatch.setattr(website, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(website, "backend", lambda _: Backend(moved.url, KEY, (moved.origin,)))
    project = mock.create_autospec(Project, instance=True, reporter=SILENT)
    follower = threading.Thread(target=website.keep, args=(project, site), daemon=True)
    follower.start()
    try:
        deadline = time.monotonic() + SECONDS
        policy = ""
        while moved.origin not in policy:
            assert time.monotonic() < deadline
            with suppress(OSError), urllib.request.urlopen(site.url, timeout=5) as answer:
                policy = answer.headers["Content-Security-Policy"]
            time.sleep(0.1)
    finally:
        site.stop()
        follower.join(SECONDS)
        moved.close()
    assert not follower.is_alive()
