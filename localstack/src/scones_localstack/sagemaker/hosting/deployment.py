"""One endpoint: its fleet kept alive, replaced and scaled; its record told the truth.

    Creating ──▶ InService ◀──▶ OutOfService     no server takes traffic; one is being started again
        │           │  ▲
        │           ▼  │
        │       Updating ──▶ RollingBack         the new servers did not come about; the old remain
        ▼
      Failed

What is to be done is in the record before it is begun, so that a service that was killed in the
middle of it goes on where it stood.
"""

import asyncio
import logging
import random
import shutil
from enum import StrEnum
from typing import Any

from scones_localstack.sagemaker.hosting.fleet import Fleet
from scones_localstack.sagemaker.hosting.instance import Instance
from scones_localstack.sagemaker.hosting.plans import Plan, folder_of, instances_of
from scones_localstack.sagemaker.hosting.rollout import Alarmed, Rollout, rollout_of
from scones_localstack.sagemaker.hosting.supervisor import STOP_SECONDS
from scones_localstack.sagemaker.hosting.surroundings import Surroundings
from scones_localstack.sagemaker.hosting.variant import ATTEMPTS, LaunchFailed, Variant
from scones_localstack.sagemaker.store import Resource, now

_REASON_CHARACTERS = 1024
_FAULT = "InternalServerError: a fault of this service; its log has the traceback."
_log = logging.getLogger(__name__)


class EndpointStatus(StrEnum):
    """EndpointStatus, those of AWS's that an endpoint here can have."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    OUT_OF_SERVICE = "OutOfService"
    UPDATING = "Updating"
    ROLLING_BACK = "RollingBack"
    DELETING = "Deleting"
    FAILED = "Failed"


# Whatever is being done to it, such an endpoint answers as long as one of its servers does.
SERVING = (
    EndpointStatus.IN_SERVICE,
    EndpointStatus.UPDATING,
    EndpointStatus.ROLLING_BACK,
    EndpointStatus.OUT_OF_SERVICE,
)


class VariantStatus(StrEnum):
    """VariantStatus, AWS's: what a deployment is doing to a variant."""

    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    ACTIVATING = "ActivatingTraffic"
    BAKING = "Baking"


