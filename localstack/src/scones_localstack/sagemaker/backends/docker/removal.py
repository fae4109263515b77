"""Containers on their way out: removed now, or as soon as the engine is back. It blocks."""

import logging
import threading
import time
from collections.abc import Callable

from scones_localstack.sagemaker.backends.docker.engine import Engine, EngineError

_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Removal:
    """The end of one container and of its place in a network."""

    def __init__(self, engine: Engine, container: str, leave: Callable[[], None]) -> None:
        """Prepare to remove.

        Args:
            engine: where the container is.
            container: its id.
            leave: takes it out of its network; called when it is gone, again if that failed.
        """
        self._engine = engine
        self._container = container
        self._leave = leave

    def now(self) -> bool:
        """Remove the container, running or not, and its network; return whether they are gone."""
        try:
            self._engine.remove(self._container)
            self._leave()
        except EngineError as error:
            _log.debug("container %s or its network is there: %s", self._container[:12], error)
            return False
        return True

    def patiently(self) -> None:
        """Remove the container, however long that takes."""
        pause = _RETRY_SECONDS
        while not self.now():
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_RETRY_SECONDS)

    def in_background(self) -> None:
        """Remove the container now, or in a thread if the engine is away."""
        if not self.now():
            threading.Thread(target=self.patiently, name="removal", daemon=True).start()
