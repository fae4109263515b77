"""Pipe mode: a channel as a named pipe for each epoch, `<channel>_0`, `<channel>_1` and so on.

The pipe of the next epoch is there before that of the present one ends, so that a program that
goes on at once finds it.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from scones_localstack.sagemaker.jobs.inputs import DownloadError

_POLL_SECONDS = 0.02
_JOIN_SECONDS = 5.0


class PipedChannel:
    """A channel's pipes and the thread that fills them, for as long as a container runs.

    Attributes:
        error: why an epoch was cut off; empty if none was.
    """

    def __init__(self, folder: Path, name: str, epoch: Callable[[int], Iterator[bytes]]) -> None:
        """Make the first pipe.

        Args:
            folder: of all channels.
            name: the channel's.
            epoch: yields an epoch's bytes; may raise DownloadError.
        """
        self.error = ""
        self._folder = folder
        self._name = name
        self._epoch = epoch
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name=f"pipe-{name}", daemon=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._make(0)

    def start(self) -> None:
        """Fill pipes as they are opened."""
        self._thread.start()

    def close(self) -> None:
        """End, once nobody reads any more. Blocks."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def _make(self, number: int) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._path(number))

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}_{number}"

    def _fill(self) -> None:
        number = 0
        while not self.error:
            descriptor = self._opened(number)
            if descriptor is None:
                return
            try:
                for part in self._epoch(number):
                    _write_all(descriptor, part)
            except BrokenPipeError:
                pass  # The reader has had enough of this epoch.
            except DownloadError as error:
                self.error = str(error)
            finally:
                self._make(number + 1)
                os.close(descriptor)
            number += 1

    def _opened(self, number: int) -> int | None:
        """Return a pipe that somebody reads; None if nobody ever will."""
        while not self._closed.is_set():
            try:
                descriptor = os.open(self._path(number), os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                # ENXIO: nobody reads it yet. ENOENT: the program has removed it.
                if error.errno not in (errno.ENXIO, errno.ENOENT):
                    raise
                self._closed.wait(_POLL_SECONDS)
            else:
                os.set_blocking(descriptor, True)
                return descriptor
        return None


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
