"""Where everything is wired together, started in order and stopped in the reverse order."""

import asyncio
import contextlib
import fcntl
import logging
import os
from typing import IO

import aiohttp

from scones_localstack.sagemaker import backends, images
from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends.docker import DockerBackend
from scones_localstack.sagemaker.backends.process import ProcessBackend
from scones_localstack.sagemaker.cards.operations import ModelCards
from scones_localstack.sagemaker.errors import StartError
from scones_localstack.sagemaker.events.changes import StateChanges
from scones_localstack.sagemaker.front.control import ControlPlane
from scones_localstack.sagemaker.front.runtime import Runtime
from scones_localstack.sagemaker.front.server import Server
from scones_localstack.sagemaker.hosting.asynchronous.operation import AsyncInvoker
from scones_localstack.sagemaker.hosting.asynchronous.worker import AsyncWorker
from scones_localstack.sagemaker.hosting.endpoint_configs import EndpointConfigs
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.invocation import Invoker
from scones_localstack.sagemaker.hosting.metrics import InvocationMetrics
from scones_localstack.sagemaker.hosting.models import Models
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.hosting.streaming import Streamer
from scones_localstack.sagemaker.hosting.surroundings import Surroundings
from scones_localstack.sagemaker.hosting.updates import Updates
from scones_localstack.sagemaker.jobs.family import JobFamily
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.monitoring.family import Monitoring
from scones_localstack.sagemaker.processing.operations import ProcessingJobs
from scones_localstack.sagemaker.settings import Settings
from scones_localstack.sagemaker.store import Store
from scones_localstack.sagemaker.tags import Tags
from scones_localstack.sagemaker.training.operations import TrainingJobs
from scones_localstack.sagemaker.transform.operations import TransformJobs

_BACKENDS = {"process": ProcessBackend, "docker": DockerBackend}
_DELIVERY_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Service:
    """The whole service; to be made, started and stopped within one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        table = images.load(settings.images)
        make = backends.choose(settings.backend, _BACKENDS)
        with contextlib.ExitStack() as resources:
            resources.enter_context(_lock(settings))
            self._store = Store(settings.folder / "service.sqlite")
            resources.callback(self._store.close)
            aws = Aws(settings.aws_endpoint_url)
            self._changes = StateChanges(settings.folder / "events.sqlite", aws)
            resources.callback(self._changes.close)
            self._resources = resources.pop_all()
        self._store.watch(self._changes.note)
        self._backend = make(settings, table, self._store)
        self._shipper = LogShipper(aws, self._store)
        self._spool = CaptureSpool(settings.folder / "capture", aws, settings.capture_flush_seconds)
        self._metrics = InvocationMetrics(aws, settings.metrics_seconds)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        job_parts = (settings, self._store, aws, self._backend, self._shipper, self._http)
        processing = ProcessingJobs(*job_parts)
        self._families: list[JobFamily] = [
            TrainingJobs(*job_parts),
            TransformJobs(*job_parts),
            processing,
        ]
        self._monitoring = Monitoring(self._store, aws, processing)
        around = Surroundings(
            backend=self._backend,
            aws=aws,
            shipper=self._shipper,
            spool=self._spool,
            metrics=self._metrics,
            http=self._http,
            save=self._store.save,
            folder=settings.folder,
            startup_seconds=settings.startup_seconds,
            drain_seconds=settings.invocation_seconds,
        )
        self._endpoints = Endpoints(self._store, around, settings)
        operations = {
            **Models(self._store, aws, self._backend).operations(),
            **EndpointConfigs(self._store).operations(),
            **self._endpoints.operations(),
            **Updates(self._store, self._endpoints, settings).operations(),
            **self._monitoring.operations(),
            **ModelCards(self._store).operations(),
            **Tags(self._store).operations(),
        }
        for family in self._families:
            operations |= family.operations()
        invoker = Invoker(self._endpoints, self._spool, self._http, settings.invocation_seconds)
        self._worker = AsyncWorker(
            settings.folder / "async", self._endpoints, invoker, aws, self._metrics
        )
        runtime = Runtime(
            invoker,
            AsyncInvoker(self._endpoints, self._worker),
            Streamer(self._endpoints, invoker, self._http, settings.invocation_seconds),
        )
        self._control = ControlPlane(operations)
        self._server = Server(
            self._control,
            runtime,
            settings.region,
            settings.state_dir,
            self._endpoints.statuses,
        )
        self._background: list[asyncio.Task[None]] = []

    @property
    def operations(self) -> frozenset[str]:
        """The names of the control plane's operations that there are."""
        return self._control.operations

    async def start(self) -> None:
        """Take the port, clear up after an earlier service, and go on where it stood.

        Raises:
            StartError: the port is taken, or an earlier service's containers are out of reach.
        """
        try:
            await self._server.start(self._settings.host, self._settings.port)
            left = self._backend.sweep()
        except StartError:
            await self._server.stop()
            await self._close()
            raise
        for name in left:
            _log.warning("ended %s, which an earlier service had left running", name)
        for family in self._families:
            family.recover()
        self._endpoints.recover()
        self._monitoring.recover()
        self._worker.start()
        self._background = [
            asyncio.create_task(self._shipper.run(), name="logs"),
            asyncio.create_task(self._spool.run(), name="captures"),
            asyncio.create_task(self._changes.run(), name="events"),
            asyncio.create_task(self._metrics.run(), name="metrics"),
            asyncio.create_task(self._monitoring.run(), name="monitoring"),
        ]

    async def stop(self) -> None:
        """Stop jobs and model servers and deliver what there is, within seconds."""
        await self._server.stop()
        await self._worker.stop()
        await asyncio.gather(
            *(family.shutdown() for family in self._families),
            self._endpoints.shutdown(self._settings.shutdown_seconds),
        )
        for task in self._background:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.gather(
                    self._spool.flush(),
                    self._shipper.flush(),
                    self._changes.flush(),
                    self._metrics.flush(),
                ),
                _DELIVERY_SECONDS,
            )
        try:
            self._backend.sweep()
        except StartError as error:
            _log.warning("the next service has to clear up: %s", error)
        await self._close()

    async def _close(self) -> None:
        await self._http.close()
        self._resources.close()


def _lock(settings: Settings) -> IO[str]:
    """Return the lock of the state folder, held as long as it is open."""
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        lock = (settings.folder / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise StartError(f"cannot use the state folder {settings.folder}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise StartError(
            f"another SageMaker service (pid {owner}) uses {settings.folder}: "
            "stop it, or choose another --state-dir"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
