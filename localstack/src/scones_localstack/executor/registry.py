"""Which function processes run, on disk, so that none outlives a killed LocalStack for long.

One file per process under <state>/lambda/processes. A process id alone proves nothing (the system
reuses them), so the file also holds when the process was created, and the address of its Runtime
API, which is in the environment of the process and of all its children.
"""

import contextlib
import json
import logging
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

LOG = logging.getLogger(__name__)
_FOLDER = "processes"
_CLOCK_TOLERANCE_SECONDS = 1.0
_IDENTITY_ENV = "AWS_LAMBDA_RUNTIME_API"


@dataclass(frozen=True)
class Entry:
    """A process that leads a session of its own.

    Attributes:
        pid: its id, and that of its session and process group.
        created: when it was created, seconds since the epoch, as psutil tells.
        runtime_api: `host:port` of its Runtime API.
    """

    pid: int
    created: float
    runtime_api: str


class Registry:
    """The files of one LocalStack process."""

    def __init__(self, lambda_dir: Path) -> None:
        self._folder = lambda_dir / _FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)

    def add(self, pid: int, runtime_api: str) -> None:
        """Remember a process that has just been started."""
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        entry = Entry(pid, created, runtime_api)
        self._path(pid).write_text(json.dumps(asdict(entry)))

    def remove(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._path(pid).unlink(missing_ok=True)

    def _path(self, pid: int) -> Path:
        return self._folder / f"{pid}.json"


def sweep(lambda_dir: Path) -> int:
    """End every process that an earlier LocalStack left behind.

    Args:
        lambda_dir: the executor's folder.

    Returns:
        How many processes were killed, children included.
    """
    killed = 0
    for path in sorted((lambda_dir / _FOLDER).glob("*.json")):
        try:
            entry = Entry(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            LOG.warning("%s is not a process record; removed", path)
        else:
            killed += _end(entry)
        path.unlink(missing_ok=True)
    if killed:
        LOG.warning("Ended %d function processes that no LocalStack was looking after", killed)
    return killed


def _end(entry: Entry) -> int:
    """Kill what is left of a session; a process that merely has the same id is left alone."""
    killed = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == entry.pid and _is_the_same(process, entry):
                process.send_signal(signal.SIGKILL)
                killed += 1
    return killed


def _is_the_same(process: psutil.Process, entry: Entry) -> bool:
    if process.pid == entry.pid:
        return bool(abs(process.create_time() - entry.created) < _CLOCK_TOLERANCE_SECONDS)
    return bool(process.environ().get(_IDENTITY_ENV) == entry.runtime_api)
