"""Loopback ports for the servers of a test."""

import contextlib
import random
import socket

# Below what Linux gives to outgoing connections: nothing takes a server's port while it restarts.
SERVER_PORTS = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on; tests that run at the same time get others."""
    found: list[int] = []
    candidates = iter(random.SystemRandom().sample(SERVER_PORTS, len(SERVER_PORTS)))
    while len(found) < count:
        port = next(candidates)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]
