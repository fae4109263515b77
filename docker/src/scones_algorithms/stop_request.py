"""SageMaker's wish that the process end: SIGTERM now, SIGKILL some time later."""

import signal
import time
from types import FrameType

POLL_SECONDS = 0.1
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Whether the process has been asked to stop.

    Training looks at `requested` between two batches; a server waits for it.
    """

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Take SIGTERM, and Ctrl-C, as a request to stop.

        A supervisor starts its processes with both blocked, so that one that comes before this
        waits.
        """
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def wait(self) -> None:
        """Return once the process is asked to stop.

        It polls: the kernel may hand a signal to any thread, and a lock on which the main thread
        waits would never hear of it.
        """
        while not self.requested:
            time.sleep(POLL_SECONDS)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
