"""The containers of one training job, one on each instance, started and ended together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scones_localstack.sagemaker.backends import Backend, Container, ContainerSpec, Exit

# From SIGTERM to SIGKILL of the others when one has failed: nothing of theirs will be used.
_FAILED_SECONDS = 2.0


@dataclass(frozen=True)
class Ending:
    """How the containers of a job ended.

    Attributes:
        exits: of each, by the host's name.
        failed: the host that failed first; empty if none has.
    """

    exits: Mapping[str, Exit]
    failed: str


class Instances:
    """The containers of one job."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._containers: dict[str, Container] = {}

    async def start(self, specs: Sequence[ContainerSpec]) -> None:
        """Start all at once; where one cannot be started, none is left.

        Raises:
            ContainerStartError: one could not be started.
            UnknownImageError: there is no such image.
        """
        starting = (self._backend.start(spec) for spec in specs)
        results = await asyncio.gather(*starting, return_exceptions=True)
        for spec, result in zip(specs, results, strict=True):
            if isinstance(result, Container):
                self._containers[spec.host] = result
        for result in results:
            if isinstance(result, BaseException):
                await self.stop(0.0)
                raise result

    @property
    def containers(self) -> Mapping[str, Container]:
        """The containers that have been started, by the host's name."""
        return self._containers

    async def wait(self) -> Ending:
        """Return once all have ended; as soon as one fails, the others are ended too."""
        exits: dict[str, Exit] = {}

        async def note_end(host: str, container: Container) -> None:
            exits[host] = await container.wait()

        waiting = {
            asyncio.create_task(note_end(host, container))
            for host, container in self._containers.items()
        }
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if waiting and any(end.failed for end in exits.values()):
                await self.stop(_FAILED_SECONDS)
        # Which end was noticed first says little: a container's files are fetched before.
        failed = sorted((end.ended, host) for host, end in exits.items() if end.failed)
        return Ending(exits, failed[0][1] if failed else "")

    async def stop(self, grace_seconds: float) -> None:
        """End all of them: SIGTERM, and after the grace SIGKILL."""
        ending = (container.stop(grace_seconds) for container in self._containers.values())
        await asyncio.gather(*ending)
