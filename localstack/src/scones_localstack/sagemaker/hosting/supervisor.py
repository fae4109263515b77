"""One model server: started, pinged until it answers, watched, and started again when it dies."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace

import aiohttp

from scones_localstack.sagemaker.backends import (
    Backend,
    Container,
    ContainerSpec,
    ContainerStartError,
)
from scones_localstack.sagemaker.images import UnknownImageError
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.model_server import STOP_SECONDS as STOP_SECONDS
from scones_localstack.sagemaker.model_server import said, trouble_at_start
from scones_localstack.sagemaker.store import Shipment

_LOG_SECONDS = 3.0
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
_SOUND_SECONDS = 60.0
_log = logging.getLogger(__name__)


class ServerFailed(Exception):  # noqa: N818 - an outcome
    """The model server cannot be brought to answer; the message is for a FailureReason."""


class Supervisor:
    """Keeps one model server alive.

    Attributes:
        address: where it answers at the moment; None while it does not.
    """

    def __init__(
        self,
        backend: Backend,
        shipper: LogShipper,
        http: aiohttp.ClientSession,
        spec: ContainerSpec,
        startup_seconds: float,
    ) -> None:
        """Prepare to supervise.

        Args:
            backend: where the server runs.
            shipper: takes its log to CloudWatch Logs.
            http: to ping it with.
            spec: what to run; each start appends to a log of its own in `log_path`, a folder.
            startup_seconds: how long it may take to its first answered ping.
        """
        self.address: str | None = None
        self._backend = backend
        self._shipper = shipper
        self._http = http
        self._spec = spec
        self._startup_seconds = startup_seconds
        self._container: Container | None = None
        self._log_path = spec.log_path

    async def run(
        self,
        log_target: tuple[str, str, str],
        changed: Callable[[str], None],
        attempts: int | None,
    ) -> None:
        """Keep the server alive until cancelled.

        Args:
            log_target: region, log group and the variant's name, for CloudWatch Logs.
            changed: called with nothing when the server has come to answer, with the reason when
                it has ceased to.
            attempts: how often it may end before it has ever answered; None for any number.

        Raises:
            ServerFailed: it has never come to answer.
        """
        backoff = _FIRST_BACKOFF_SECONDS
        failures = 0
        clock = asyncio.get_running_loop().time
        while True:
            trouble = await self._start(log_target)
            if not trouble:
                attempts = None
                since = clock()
                changed("")
                trouble = await self._until_end()
                if clock() - since > _SOUND_SECONDS:
                    backoff = _FIRST_BACKOFF_SECONDS
            failures += 1
            await self._shipper.close(self._log_path, 0.0)
            if attempts is not None and failures >= attempts:
                raise ServerFailed(trouble)
            changed(f"{trouble} It is started again in {backoff:.1f} s.")
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _LONGEST_BACKOFF_SECONDS)

    async def stop(self, grace_seconds: float = STOP_SECONDS) -> None:
        """End the server; to be called after `run` has been cancelled."""
        self.address = None
        if self._container is not None:
            await self._container.stop(grace_seconds)
            await self._shipper.close(self._log_path, _LOG_SECONDS)

    async def _start(self, log_target: tuple[str, str, str]) -> str:
        """Start the server and wait for its first answer; return what is wrong, if anything."""
        region, group, variant = log_target
        instance = f"i-{uuid.uuid4().hex[:17]}"
        self._log_path = self._spec.log_path / f"{variant}-{instance}.log"
        shipment = Shipment(self._log_path, region, group, f"{variant}/{instance}")
        self._shipper.ship(shipment, endless=True)
        try:
            container = await self._backend.start(replace(self._spec, log_path=self._log_path))
        except (ContainerStartError, UnknownImageError) as error:
            return str(error)
        self._container = container
        trouble = await trouble_at_start(
            container, self._http, self._startup_seconds, self._log_path
        )
        if not trouble:
            self.address = container.address
        return trouble

    async def _until_end(self) -> str:
        if self._container is None:
            raise RuntimeError("the model server has not been started")
        outcome = await self._container.wait()
        self.address = None
        _log.warning("%s ended with %s", self._spec.name, outcome)
        return f"The model server ended with {outcome}.{said(self._log_path)}"
