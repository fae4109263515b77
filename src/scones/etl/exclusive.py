"""Keeps two commands from writing into one folder at the same time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scones.errors import DataError, UsageError


@contextmanager
def exclusively(directory: Path) -> Iterator[None]:
    """Hold a folder's lock, which the operating system releases when the process ends.

    Args:
        directory: The folder; made if it is not there.

    Raises:
        UsageError: Another process holds it.
        DataError: The folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / ".lock").open("w")
    except OSError as error:
        raise DataError(f"cannot write in {directory}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another scones command is writing in {directory}; wait until it has finished"
            ) from None
        yield
