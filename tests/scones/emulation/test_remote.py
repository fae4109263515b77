"""Services that Compose starts, looked at from outside."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scones.config import load
from scones.emulation import remote
from scones.emulation.process import Health
from scones.errors import ConfigError, StackError
from scones.profiles import PROFILES, Profile
from scones.project import Project
from tests.ports import free_port


@contextmanager
def answering(status: int, body: object) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def profile(**ports: int) -> Profile:
    silent = {f"{name}_port": free_port() for name in ("localstack", "sagemaker", "inbox")}
    return PROFILES["docker"].model_copy(update=silent | ports)


@pytest.mark.parametrize(
    ("status", "body", "health"),
    [
        (200, {"ready": True}, Health.RUNNING),
        (503, {"ready": False}, Health.UNRESPONSIVE),
        (200, ["something", "else"], Health.PORT_TAKEN),
    ],
)
def test_what_answers_is_told_apart(status: int, body: object, health: Health) -> None:
    with answering(status, body) as port:
        found = {s.name: s for s in remote.statuses(profile(localstack_port=port))}
    assert found["localstack"].health is health
    assert found["localstack"].port == port
    assert found["sagemaker"].health is Health.STOPPED
    assert found["inbox"].page_url == f"http://127.0.0.1:{found['inbox'].port}/"


def docker_project(tmp_path: Path) -> Project:
    target = profile()
    ports = {name: getattr(target, name) for name in ("localstack_port", "sagemaker_port")}
    settings = load(profile="docker", state_dir=tmp_path, profiles={"docker": ports})
    return Project(settings)


def test_a_command_that_needs_the_services_says_what_starts_them(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"is stopped .*: run `docker compose up --detach`"):
        docker_project(tmp_path).require_services()


def test_scones_leaves_starting_and_stopping_to_compose(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run `docker compose up.*`, or `docker compose down`"):
        _ = docker_project(tmp_path).specs
