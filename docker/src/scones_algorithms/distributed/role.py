"""The program of MXNet's scheduler and of a parameter server, and what ties a process to another.

MXNet takes the role from DMLC_ROLE when it is imported, and the import lasts as long as the role.
"""

import logging
import os
import sys
import threading
from typing import Final, NoReturn

ROLE_ENV: Final = "DMLC_ROLE"
SCHEDULER, SERVER, WORKER = "scheduler", "server", "worker"
ABANDONED: Final = 3


def end_with_supervisor() -> None:
    """End this process as soon as its standard input does: its supervisor is gone."""
    threading.Thread(target=_wait_for_end_of_input, name="supervisor", daemon=True).start()


def _wait_for_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(ABANDONED)


def leave(exit_code: int) -> NoReturn:
    """End a worker at once: MXNet's own way out waits for all others, who may be gone."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(exit_code)


def main() -> None:
    """Be what DMLC_ROLE says until killed."""
    end_with_supervisor()
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    import mxnet  # noqa: F401


if __name__ == "__main__":
    main()
