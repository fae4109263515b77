"""A server as a child process: its output goes to a file, and it runs until it is told to end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scones.errors import StackError

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.1


class ChildServer:
    """One that has been started; whoever starts it has to `stop` it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        folder: Path | None = None,
    ) -> None:
        """Start it.

        Args:
            name: What a person calls it, such as "the site".
            command: Its program and arguments.
            environment: All of its environment variables.
            log: Its output is appended here.
            folder: Where it works; by default here.
        """
        self._name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the command, which then ends it
            )

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def await_answer[T](self, look: Callable[[], T | None]) -> T:
        """Return what `look` returns, once that is something.

        Raises:
            StackError: The server ended, or did not answer within START_SECONDS.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (code := self._process.poll()) is not None:
                raise StackError(f"{self._name} ended with exit code {code}: see {self._log}")
            if (found := look()) is not None:
                return found
            time.sleep(POLL_SECONDS)
        raise StackError(
            f"{self._name} did not answer within {START_SECONDS:.0f} s: see {self._log}"
        )

    def ended(self, seconds: float | None = None) -> bool:
        """Wait for so long at most, without a number for ever; return whether it has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it; SIGKILL what is left of it and of its children after STOP_SECONDS."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
