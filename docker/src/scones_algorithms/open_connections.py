"""Which connections a server has, and which of them have a request in hand."""

import contextlib
import socket
import threading


class OpenConnections:
    """Counts connections, so that a server can refuse more, and finish before it ends.

    A connection is idle while it waits for a request and busy while one is in hand. `stop` ends
    the idle ones; a busy one is told to close when it has answered.
    """

    def __init__(self) -> None:
        self._busy: dict[socket.socket, bool] = {}
        self._change = threading.Condition()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._busy)

    def opened(self, connection: socket.socket) -> None:
        """Count a connection in."""
        with self._change:
            self._busy[connection] = False

    def closed(self, connection: socket.socket) -> None:
        """Count a connection out."""
        with self._change:
            self._busy.pop(connection, None)
            self._change.notify_all()

    def began(self, connection: socket.socket) -> None:
        """Note that a request has arrived."""
        with self._change:
            self._busy[connection] = True

    def ended(self, connection: socket.socket) -> bool:
        """Note that a request is answered; say whether the connection may stay open."""
        with self._change:
            self._busy[connection] = False
            return not self.stopping

    def stop(self, grace_seconds: float) -> bool:
        """End idle connections and wait for busy ones.

        Args:
            grace_seconds: how long to wait at most.

        Returns:
            True when no connection is left.
        """
        with self._change:
            self.stopping = True
            for connection, busy in self._busy.items():
                if not busy:
                    # Half-closed: a request that is already in the socket's buffer is still read.
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RD)
            return self._change.wait_for(lambda: not self._busy, grace_seconds)
