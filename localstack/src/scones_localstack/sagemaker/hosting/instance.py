"""One instance of a production variant: a supervised model server, and what is on its way to it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from scones_localstack.sagemaker.hosting.supervisor import ServerFailed, Supervisor

_FAULT = "InternalServerError: a fault of this service; its log has the traceback."
_log = logging.getLogger(__name__)


class Instance:
    """A model server as invocations see it.

    Attributes:
        outstanding: how many invocations it has been given and has not answered yet.
    """

    def __init__(
        self,
        server: Supervisor,
        log_target: tuple[str, str, str],
        changed: Callable[[str], None],
    ) -> None:
        """Prepare an instance.

        Args:
            server: the model server.
            log_target: region, log group and the variant's name, for CloudWatch Logs.
            changed: called with nothing when the server has come to answer, with the reason when
                it has ceased to.
        """
        self.outstanding = 0
        self._server = server
        self._log_target = log_target
        self._changed = changed
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def address(self) -> str | None:
        """Where the model server answers; None while it does not."""
        return self._server.address

    def start(self, attempts: int | None) -> None:
        """Start the server and keep it alive.

        Args:
            attempts: how often it may end before it has ever answered; None for any number.
        """
        self._task = asyncio.create_task(self._run(attempts))

    async def ready(self) -> None:
        """Return when the server has come to answer.

        Raises:
            ServerFailed: it has not.
        """
        await asyncio.shield(self._ready)

    def begin(self) -> None:
        """An invocation is on its way to the server."""
        self.outstanding += 1
        self._idle.clear()

    def end(self) -> None:
        """An invocation has been answered, and captured."""
        self.outstanding -= 1
        if not self.outstanding:
            self._idle.set()

    async def drain(self, timeout_seconds: float) -> None:
        """Wait until nothing is on its way to the server, for so long at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout_seconds)

    async def stop(self, grace_seconds: float) -> None:
        """End the server."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._fail(ServerFailed("It was stopped."))
        await self._server.stop(grace_seconds)

    async def _run(self, attempts: int | None) -> None:
        try:
            await self._server.run(self._log_target, self._report, attempts)
        except ServerFailed as error:
            self._fail(error)
        except Exception:
            _log.exception("a model server of %s", self._log_target[1])
            self._fail(ServerFailed(_FAULT))
            await self._server.stop()
            self._changed(_FAULT)

    def _report(self, trouble: str) -> None:
        if not trouble and not self._ready.done():
            self._ready.set_result(None)
        self._changed(trouble)

    def _fail(self, error: ServerFailed) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
            # Looked at, whether or not anybody waits for it.
            self._ready.exception()
