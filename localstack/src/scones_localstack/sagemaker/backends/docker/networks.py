"""Networks: one for each training job, one for all model servers. The methods block.

The containers of a job find one another by name and nobody else; model servers do not see one
another at all.
"""

import contextlib
import re
import threading

from scones_localstack.sagemaker.backends.docker.engine import (
    NAME_LABEL,
    STATE_LABEL,
    Engine,
    MissingError,
)

_SERVERS = "servers"
_NO_CROSS_TALK = {"com.docker.network.bridge.enable_icc": "false"}


class Networks:
    """The networks that a service has made and who is in them."""

    def __init__(self, engine: Engine, state: str) -> None:
        self._engine = engine
        self._state = state
        self._lock = threading.Lock()
        self._jobs: dict[str, tuple[str, int]] = {}
        self._servers = ""

    def enter_job(self, job: str) -> str:
        """Return the id of a job's network, made if this is its first container."""
        with self._lock:
            network, members = self._jobs.get(job) or (self._make(job), 0)
            self._jobs[job] = network, members + 1
            return network

    def leave_job(self, job: str) -> None:
        """Remove a job's network if this was its last container.

        Raises:
            EngineError: it cannot be removed at the moment; to be called again.
        """
        with self._lock:
            network, members = self._jobs[job]
            if members > 1:
                self._jobs[job] = network, members - 1
                return
            self._engine.remove_network(network)
            del self._jobs[job]

    def servers(self) -> str:
        """Return the id of the model servers' network."""
        with self._lock:
            with contextlib.suppress(MissingError):
                if self._servers:
                    return self._engine.network_id(self._servers)
            self._servers = self._make(_SERVERS, options=_NO_CROSS_TALK)
            return self._servers

    def _make(self, purpose: str, **more: object) -> str:
        name = f"scones-{self._state[:8]}-{as_name(purpose)}"
        labels = {STATE_LABEL: self._state, NAME_LABEL: purpose}
        return self._engine.create_network(name, labels, **more)


def as_name(text: str) -> str:
    """Return a text as part of a name that the engine takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)
