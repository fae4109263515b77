"""One supervised service: a child process, its pid file, its log and its health.

A pid file holds the process's start time beside its pid, so that a pid the system has reused is
never mistaken for ours, nor killed.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from scones.errors import StackError

START_SECONDS = 90.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.1

_children: list[subprocess.Popen[bytes]] = []
"""What this process has started; services outlive it, so none may be waited for on deletion."""


class Health(StrEnum):
    """What is known of a service."""

    RUNNING = "running"
    UNRESPONSIVE = "unresponsive"
    """The process is there and does not answer: half dead, or still starting."""
    DIED = "died"
    """The pid file is there and the process is not."""
    PORT_TAKEN = "port taken"
    """Another program listens where this service would."""
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServiceSpec:
    """How to run one service.

    Attributes:
        name: As `scones status` shows it; also the name of its log and pid file.
        command: The program and its arguments.
        port: The loopback port that it listens on.
        port_setting: The environment variable that moves it to another port.
        state_dir: The state folder.
        probe: Returns the pid of the service of this state folder that answers on the port, or
            None where none does.
        environment: The whole environment of the process.
        other_ports: Further loopback ports that it listens on, by the variable that moves each.
        page_url: Where it shows a page to a person, if it does.
    """

    name: str
    command: tuple[str, ...]
    port: int
    port_setting: str
    state_dir: Path
    probe: Callable[[], int | None]
    environment: Mapping[str, str] = field(default_factory=dict)
    other_ports: Mapping[str, int] = field(default_factory=dict)
    page_url: str | None = None

    @property
    def ports(self) -> dict[str, int]:
        """All ports, by the environment variable that moves each."""
        return {self.port_setting: self.port, **self.other_ports}

    @property
    def log(self) -> Path:
        """The file that takes the service's output."""
        return self.state_dir / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """The file that says which process the service is."""
        return self.state_dir / "run" / f"{self.name}.json"


@dataclass(frozen=True)
class ServiceStatus:
    """One look at a service.

    Attributes:
        name: The service.
        health: What is known of it.
        port: Where it listens, or where another program does if its port is taken.
        log: What it writes its output to, if that is here.
        pid: Its process, if that is here.
        detail: More than the health says.
        memory_bytes: What its process uses.
        host: Where it is.
        page_url: Where it shows a page to a person, if it does.
    """

    name: str
    health: Health
    port: int
    log: Path | None = None
    pid: int | None = None
    detail: str = ""
    memory_bytes: int | None = None
    host: str = "127.0.0.1"
    page_url: str | None = None


def inspect(spec: ServiceSpec) -> ServiceStatus:
    """Look at the service without changing anything."""

    def status(
        health: Health,
        detail: str = "",
        process: psutil.Process | None = None,
        port: int = spec.port,
    ) -> ServiceStatus:
        memory = None
        if process is not None:
            with suppress(psutil.Error):
                memory = process.memory_info().rss
        pid = process.pid if process is not None else None
        return ServiceStatus(
            spec.name, health, port, spec.log, pid, detail, memory, page_url=spec.page_url
        )

    process = _recorded_process(spec)
    answering = spec.probe()
    if process is not None:
        if answering == process.pid:
            return status(Health.RUNNING, process=process)
        return status(Health.UNRESPONSIVE, f"process {process.pid} does not answer", process)
    if answering is not None and psutil.pid_exists(answering):
        # Started by a command that was killed before it could write the pid file.
        process = psutil.Process(answering)
        _record(spec, process)
        return status(Health.RUNNING, process=process)
    for port in spec.ports.values():
        if holder := _port_holder(port):
            return status(Health.PORT_TAKEN, f"port {port} is held by {holder}", port=port)
    if spec.pid_file.exists():
        return status(Health.DIED, f"its process has died; see {spec.log}")
    return status(Health.STOPPED)


def start(spec: ServiceSpec, note: Callable[[str], None]) -> ServiceStatus:
    """Start the service unless it runs; return once it answers.

    Raises:
        StackError: Its port is taken, it ended by itself, or it did not answer in time.
    """
    begin(spec, note)
    return await_answer(spec)


