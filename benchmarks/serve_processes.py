"""A server's port, and what its processes take: CPU time and memory of all that it started."""

import os
import socket
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MEBIBYTE_IN_KIBIBYTES = 1024
SESSION, USER_TIME, CHILDREN_SYSTEM_TIME = 3, 11, 14  # fields of stat, behind the program's name


PORTS = iter(range(21000, 32000))  # multi-model-server takes none from 32768 on


def free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no port is free")


def stat(process: Path) -> list[str]:
    return (process / "stat").read_text().rpartition(")")[2].split()


def members(session: int) -> list[Path]:
    """Find the processes of a session, which its first process leads."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(stat(process)[SESSION]) == session:
                found.append(process)
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return found


def cpu_seconds(session: int) -> float:
    """Add up what they, and children of theirs that have ended, have computed."""
    fields = [stat(process)[USER_TIME : CHILDREN_SYSTEM_TIME + 1] for process in members(session)]
    return sum(int(ticks) for four in fields for ticks in four) / TICKS_PER_SECOND


def mebibytes(session: int, kind: str) -> float:
    """Add up "Rss", or "Pss", in which pages that processes share count once."""
    total = 0
    for process in members(session):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                total += int(line.split()[1])
    return total / MEBIBYTE_IN_KIBIBYTES
