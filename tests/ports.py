"""Loopback ports for the servers of a test."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below what Linux gives to outgoing connections: nothing takes a server's port while it restarts.
SERVER_PORTS = range(15_000, 32_000)
# The last port that was given away, by any process of this user's.
_LAST = Path(tempfile.gettempdir()) / f"scones-test-port-{os.getuid()}"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on.

    Each is given once, until all have been: tests that run at the same time get others, even
    where a server begins to listen long after its port was chosen.
    """
    found: list[int] = []
    with _LAST.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last = int(file.read() or random.SystemRandom().choice(SERVER_PORTS))
        while len(found) < count:
            last = last + 1 if last + 1 in SERVER_PORTS else SERVER_PORTS[0]
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", last))
                found.append(last)
        file.truncate(0)
        file.write(str(last))
    return found


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]
