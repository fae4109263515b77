"""How traffic moves from one fleet to the next: DeploymentConfig, read once.

Honoured: BlueGreenUpdatePolicy with all three types of traffic routing, its waits and its timeout,
and AutoRollbackConfiguration. A RollingUpdatePolicy moves the traffic in the same batches, but
between two whole fleets.

Source: "Deployment guardrails for updating models in production" in the SageMaker developer guide.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.errors import ValidationException

DEFAULT_TIMEOUT_SECONDS = 14_400.0
_ALARM_SECONDS = 1.0


class Alarmed(Exception):  # noqa: N818 - an outcome
    """An alarm went off while the new fleet was watched; the message names it."""


@dataclass(frozen=True)
class Rollout:
    """The steps of a deployment; times in seconds.

    Attributes:
        shares: of the traffic, 0 to 1, that the new fleet gets, step by step.
        wait_seconds: how long it is watched after each step.
        termination_seconds: how long the old fleet stays after the last one.
        timeout_seconds: how long all of it may take.
        alarms: names of CloudWatch alarms that end it.
    """

    shares: tuple[float, ...] = (1.0,)
    wait_seconds: float = 0.0
    termination_seconds: float = 0.0
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    alarms: tuple[str, ...] = ()

    async def watch(self, aws: Aws, region: str) -> None:
        """Wait as long as one step asks for.

        Raises:
            Alarmed: an alarm went off.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.wait_seconds
        while True:
            if self.alarms:
                await asyncio.to_thread(_check_alarms, aws, region, list(self.alarms))
            left = end - loop.time()
            if left <= 0:
                return
            await asyncio.sleep(min(left, _ALARM_SECONDS) if self.alarms else left)


def rollout_of(config: dict[str, Any] | None, instances: int) -> Rollout:
    """Return the steps that a DeploymentConfig asks for.

    Args:
        config: AWS's structure.
        instances: of the new fleet, where a step is a number of them.

    Raises:
        ValidationException: it contradicts itself.
    """
    config = config or {}
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise ValidationException(
            "DeploymentConfig: specify one of BlueGreenUpdatePolicy and RollingUpdatePolicy."
        )
    policy = blue_green or rolling or {}
    routing = policy.get("TrafficRoutingConfiguration", policy)
    entries = config.get("AutoRollbackConfiguration", {}).get("Alarms", ())
    return Rollout(
        shares=_rolling(policy, instances) if rolling else _blue_green(routing, instances),
        wait_seconds=routing.get("WaitIntervalInSeconds", 0),
        termination_seconds=policy.get("TerminationWaitInSeconds", 0),
        timeout_seconds=policy.get("MaximumExecutionTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS),
        alarms=tuple(entry["AlarmName"] for entry in entries if "AlarmName" in entry),
    )


def _blue_green(routing: dict[str, Any], instances: int) -> tuple[float, ...]:
    kind = routing.get("Type", "ALL_AT_ONCE")
    if kind == "CANARY":
        return (_share(routing, "CanarySize", instances), 1.0)
    if kind == "LINEAR":
        return _steps(_share(routing, "LinearStepSize", instances))
    return (1.0,)


def _rolling(policy: dict[str, Any], instances: int) -> tuple[float, ...]:
    return _steps(_share(policy, "MaximumBatchSize", instances))


def _share(structure: dict[str, Any], member: str, instances: int) -> float:
    size = structure.get(member)
    if size is None:
        raise ValidationException(f"DeploymentConfig: {member} is missing.")
    whole = 100 if size["Type"] == "CAPACITY_PERCENT" else instances
    return min(1.0, float(size["Value"] / whole))


def _steps(step: float) -> tuple[float, ...]:
    between = [number * step for number in range(1, int(1 / step) + 1) if number * step < 0.999]
    return (*between, 1.0)


def _check_alarms(aws: Aws, region: str, names: list[str]) -> None:
    """Raise if one of the alarms is on; where CloudWatch is away, none is known to be. Blocks."""
    try:
        answer = aws.client("cloudwatch", region).describe_alarms(
            AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    except (ClientError, BotoCoreError):
        return
    for alarm in answer["MetricAlarms"] + answer.get("CompositeAlarms", []):
        if alarm["StateValue"] == "ALARM":
            raise Alarmed(f"The CloudWatch alarm {alarm['AlarmName']} is in state ALARM.")
