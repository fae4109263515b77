"""One production variant of an endpoint: a model in place, its servers, its captures."""

import asyncio
import random
import shutil
from collections.abc import Callable
from typing import Any

from scones_localstack.sagemaker.backends import SERVE, ContainerSpec
from scones_localstack.sagemaker.hosting.artifacts import ModelArtifact, ModelDataError
from scones_localstack.sagemaker.hosting.capture import destination, plan_of
from scones_localstack.sagemaker.hosting.instance import Instance
from scones_localstack.sagemaker.hosting.plans import VariantPlan, folder_of
from scones_localstack.sagemaker.hosting.supervisor import STOP_SECONDS, ServerFailed, Supervisor
from scones_localstack.sagemaker.hosting.surroundings import Surroundings
from scones_localstack.sagemaker.logs import ENDPOINT_GROUP
from scones_localstack.sagemaker.objects import Objects
from scones_localstack.sagemaker.store import Resource

# A second start, because another program may have taken the port that was free a moment before.
ATTEMPTS = 2
_CAPTURE_SECONDS = 5.0


class LaunchFailed(Exception):  # noqa: N818 - an outcome
    """A variant cannot be brought in service; the message is fit for a FailureReason."""


class Variant:
    """A variant, as long as this service runs.

    Attributes:
        plan: its part of the endpoint's record.
        name: the variant's name.
        instances: its model servers, those that are being started included.
        capture: what to capture; None for nothing.
        capture_folder: where the spool takes the captures.
        counts: where its invocations are counted for CloudWatch.
    """

    def __init__(
        self,
        plan: VariantPlan,
        endpoint: Resource,
        number: int,
        capture: dict[str, Any] | None,
        around: Surroundings,
        changed: Callable[[str], None],
    ) -> None:
        """Prepare a variant.

        Args:
            plan: what to serve, and with how much.
            endpoint: whose variant it is.
            number: of the deployment, in the order of the endpoint's updates.
            capture: AWS's DataCaptureConfig.
            around: the service.
            changed: called whenever a server comes or goes, with what is wrong, if anything.
        """
        self.plan = plan
        self.name = plan.name
        self.instances: list[Instance] = []
        self.capture = plan_of(capture)
        self._endpoint = endpoint
        self._around = around
        self._changed = changed
        self._folder = folder_of(around.folder, endpoint) / f"{self.name}{_suffix(number)}"
        self._artifact = ModelArtifact(
            Objects(around.aws, endpoint.region),
            plan.container.get("ModelDataUrl", ""),
            self._folder,
        )
        if self.capture and capture:
            created = int(endpoint.created * 1000)
            self.capture_folder = around.spool.register(
                f"{endpoint.name}-{self.name}-{created}{_suffix(number)}",
                endpoint.region,
                destination(capture, endpoint.name, self.name),
            )
        self.counts = around.metrics.of(endpoint.region, endpoint.name, self.name)

    @property
    def folder_name(self) -> str:
        """The name of its folder under the endpoint's."""
        return self._folder.name

    @property
    def live(self) -> list[Instance]:
        """Those of its servers that answer."""
        return [instance for instance in self.instances if instance.address]

    def choose(self) -> Instance | None:
        """Return the server for an invocation, as RoutingConfig has it; None if none answers."""
        live = self.live
        if len(live) < 2:
            return live[0] if live else None
        if self.plan.least_outstanding:
            return min(live, key=lambda instance: instance.outstanding)
        return random.choice(live)  # noqa: S311 - routing, no secret

    async def start(self, attempts: int | None) -> None:
        """Put the model in place and start the servers; they may not answer yet.

        Raises:
            LaunchFailed: the model cannot be put in place.
        """
        try:
            await asyncio.to_thread(self._artifact.install)
        except ModelDataError as error:
            raise LaunchFailed(str(error)) from error
        self._add(self.plan.count, attempts)

    async def ready(self) -> None:
        """Return when all servers answer.

        Raises:
            LaunchFailed: one of them does not.
        """
        await self._ready(self.instances)

    async def scale(self, count: int) -> None:
        """Change the number of servers; a server that goes first answers what it was given.

        Raises:
            LaunchFailed: a new server does not answer; the variant is as it was.
        """
        added = self._add(count - len(self.instances), ATTEMPTS)
        try:
            await self._ready(added)
        except LaunchFailed:
            self.instances = [each for each in self.instances if each not in added]
            await asyncio.gather(*(instance.stop(STOP_SECONDS) for instance in added))
            raise
        surplus = self.instances[count:]
        self.instances = self.instances[:count]
        await asyncio.gather(*(self._retire(instance) for instance in surplus))

    def put_back(self) -> None:
        """Upload the model if S3 has forgotten it; blocks."""
        self._artifact.put_back()

    async def drain(self) -> None:
        """Wait for the answers that are still to come, for as long as the service allows."""
        seconds = self._around.drain_seconds
        await asyncio.gather(*(instance.drain(seconds) for instance in self.instances))

    async def stop(self, grace_seconds: float) -> None:
        """End the servers; the model stays in place."""
        await asyncio.gather(*(instance.stop(grace_seconds) for instance in self.instances))

    async def remove(self, grace_seconds: float) -> None:
        """End the servers and leave nothing but logs and captures."""
        await self.stop(grace_seconds)
        await asyncio.gather(*(instance.drain(_CAPTURE_SECONDS) for instance in self.instances))
        if self.capture:
            await self._around.spool.retire(self.capture_folder, _CAPTURE_SECONDS)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def _add(self, count: int, attempts: int | None) -> list[Instance]:
        added = [self._instance() for _ in range(count)]
        self.instances = self.instances + added
        for instance in added:
            instance.start(attempts)
        return added

    async def _ready(self, instances: list[Instance]) -> None:
        try:
            await asyncio.gather(*(instance.ready() for instance in instances))
        except ServerFailed as error:
            raise LaunchFailed(
                f"The primary container for production variant {self.name} did not pass the "
                f"ping health check. Please check CloudWatch logs for this endpoint. {error}"
            ) from error

    async def _retire(self, instance: Instance) -> None:
        await instance.drain(self._around.drain_seconds)
        await instance.stop(STOP_SECONDS)

    def _instance(self) -> Instance:
        around, endpoint = self._around, self._endpoint
        server = Supervisor(
            around.backend,
            around.shipper,
            around.http,
            self._spec(),
            self.plan.startup_seconds or around.startup_seconds,
        )
        target = (endpoint.region, f"{ENDPOINT_GROUP}/{endpoint.name}", self.name)
        return Instance(server, target, self._changed)

    def _spec(self) -> ContainerSpec:
        region = self._endpoint.region
        return ContainerSpec(
            name=f"endpoint/{self._endpoint.name}/{self.name}",
            image=self.plan.container["Image"],
            argument=SERVE,
            root=self._artifact.root.path,
            log_path=self._around.folder / "logs" / "endpoints" / region / self._endpoint.name,
            instance_type=self.plan.document.get("InstanceType", ""),
            environment={
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                **self.plan.container.get("Environment", {}),
            },
        )


def _suffix(number: int) -> str:
    """Return what tells a later deployment's files apart; no variant's name has a dot."""
    return f".{number}" if number else ""
