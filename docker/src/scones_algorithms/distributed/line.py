"""The line between the hosts of a job: who is there, done, about to stop, or failed.

The first host listens and every other one calls it; a message is one line of JSON. The end of a
host's process is heard at once, since the system closes its connection; a host that hangs, or a
network that is cut, by its silence.
"""

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass
from typing import Any, Final

from scones_algorithms.container import Cluster
from scones_algorithms.errors import ClusterError

PORT: Final = 9191
JOIN_SECONDS: Final = 120.0
RETRY_SECONDS: Final = 0.2
BEAT_SECONDS: Final = 2.0
SILENCE_SECONDS: Final = 30.0


class Peer:
    """Another host at the end of a connection."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.host = host
        self._reader = reader
        self._writer = writer

    @property
    def own_address(self) -> str:
        """The IP address by which the other host reaches this one."""
        return str(self._writer.get_extra_info("sockname")[0])

    @property
    def address(self) -> str:
        """The other host's IP address."""
        return str(self._writer.get_extra_info("peername")[0])

    def send(self, kind: str, **more: Any) -> None:
        """Send a message, if there is still somebody to hear it."""
        self._writer.write(json.dumps({"kind": kind, **more}).encode() + b"\n")

    async def hear(self, silence_seconds: float = SILENCE_SECONDS) -> dict[str, Any]:
        """Return the next message.

        Raises:
            ClusterError: the connection has ended, or is silent for too long.
        """
        try:
            line = await asyncio.wait_for(self._reader.readline(), silence_seconds)
            message: dict[str, Any] = json.loads(line)
        except TimeoutError:
            raise ClusterError(
                f"InternalServerError: nothing has been heard of {self.host} for "
                f"{silence_seconds:g} seconds: it hangs, or the network between the hosts is cut"
            ) from None
        except (OSError, ValueError):  # ValueError: an empty or a broken line
            raise ClusterError(
                f"InternalServerError: {self.host} has ended before its training was done: its "
                "own log tells more"
            ) from None
        return message

    async def close(self) -> None:
        """Deliver what has been sent, for a second at most, and hang up."""
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.drain(), 1)
        self._writer.close()


@dataclass(frozen=True)
class Line:
    """All connections of a host, and where MXNet's processes meet.

    Attributes:
        peers: on the first host all others, elsewhere the first host.
        own_address: of this host, IPv4.
        scheduler_address: of the first host, IPv4.
        scheduler_port: a port on which the first host's scheduler is to listen.
    """

    peers: tuple[Peer, ...]
    own_address: str
    scheduler_address: str
    scheduler_port: int

    async def close(self) -> None:
        """Hang up on all peers."""
        await asyncio.gather(*(peer.close() for peer in self.peers))


async def meet(cluster: Cluster, join_seconds: float = JOIN_SECONDS) -> Line:
    """Connect all hosts of a job.

    Raises:
        ClusterError: one of them does not appear in time.
    """
    return await (_gather if cluster.rank == 0 else _call)(cluster, join_seconds)


async def _gather(cluster: Cluster, join_seconds: float) -> Line:
    """Wait on the first host until all others have called, then tell them to begin."""
    joined: dict[str, Peer] = {}
    complete = asyncio.Event()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str((await Peer("a host", reader, writer).hear()).get("host"))
        if host in cluster.hosts and host != cluster.current and host not in joined:
            joined[host] = Peer(host, reader, writer)
        else:
            writer.close()
        if len(joined) == cluster.size - 1:
            complete.set()

    try:
        # A host has an address in each of its networks; which of them the others use they show.
        server = await asyncio.start_server(welcome, cluster.current, PORT, family=socket.AF_INET)
    except OSError as error:
        raise ClusterError(
            f"InternalServerError: {cluster.current} cannot listen for the other hosts on port "
            f"{PORT}: {error}"
        ) from None
    try:
        await asyncio.wait_for(complete.wait(), join_seconds)
    except TimeoutError:
        missing = [host for host in cluster.hosts[1:] if host not in joined]
        raise ClusterError(
            f"InternalServerError: {', '.join(missing)} did not join {cluster.current} within "
            f"{join_seconds:g} seconds"
        ) from None
    finally:
        server.close()
    peers = tuple(joined[host] for host in cluster.hosts[1:])
    address = peers[0].own_address
    port = _free_port(address)
    for peer in peers:
        peer.send("begin", scheduler_port=port)
    return Line(peers, address, address, port)


async def _call(cluster: Cluster, join_seconds: float) -> Line:
    """Call the first host until it answers and tells this one to begin."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + join_seconds
    first = cluster.hosts[0]
    while True:
        try:
            reader, writer = await asyncio.open_connection(first, PORT, family=socket.AF_INET)
            break
        except OSError as error:
            if loop.time() > deadline:
                raise ClusterError(
                    f"InternalServerError: {cluster.current} cannot reach {first} on port {PORT} "
                    f"after {join_seconds:g} seconds: {error}"
                ) from None
        await asyncio.sleep(RETRY_SECONDS)
    peer = Peer(first, reader, writer)
    peer.send("join", host=cluster.current)
    begin = await peer.hear(join_seconds + SILENCE_SECONDS)
    return Line((peer,), peer.own_address, peer.address, int(begin["scheduler_port"]))


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
