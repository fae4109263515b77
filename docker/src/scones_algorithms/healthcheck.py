"""The image's HEALTHCHECK: a model server answers its ping; training is healthy while it runs."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from scones_algorithms.hosting import DEFAULT_PORT, PORT_ENV

PING_SECONDS = 2.0


def serves(command_line: bytes) -> bool:
    """Tell whether a container's first process, by its NUL-separated command line, serves."""
    return b"serve" in command_line.split(b"\0")


def main() -> int:
    """Return 0 for a healthy container, 1 for one that is not."""
    if not serves(Path("/proc/1/cmdline").read_bytes()):
        return 0
    port = os.environ.get(PORT_ENV) or DEFAULT_PORT
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=PING_SECONDS) as reply:
            return int(reply.status != 200)
    except (urllib.error.URLError, TimeoutError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
