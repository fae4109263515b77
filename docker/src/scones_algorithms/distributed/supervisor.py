"""Starts and watches one host's part of a training on several hosts.

It ends when every host's worker is done (success), or as soon as a process of this host has ended
before that or another host tells of such an end (failure, told to all). A stop request goes to the
workers of all hosts, which then end by themselves.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from scones_algorithms.container import Cluster, Container
from scones_algorithms.distributed.line import BEAT_SECONDS, Line, Peer, meet
from scones_algorithms.distributed.role import ROLE_ENV, SCHEDULER, SERVER, WORKER
from scones_algorithms.errors import ClusterError
from scones_algorithms.stop_request import POLL_SECONDS, STOP_SIGNALS, StopRequest

ROLE_COMMAND: Final = (sys.executable, "-m", "scones_algorithms.distributed.role")

log = logging.getLogger(__name__)


def supervise(
    worker: Sequence[str], cluster: Cluster, container: Container, stop: StopRequest
) -> None:
    """Run this host's processes until the training on all hosts is done.

    Args:
        worker: command of the process that trains; its role is in its environment.
        cluster: the hosts of the job.
        container: whose failure file the worker may write to.
        stop: passed on to the workers of all hosts.

    Raises:
        ClusterError: a process of this or of another host has ended before it was done.
    """
    asyncio.run(_supervise(worker, cluster, container, stop))


async def _supervise(
    worker: Sequence[str], cluster: Cluster, container: Container, stop: StopRequest
) -> None:
    others = cluster.size - 1
    log.info("%s waits for %d other host%s", cluster.current, others, "s" if others > 1 else "")
    meeting = asyncio.create_task(meet(cluster))
    asked = asyncio.create_task(_wait_for(stop))
    await asyncio.wait([meeting, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not meeting.done():
        meeting.cancel()
        log.info("Stop requested before all hosts have joined: no model is kept")
        return
    line = meeting.result()
    log.info("%d hosts have joined: %s", cluster.size, ", ".join(cluster.hosts))
    try:
        await _Host(worker, cluster, container, stop, line).run()
    finally:
        await line.close()


async def _wait_for(stop: StopRequest) -> None:
    while not stop.requested:
        await asyncio.sleep(POLL_SECONDS)


class _Host:
    """This host's processes and what the others say of theirs."""

    def __init__(
        self,
        worker: Sequence[str],
        cluster: Cluster,
        container: Container,
        stop: StopRequest,
        line: Line,
    ) -> None:
        self._worker = worker
        self._cluster = cluster
        self._container = container
        self._stop = stop
        self._line = line
        self._processes: dict[str, Process] = {}
        self._done: set[str] = set()
        self._all_done = asyncio.Event()

    async def run(self) -> None:
        """Start everything, and end everything."""
        tasks: list[asyncio.Task[None]] = []

        def begin(work: Coroutine[Any, Any, None]) -> None:
            tasks.append(asyncio.create_task(work))

        try:
            roles = [SCHEDULER] if self._cluster.rank == 0 else []
            for role in [*roles, SERVER]:
                await self._start(role, ROLE_COMMAND)
                begin(self._watch(role))
            await self._start(WORKER, self._worker)
            begin(self._finish())
            begin(self._beat())
            begin(self._pass_on_stop())
            for peer in self._line.peers:
                begin(self._hear(peer))
            await self._first_news(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end_processes()

    async def _first_news(self, tasks: list[asyncio.Task[None]]) -> None:
        """Return when all are done; a failure is told to the others before it is raised."""
        over = asyncio.create_task(self._all_done.wait())
        try:
            waiting: set[asyncio.Task[Any]] = {over, *tasks}
            while not over.done():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        except ClusterError as error:
            for peer in self._line.peers:
                peer.send("failed", reason=str(error), exit_code=error.exit_code)
            raise
        finally:
            over.cancel()

    async def _start(self, role: str, command: Sequence[str]) -> None:
        environment = os.environ | {
            ROLE_ENV: role,
            "DMLC_PS_ROOT_URI": self._line.scheduler_address,
            "DMLC_PS_ROOT_PORT": str(self._line.scheduler_port),
            "DMLC_NODE_HOST": self._line.own_address,
            "DMLC_NUM_WORKER": str(self._cluster.size),
            "DMLC_NUM_SERVER": str(self._cluster.size),
        }
        # What stays blocked in a process waits until it listens: the scheduler's and a server's
        # never do, since a request to stop is the worker's to heed.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self._processes[role] = await asyncio.create_subprocess_exec(
                *command, env=environment, stdin=PIPE
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    async def _watch(self, role: str) -> None:
        """Take the end of a scheduler or server for what it is: they never end by themselves."""
        code = await self._processes[role].wait()
        raise ClusterError(f"InternalServerError: {self._ended(role, code)}")

    async def _finish(self) -> None:
        """Wait for this host's worker, and then for everybody else's."""
        code = await self._processes[WORKER].wait()
        if code != 0:
            raise self._worker_error(code)
        if self._cluster.rank == 0:
            self._note_done(self._cluster.current)
        else:
            self._line.peers[0].send("done")
        await self._all_done.wait()

    def _note_done(self, host: str) -> None:
        self._done.add(host)
        if len(self._done) == self._cluster.size:
            for peer in self._line.peers:
                peer.send("over")
            self._all_done.set()

    def _worker_error(self, code: int) -> ClusterError:
        said = self._container.failure()
        if code > 0 and said:
            reason, _, detail = said.partition("\n")
            named = _named(reason, self._cluster.current)
            return ClusterError(named, exit_code=code, detail=detail.strip())
        return ClusterError(f"InternalServerError: {self._ended(WORKER, code)}")

    def _ended(self, role: str, code: int) -> str:
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        hint = "; the system ends processes so when memory runs out" if code == -9 else ""
        return f"the {role} on {self._cluster.current} has ended too early ({how}{hint})"

    async def _beat(self) -> None:
        while True:
            for peer in self._line.peers:
                peer.send("beat")
            await asyncio.sleep(BEAT_SECONDS)

    async def _pass_on_stop(self) -> None:
        """Ask this host's worker to stop, and the other hosts to ask theirs."""
        await _wait_for(self._stop)
        with contextlib.suppress(ProcessLookupError):
            self._processes[WORKER].send_signal(signal.SIGTERM)
        for peer in self._line.peers:
            peer.send("stop")

    async def _hear(self, peer: Peer) -> None:
        while True:
            message = await peer.hear()
            if message["kind"] == "over":
                self._all_done.set()
                return
            if message["kind"] == "done":
                self._note_done(peer.host)
            elif message["kind"] == "stop":
                self._stop.requested = True
            elif message["kind"] == "failed":
                raise ClusterError(message["reason"], exit_code=message["exit_code"])

    async def _end_processes(self) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(*(process.wait() for process in self._processes.values()))


def _named(reason: str, host: str) -> str:
    """Put the host's name behind the class of a reason, as in `ClientError: on algo-2: ...`."""
    kind, separator, rest = reason.partition(": ")
    return f"{kind}{separator}on {host}: {rest}" if separator else f"on {host}: {reason}"
