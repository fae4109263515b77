"""The variants of one endpoint configuration: brought up together, and chosen from by weight."""

import asyncio
import random
from collections.abc import Callable

from scones_localstack.sagemaker.hosting.plans import Plan, number_of, variants_of
from scones_localstack.sagemaker.hosting.surroundings import Surroundings
from scones_localstack.sagemaker.hosting.variant import Variant
from scones_localstack.sagemaker.store import Resource


class Fleet:
    """What serves one endpoint configuration.

    Attributes:
        plan: the configuration's part of the endpoint's record.
        variants: by name, in the configuration's order.
    """

    def __init__(
        self,
        plan: Plan,
        endpoint: Resource,
        around: Surroundings,
        changed: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self.variants = {
            variant.name: Variant(
                variant, endpoint, number_of(plan), plan.get("capture"), around, changed
            )
            for variant in variants_of(plan)
        }

    @property
    def available(self) -> bool:
        """Whether an invocation that names no variant is answered."""
        return bool(self._takers())

    def choose(self, target: str | None) -> Variant | None:
        """Return the variant for an invocation; None if none answers.

        Args:
            target: the variant that the client names; without one, chance decides, by weight,
                among the variants that answer.

        Raises:
            KeyError: there is no variant of that name.
        """
        if target is not None:
            return self.variants[target]
        takers = self._takers()
        if len(takers) < 2:
            return takers[0] if takers else None
        weights = [variant.plan.weight for variant in takers]
        if not any(weights):
            return random.choice(takers)  # noqa: S311 - routing, no secret
        return random.choices(takers, weights)[0]  # noqa: S311

    def _takers(self) -> list[Variant]:
        """Return the variants that answer and take traffic: by weight, or all where all are 0."""
        variants = list(self.variants.values())
        weighted = [variant for variant in variants if variant.plan.weight > 0]
        return [variant for variant in weighted or variants if variant.live]

    async def start(self, attempts: int | None) -> None:
        """Put the models in place and start all servers; they may not answer yet.

        Raises:
            LaunchFailed: a model cannot be put in place.
        """
        for variant in self.variants.values():
            await variant.start(attempts)

    async def ready(self) -> None:
        """Return when all servers of all variants answer.

        Raises:
            LaunchFailed: one of them does not.
        """
        await asyncio.gather(*(variant.ready() for variant in self.variants.values()))

    def put_back(self) -> None:
        """Upload the models that S3 has forgotten; blocks."""
        for variant in self.variants.values():
            variant.put_back()

    async def drain(self) -> None:
        """Wait for the answers that are still to come."""
        await asyncio.gather(*(variant.drain() for variant in self.variants.values()))

    async def stop(self, grace_seconds: float) -> None:
        """End all servers."""
        variants = self.variants.values()
        await asyncio.gather(*(variant.stop(grace_seconds) for variant in variants))

    async def remove(self, grace_seconds: float) -> None:
        """End all servers and leave nothing but logs and captures."""
        variants = self.variants.values()
        await asyncio.gather(*(variant.remove(grace_seconds) for variant in variants))
