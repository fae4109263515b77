"""Processes and their groups: start time, end, and what a killed service has left behind.

Each container is one process group. Its leader is known by pid and creation time together,
because the system gives a pid to another process some day.
"""

import contextlib
import os
import signal

import psutil

# Creation times move with the system's clock when it is set.
_CLOCK_SECONDS = 1.0


def started_at(pid: int) -> float:
    """Return when a process was created, in seconds since the epoch; 0.0 if there is none."""
    try:
        created: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
    return created


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all processes of a group, if there are any left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_leftover(pid: int, started: float) -> bool:
    """Kill the group that a process led, if it is still the same one.

    Args:
        pid: of the group's leader, which is the group's number too.
        started: the leader's creation time as `started_at` gave it.

    Returns:
        Whether there was anything left to kill.
    """
    if started < psutil.boot_time():
        return False
    leader = started_at(pid)
    # The number of a group that has members is not given to a new process: without a leader, a
    # group of this number is still the one that was started then.
    if (leader and abs(leader - started) > _CLOCK_SECONDS) or not _members(pid):
        return False
    signal_group(pid, signal.SIGKILL)
    return True


def _members(group: int) -> list[int]:
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) == group:
                members.append(pid)
    return members