class Deployment:
    """An endpoint, as long as this service runs.

    Attributes:
        fleet: what serves it.
        pending: what is to replace that, while UpdateEndpoint is executing.
        stages: what is being done to the variants of the two; empty when nothing is.
        since: when that began, in seconds since the epoch.
    """

    def __init__(self, endpoint: Resource, around: Surroundings) -> None:
        self._endpoint = endpoint
        self._around = around
        self.fleet = self._fleet(endpoint.plan)
        self.pending: Fleet | None = None
        self.stages: dict[Fleet, VariantStatus] = {}
        self.since = endpoint.modified
        self._retiring: Fleet | None = None
        # The share of the traffic that the pending fleet gets, 0 to 1.
        self._share = 0.0
        # One thing at a time, whatever is asked for.
        self._busy = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._put_back: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The endpoint's name, in the case it was created with."""
        return self._endpoint.name

    @property
    def region(self) -> str:
        """The endpoint's region."""
        return self._endpoint.region

    @property
    def created(self) -> float:
        """When the endpoint was created, in seconds since the epoch."""
        return self._endpoint.created

    @property
    def serves(self) -> bool:
        """Whether an invocation is answered at the moment."""
        return self.status in SERVING and self.fleet.available

    @property
    def status(self) -> str:
        """The endpoint's status."""
        return self._endpoint.status

    @property
    def plan(self) -> Plan:
        """What the endpoint's record says is served."""
        return self._endpoint.plan

    def choose(self, target: str | None) -> tuple[Variant, Instance] | None:
        """Return the variant and the server for an invocation; None if none answers.

        Args:
            target: the variant that the client names.

        Raises:
            KeyError: there is no variant of that name.
        """
        fleet = self.fleet
        shared = self.pending is not None and self._share > random.random()  # noqa: S311 - routing
        if shared and self.pending and (target is None or target in self.pending.variants):
            fleet = self.pending
        variant = fleet.choose(target)
        instance = variant.choose() if variant else None
        return (variant, instance) if variant and instance else None

    def start(self) -> None:
        """Do what the record's state asks for, in a task of its own."""
        task = asyncio.create_task(self._run(), name=f"endpoint/{self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, grace_seconds: float) -> None:
        """End all servers; the record stays as it is, for the next service to go on with."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(fleet.stop(grace_seconds) for fleet in self._fleets()))

    async def remove(self, grace_seconds: float) -> None:
        """End all servers and leave nothing of the endpoint but its log and captures."""
        await self.stop(grace_seconds)
        await asyncio.gather(*(fleet.remove(grace_seconds) for fleet in self._fleets()))
        folder = folder_of(self._around.folder, self._endpoint)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _run(self) -> None:
        async with self._busy:
            try:
                await self._work()
            except LaunchFailed as error:
                await self._fail(str(error))
            except Exception:
                _log.exception("endpoint %s", self.name)
                await self._fail(_FAULT)

    async def _work(self) -> None:
        if self.status == EndpointStatus.CREATING:
            await self._create()
        elif not any(variant.instances for variant in self.fleet.variants.values()):
            await self._restore()
        if self.plan.get("pending"):
            await self._update(self.plan["pending"])
        elif self.plan.get("desired"):
            await self._rescale(self.plan["desired"])

    async def _fail(self, reason: str) -> None:
        """End what there is: an endpoint that has failed serves nothing."""
        self.stages = {}
        await asyncio.gather(*(fleet.stop(STOP_SECONDS) for fleet in self._fleets()))
        self._set(EndpointStatus.FAILED, reason)

    async def _create(self) -> None:
        self.stages = {self.fleet: VariantStatus.CREATING}
        await self.fleet.start(ATTEMPTS)
        await self.fleet.ready()
        self.stages = {}
        self._settle()

    async def _restore(self) -> None:
        """Start again what served when an earlier service ended."""
        await asyncio.to_thread(self._clear)
        await self.fleet.start(None)
        self._put_back = asyncio.create_task(asyncio.to_thread(self.fleet.put_back))

    async def _update(self, plan: Plan) -> None:
        """Bring a new fleet in service, then retire the old one; or the other way round."""
        self.since = now()
        self.pending = pending = self._fleet(plan)
        rollout = rollout_of(plan.get("deployment"), instances_of(plan))
        try:
            async with asyncio.timeout(rollout.timeout_seconds):
                self.stages = {pending: VariantStatus.CREATING}
                await pending.start(ATTEMPTS)
                await pending.ready()
                await self._shift(pending, rollout)
        except (LaunchFailed, Alarmed) as error:
            await self._roll_back(str(error))
        except TimeoutError:
            reason = f"The deployment did not end within {rollout.timeout_seconds:.0f} s."
            await self._roll_back(reason)
        else:
            await self._replace(pending, rollout)

    async def _shift(self, pending: Fleet, rollout: Rollout) -> None:
        for share in rollout.shares:
            self.stages = {pending: VariantStatus.ACTIVATING}
            self._share = share
            self.stages = {pending: VariantStatus.BAKING}
            await rollout.watch(self._around.aws, self._endpoint.region)

    async def _replace(self, pending: Fleet, rollout: Rollout) -> None:
        endpoint = self._endpoint
        self._retiring, self.fleet, self.pending, self._share = self.fleet, pending, None, 0.0
        endpoint.plan = pending.plan
        endpoint.document["EndpointConfigName"] = pending.plan["config"]
        self._set(EndpointStatus.UPDATING)
        self.stages = {self.fleet: VariantStatus.BAKING}
        await asyncio.sleep(rollout.termination_seconds)
        await self._retiring.drain()
        await self._retiring.remove(STOP_SECONDS)
        self._retiring = None
        self.stages = {}
        self._settle()

    async def _roll_back(self, reason: str) -> None:
        self._share = 0.0
        self.plan.pop("pending", None)
        self.plan.pop("desired", None)
        self.plan["rolled_back"] = reason
        self._set(EndpointStatus.ROLLING_BACK, reason)
        if self.pending is not None:
            self.stages = {self.pending: VariantStatus.DELETING}
            await self.pending.drain()
            await self.pending.remove(STOP_SECONDS)
            self.pending = None
        self.stages = {}
        self._settle()

    async def _rescale(self, desired: dict[str, dict[str, Any]]) -> None:
        """Change the number of servers, then the weights; or nothing at all."""
        self.since = now()
        self.stages = {self.fleet: VariantStatus.UPDATING}
        scaled: list[Variant] = []
        try:
            for name, change in desired.items():
                variant = self.fleet.variants[name]
                scaled.append(variant)
                await variant.scale(change.get("Count", variant.plan.count))
        except LaunchFailed as error:
            for variant in scaled:
                await variant.scale(variant.plan.count)
            await self._roll_back(str(error))
            return
        for name, change in desired.items():
            self.fleet.variants[name].plan.document.update(change)
        self.plan.pop("desired")
        self.stages = {}
        self._settle()

    def _changed(self, trouble: str) -> None:
        """A server has come or gone."""
        if self.status in (EndpointStatus.IN_SERVICE, EndpointStatus.OUT_OF_SERVICE):
            self._settle(trouble)

    def _settle(self, trouble: str = "") -> None:
        """Say whether the endpoint is available, now that nothing else is being done to it."""
        if self.fleet.available:
            self._set(EndpointStatus.IN_SERVICE, self.plan.get("rolled_back", ""))
        else:
            self._set(EndpointStatus.OUT_OF_SERVICE, trouble or "No model server answers.")

    def _set(self, status: EndpointStatus, reason: str = "") -> None:
        endpoint = self._endpoint
        endpoint.status = status
        endpoint.document["EndpointStatus"] = str(status)
        endpoint.document.pop("FailureReason", None)
        if reason:
            endpoint.document["FailureReason"] = reason[:_REASON_CHARACTERS]
        self._around.save(endpoint)
        _log.info("endpoint %s: %s %s", endpoint.name, status, reason)

    def _fleet(self, plan: Plan) -> Fleet:
        return Fleet(plan, self._endpoint, self._around, self._changed)

    def _fleets(self) -> list[Fleet]:
        return [fleet for fleet in (self.fleet, self.pending, self._retiring) if fleet]

    def _clear(self) -> None:
        """Remove what deployments that an earlier service did not end have left; blocks."""
        folder = folder_of(self._around.folder, self._endpoint)
        kept = {variant.folder_name for variant in self.fleet.variants.values()}
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name not in kept:
                shutil.rmtree(entry, ignore_errors=True)
