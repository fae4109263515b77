"""Several hosts of one training job, as processes on loopback addresses of their own."""

import itertools
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from tests.algorithms.jobs import COMMAND, environment, write_job

_NETWORKS = itertools.count(1)
POLL_SECONDS = 0.05


class Host:
    """One host: a folder of its own, and the `train` process over it."""

    command: ClassVar[tuple[str, ...]] = (*COMMAND, "train")

    def __init__(self, name: str, base: Path) -> None:
        self.name = name
        self.base = base
        self.log = base / "train.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=environment(base), stdout=log, stderr=log
            )

    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace")

    def values(self, pattern: str) -> list[str]:
        """What the group of a regular expression matches in its log, in order."""
        return re.findall(pattern, self.text())

    def until(self, pattern: str, seconds: float = 180) -> str:
        """Wait for a log line; returns the group, or all, of what matches."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.values(pattern):
            assert self.process.poll() is None, self.text()
            time.sleep(POLL_SECONDS)
        return self.values(pattern)[0]

    def worker(self) -> int:
        """The pid of the process that trains: it is in its log lines."""
        return int(self.until(r"INFO (\d+)\] Epoch\[0\] Time cost"))


def write_hosts(
    folder: Path, count: int, hyperparameters: Mapping[str, str], **images: int
) -> dict[str, Path]:
    """Lay out the same job for each host, by name; the names are loopback addresses."""
    network = f"127.{52 + os.getpid() % 64}.{next(_NETWORKS)}"
    names = [f"{network}.{number}" for number in range(1, count + 1)]
    bases = {name: write_job(folder / name, hyperparameters, **images) for name in names}
    for name, base in bases.items():
        resources = {"current_host": name, "hosts": names, "network_interface_name": "lo"}
        (base / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
    return bases


@contextmanager
def started(bases: Mapping[str, Path], kind: type[Host] = Host) -> Iterator[list[Any]]:
    """Start all hosts; whatever is left of them is killed at the end."""
    hosts = [kind(name, base) for name, base in bases.items()]
    try:
        yield list(hosts)
    finally:
        for host in hosts:
            host.process.kill()
            host.process.wait()


def children(pid: int) -> list[int]:
    """The pids of a process's children."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for child in found.split()]


def role(pid: int) -> str:
    """Which of MXNet's roles a process has been started for; "" where it is none, or gone."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "".join(item[10:].decode() for item in variables if item.startswith(b"DMLC_ROLE="))


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)


def is_gone(pid: int, seconds: float = 60) -> bool:
    """Whether a process ends within a time."""
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}/cmdline").exists() and _command(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _command(pid: int) -> bytes:
    """A process's command; empty for one that has ended but that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
