"""One endpoint: its model put in place, its server kept alive, its record told the truth.

Creating ──▶ InService ◀──▶ OutOfService     the server has died and is being started again
    └──────▶ Failed
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import SERVE, Backend, ContainerSpec
from scones_localstack.sagemaker.hosting.artifacts import ModelArtifact, ModelDataError
from scones_localstack.sagemaker.hosting.capture import CapturePlan, destination, plan_of
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.hosting.supervisor import ServerFailed, Supervisor
from scones_localstack.sagemaker.logs import ENDPOINT_GROUP, LogShipper
from scones_localstack.sagemaker.objects import Objects
from scones_localstack.sagemaker.store import Resource

# A second start, because another program may have taken the port that was free a moment before.
_ATTEMPTS = 2
_CAPTURE_SECONDS = 5.0
_REASON_CHARACTERS = 1024
_log = logging.getLogger(__name__)


class EndpointStatus(StrEnum):
    """EndpointStatus, those of AWS's that an endpoint here can have."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    OUT_OF_SERVICE = "OutOfService"
    DELETING = "Deleting"
    FAILED = "Failed"


@dataclass(frozen=True)
class Surroundings:
    """What a deployment needs of the service.

    Attributes:
        backend: where the server runs.
        aws: S3.
        shipper: takes logs to CloudWatch Logs.
        spool: takes captures to S3.
        http: to talk to model servers with.
        save: keeps the endpoint's record.
        folder: the service's part of the state folder.
        startup_seconds: until the first answered ping, where the variant does not say.
    """

    backend: Backend
    aws: Aws
    shipper: LogShipper
    spool: CaptureSpool
    http: aiohttp.ClientSession
    save: Callable[[Resource], None]
    folder: Path
    startup_seconds: float


class Deployment:
    """An endpoint with its one variant, as long as this service runs.

    Attributes:
        variant: the variant's name.
        capture: what to capture; None for nothing.
        capture_folder: where the spool takes the captures.
    """

    def __init__(self, endpoint: Resource, around: Surroundings) -> None:
        variant: dict[str, Any] = endpoint.plan["variants"][0]
        config: dict[str, Any] | None = endpoint.plan.get("capture")
        self.variant: str = variant["VariantName"]
        self.capture: CapturePlan | None = plan_of(config)
        self.capture_folder = Path()
        self._endpoint = endpoint
        self._around = around
        self._container: dict[str, Any] = variant["Container"]
        self._instance_type: str = variant.get("InstanceType", "")
        self._folder = around.folder / "endpoints" / endpoint.region / endpoint.name
        self._artifact = ModelArtifact(
            Objects(around.aws, endpoint.region),
            self._container.get("ModelDataUrl", ""),
            self._folder / self.variant,
        )
        self._server = Supervisor(
            around.backend,
            around.shipper,
            around.http,
            self._spec(),
            variant.get("ContainerStartupHealthCheckTimeoutInSeconds", around.startup_seconds),
        )
        if self.capture and config:
            self.capture_folder = around.spool.register(
                f"{endpoint.name}-{self.variant}-{int(endpoint.created * 1000)}",
                endpoint.region,
                destination(config, endpoint.name, self.variant),
            )
        self._task: asyncio.Task[None] | None = None
        self._put_back: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The endpoint's name, in the case it was created with."""
        return self._endpoint.name

    @property
    def status(self) -> str:
        """The endpoint's status."""
        return self._endpoint.status

    @property
    def address(self) -> str | None:
        """Where the model server answers; None while it does not."""
        return self._server.address

    def start(self) -> None:
        """Deploy, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name=f"endpoint/{self.name}")

    async def stop(self, grace_seconds: float) -> None:
        """End the server; the record stays as it is, for the next service to start it again."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._server.stop(grace_seconds)

    async def remove(self, grace_seconds: float) -> None:
        """End the server and leave nothing of the endpoint but its log and captures."""
        await self.stop(grace_seconds)
        if self.capture:
            await self._around.spool.retire(self.capture_folder, _CAPTURE_SECONDS)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _run(self) -> None:
        again = self.status != EndpointStatus.CREATING
        try:
            await asyncio.to_thread(self._artifact.install)
            if again:
                self._put_back = asyncio.create_task(asyncio.to_thread(self._artifact.put_back))
            target = (self._endpoint.region, f"{ENDPOINT_GROUP}/{self.name}", self.variant)
            await self._server.run(target, self._changed, None if again else _ATTEMPTS)
        except ModelDataError as error:
            self._set(EndpointStatus.FAILED, str(error))
        except ServerFailed as error:
            self._set(
                EndpointStatus.FAILED,
                f"The primary container for production variant {self.variant} did not pass the "
                f"ping health check. Please check CloudWatch logs for this endpoint. {error}",
            )
        except Exception:
            _log.exception("endpoint %s", self.name)
            self._set(
                EndpointStatus.FAILED,
                "InternalServerError: a fault of this service; its log has the traceback.",
            )

    def _changed(self, trouble: str) -> None:
        if not trouble:
            self._set(EndpointStatus.IN_SERVICE)
        elif self.status != EndpointStatus.CREATING:
            self._set(EndpointStatus.OUT_OF_SERVICE, trouble)

    def _set(self, status: EndpointStatus, reason: str = "") -> None:
        endpoint = self._endpoint
        endpoint.status = status
        endpoint.document["EndpointStatus"] = str(status)
        endpoint.document.pop("FailureReason", None)
        if reason:
            endpoint.document["FailureReason"] = reason[:_REASON_CHARACTERS]
        self._around.save(endpoint)
        _log.info("endpoint %s: %s %s", endpoint.name, status, reason)

    def _spec(self) -> ContainerSpec:
        region = self._endpoint.region
        return ContainerSpec(
            name=f"endpoint/{self.name}/{self.variant}",
            image=self._container["Image"],
            argument=SERVE,
            root=self._artifact.root.path,
            log_path=self._around.folder / "logs" / "endpoints" / region / self.name,
            instance_type=self._instance_type,
            environment={
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                **self._container.get("Environment", {}),
            },
        )
