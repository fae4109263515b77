"""The site as a child process: on loopback, until it is told to end."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3

from scones.child_server import ChildServer
from scones.emulation.services import interpreter
from scones.errors import StackError
from scones.profiles import LOOPBACK_HOST

PORT = 8000
GUNICORN = ("gunicorn", "--config", "python:scones.web.serving", "scones.web.wsgi")
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "DATABASE_URL", "PYTHONPATH")
_OPTIONS = ("SCONES_WEB_ACCOUNTS", "SCONES_WEB_UPLOADS_A_MINUTE", "SCONES_WEB_THREADS")
_PREPARATIONS = (("migrate", "--no-input"), ("collectstatic", "--no-input"))


def python() -> Path:
    """Return a Python that has Django: this one, or that of the environment `web`.

    Raises:
        StackError: There is neither.
    """
    if importlib.util.find_spec("django") is not None:
        return Path(sys.executable)
    return interpreter("web")


class Site:
    """A site that runs; a context manager that ends it."""

    def __init__(
        self,
        state_dir: Path,
        port: int,
        variables: Mapping[str, str],
        *,
        host: str = LOOPBACK_HOST,
    ) -> None:
        """Prepare database and static files, and start the site.

        Args:
            state_dir: The folder of its database, its secret key and its log.
            port: Where it listens.
            variables: What it is told beside that: `Backend.environment`, and more.
            host: On which address; loopback, but for a container, whose port is published there.

        Raises:
            StackError: It cannot be prepared.
        """
        self.url = f"http://{LOOPBACK_HOST}:{port}/"
        self.log = state_dir / "site.log"
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._environment = {
            name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ
        }
        self._environment |= {name: os.environ[name] for name in _OPTIONS if name in os.environ}
        self._environment |= {
            "SCONES_WEB_LOCAL": "1",
            "SCONES_WEB_STATE_DIR": str(state_dir),
            "DJANGO_SETTINGS_MODULE": "scones.web.settings",
            "PYTHONUNBUFFERED": "1",
            "PORT": str(port),
            "SCONES_WEB_BIND": host,
            **variables,
        }
        self._program = str(python())
        with self.log.open("wb") as output:
            for arguments in _PREPARATIONS:
                command = [self._program, "-m", "scones.web", *arguments]
                done = subprocess.run(
                    command, env=self._environment, stdout=output, stderr=output, check=False
                )
                if done.returncode != 0:
                    raise StackError(f"the site's {arguments[0]} failed: see {self.log}")
        self._server = self._start()

    def _start(self) -> ChildServer:
        command = [self._program, "-m", *GUNICORN]
        return ChildServer("the site", command, self._environment, self.log)

    def was_told(self, variables: Mapping[str, str]) -> bool:
        """Return whether the site began with these variables, perhaps among others."""
        return variables.items() <= self._environment.items()

    def restart(self, variables: Mapping[str, str]) -> None:
        """Have the site begin anew with other variables."""
        self.stop()
        self._environment |= variables
        self._server = self._start()

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
        """Return the site's address once it answers.

        Raises:
            StackError: It ended, or did not answer in time.
        """
        return self._server.await_answer(self._answering)

    def ended(self, seconds: float) -> bool:
        """Wait for so long at most; return whether the site has ended."""
        return self._server.ended(seconds)

    def stop(self) -> None:
        """End the site."""
        self._server.stop()

    def _answering(self) -> str | None:
        """Return the site's address, if it answers."""
        try:
            answer = urllib3.request("GET", f"{self.url}health", timeout=2.0, retries=False)
        except urllib3.exceptions.HTTPError:
            return None
        return self.url if answer.status == 200 else None
