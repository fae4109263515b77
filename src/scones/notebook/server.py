"""JupyterLab as a child process: on loopback, with a token, until it is told to end."""

import importlib.util
import json
import secrets
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from scones.child_server import ChildServer
from scones.errors import UsageError
from scones.notebook.workspace import NOTEBOOK, Workspace
from scones.profiles import LOOPBACK_HOST

FIRST_PORT = 8888
PORT_RETRIES = 50


def require_jupyter() -> None:
    """Return only if JupyterLab is installed.

    Raises:
        UsageError: It is not; the message says how to install it.
    """
    if any(importlib.util.find_spec(name) is None for name in ("jupyterlab", "ipykernel")):
        raise UsageError("JupyterLab is not installed: run `pip install 'scones[notebook]'`")


class Server:
    """A JupyterLab that runs; a context manager that ends it."""

    def __init__(self, workspace: Workspace, log: Path, port: int | None, *, browser: bool) -> None:
        """Start the server; it answers once `await_answer` has returned.

        Args:
            workspace: What it opens.
            log: Where its output goes.
            port: Where it listens; by default 8888 or the next free one.
            browser: Whether it opens a browser.
        """
        self._workspace = workspace
        self._token = secrets.token_urlsafe(32)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        # In the environment the token is nobody else's to read; in arguments it would be.
        environment = dict(workspace.environment) | {"JUPYTER_TOKEN": self._token}
        command = _command(workspace, port, browser=browser)
        self._server = ChildServer("JupyterLab", command, environment, log, workspace.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def await_answer(self) -> str:
        """Return the address that opens the notebook, with its token, once the server answers.

        Raises:
            StackError: It ended, or did not answer in time.
        """
        base = self._server.await_answer(self._answering)
        return f"{base}lab/tree/{NOTEBOOK}?{urlencode({'token': self._token})}"

    def wait(self) -> None:
        """Return when the server has ended, for instance by File, Shut Down."""
        self._server.ended()

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.stop()
        self._notice.unlink(missing_ok=True)

    @property
    def _notice(self) -> Path:
        """The file in which a server says where it listens."""
        return self._workspace.runtime_dir / f"jpserver-{self._server.pid}.json"

    def _answering(self) -> str | None:
        """Return the server's base address, if it answers."""
        try:
            document: Any = json.loads(self._notice.read_text())
            base = f"http://{LOOPBACK_HOST}:{document['port']}/"
            headers = {"Authorization": f"token {self._token}"}
            answer = urllib3.request(
                "GET", f"{base}api/status", headers=headers, timeout=2.0, retries=False
            )
        except (OSError, ValueError, KeyError, urllib3.exceptions.HTTPError):
            return None
        return base if answer.status == 200 else None


def _command(workspace: Workspace, port: int | None, *, browser: bool) -> list[str]:
    options = {
        "ServerApp.ip": LOOPBACK_HOST,
        "ServerApp.port": port or FIRST_PORT,
        "ServerApp.port_retries": 0 if port else PORT_RETRIES,
        "ServerApp.allow_remote_access": False,
        "ServerApp.allow_root": True,  # in a container one often is
        "ServerApp.open_browser": browser,
        "ServerApp.root_dir": workspace.folder,
        "LabApp.default_url": f"/lab/tree/{NOTEBOOK}",
        "LanguageServerManager.autodetect": False,  # would run npm
        # Nothing of it asks the network.
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.news_url": None,
        "LabApp.extension_manager": "readonly",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyterlab", *given]


def require_free(port: int) -> None:
    """Return only if a loopback port is free.

    Raises:
        UsageError: It is not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK_HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} is taken: choose another with --port") from error