def look_before_start(spec: ServiceSpec) -> ServiceStatus:
    """Look at a service that is to be started.

    Raises:
        StackError: Its port is taken.
    """
    found = inspect(spec)
    if found.health is Health.PORT_TAKEN:
        setting = next(name for name, port in spec.ports.items() if port == found.port)
        raise StackError(
            f"{spec.name} cannot start: {found.detail}; stop that program, "
            f"or choose another port with {setting}"
        )
    return found


def begin(spec: ServiceSpec, note: Callable[[str], None]) -> None:
    """Start the service's process unless it runs.

    Raises:
        StackError: Its port is taken.
    """
    found = look_before_start(spec)
    match found.health:
        case Health.RUNNING:
            return
        case Health.UNRESPONSIVE:
            note(f"{spec.name}: {found.detail}; starting it anew")
            stop(spec)
        case Health.DIED:
            note(f"{spec.name}: its process had died; starting it anew")
    note(f"starting {spec.name} on 127.0.0.1:{spec.port}")
    _spawn(spec)


def await_answer(spec: ServiceSpec) -> ServiceStatus:
    """Return once a service that has begun answers.

    Raises:
        StackError: It ended by itself, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process = _recorded_process(spec)
        if process is None:
            code = next((c.poll() for c in _children if c.pid == _recorded_pid(spec)), None)
            spec.pid_file.unlink(missing_ok=True)
            raise StackError(
                f"{spec.name} ended with exit code {code}: {_last_line(spec.log)} (log: {spec.log})"
            )
        if spec.probe() == process.pid:
            return inspect(spec)
        time.sleep(POLL_SECONDS)
    stop(spec)
    raise StackError(
        f"{spec.name} did not answer on port {spec.port} within {START_SECONDS:.0f} s: "
        f"see {spec.log}"
    )


def stop(spec: ServiceSpec) -> bool:
    """Stop the service and whatever it left running; return whether it was there.

    SIGTERM first, SIGKILL after STOP_SECONDS.
    """
    process = _recorded_process(spec)
    if process is None:
        spec.pid_file.unlink(missing_ok=True)
        return False
    family = [process]
    with suppress(psutil.Error):
        family += process.children(recursive=True)
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGTERM)
    _reap(process, STOP_SECONDS)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=5)
    _children[:] = [child for child in _children if child.poll() is None]
    spec.pid_file.unlink(missing_ok=True)
    return True


def _reap(process: psutil.Process, timeout_seconds: float) -> None:
    with suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
        process.wait(timeout_seconds)


def _spawn(spec: ServiceSpec) -> None:
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    if spec.log.exists():
        spec.log.replace(spec.log.with_suffix(".previous.log"))
    with spec.log.open("ab") as log:
        process = subprocess.Popen(
            spec.command,
            env=dict(spec.environment),
            cwd=spec.state_dir,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for the command, not for it
        )
    _children.append(process)
    _record(spec, psutil.Process(process.pid))


def _record(spec: ServiceSpec, process: psutil.Process) -> None:
    spec.pid_file.parent.mkdir(parents=True, exist_ok=True)
    partial = spec.pid_file.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": process.pid, "create_time": process.create_time()}))
    os.replace(partial, spec.pid_file)


def _recorded_pid(spec: ServiceSpec) -> int | None:
    try:
        return int(json.loads(spec.pid_file.read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return None


def _recorded_process(spec: ServiceSpec) -> psutil.Process | None:
    try:
        record = json.loads(spec.pid_file.read_text())
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["create_time"]) < 1.0
        alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process if same and alive else None


def _port_holder(port: int) -> str | None:
    """Name the program that listens on a loopback port, or None where the port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            pass
        else:
            return None
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            listens = connection.status == psutil.CONN_LISTEN and address and address.port == port
            if listens and connection.pid:
                name = " ".join(psutil.Process(connection.pid).cmdline())[:80]
                return f"process {connection.pid} ({name})"
    return "another program"


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
