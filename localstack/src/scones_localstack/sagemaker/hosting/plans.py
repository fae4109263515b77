"""What an endpoint's record knows beyond AWS's description: which models, with how much.

endpoint.plan = {
    "number": 2,                   deployments are numbered in the order of updates
    "config": "cats-2",            EndpointConfigName
    "variants": [{...}],           ProductionVariants, each with its container
    "capture": {...} or None,      DataCaptureConfig
    "async": {...} or None,        AsyncInferenceConfig
    "pending": {...},              while UpdateEndpoint is executing: the plan to come
    "desired": {"A": {...}},       while weights and capacities are: Weight and Count by variant
    "rolled_back": "...",          why the last update did not come about
}
"""

from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.store import Resource

type Plan = dict[str, Any]

LEAST_OUTSTANDING = "LEAST_OUTSTANDING_REQUESTS"


class VariantPlan:
    """One of a plan's variants: AWS's ProductionVariant, its container, and what it has now."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Wrap a part of a plan; what is changed here is changed there."""
        self.document = document

    @property
    def name(self) -> str:
        """VariantName."""
        return str(self.document["VariantName"])

    @property
    def container(self) -> dict[str, Any]:
        """The model's PrimaryContainer, as it was when the plan was made."""
        container: dict[str, Any] = self.document["Container"]
        return container

    @property
    def weight(self) -> float:
        """The variant's share of the traffic, relative to the others'."""
        return float(self.document.get("Weight", self.document["InitialVariantWeight"]))

    @property
    def count(self) -> int:
        """How many instances it is to have."""
        return int(self.document.get("Count", self.document["InitialInstanceCount"]))

    @property
    def startup_seconds(self) -> float:
        """ContainerStartupHealthCheckTimeoutInSeconds; 0 where it is not given."""
        return float(self.document.get("ContainerStartupHealthCheckTimeoutInSeconds", 0))

    @property
    def least_outstanding(self) -> bool:
        """Whether the instance with the fewest open requests gets the next one."""
        routing = self.document.get("RoutingConfig", {})
        return bool(routing.get("RoutingStrategy") == LEAST_OUTSTANDING)


def variants_of(plan: Plan) -> list[VariantPlan]:
    """Return a plan's variants."""
    return [VariantPlan(document) for document in plan["variants"]]


def number_of(plan: Plan) -> int:
    """Return a plan's place in the order of an endpoint's deployments."""
    return int(plan.get("number", 0))


def instances_of(plan: Plan) -> int:
    """Return how many instances a plan needs at most, with what is to replace or extend it."""
    own = sum(variant.count for variant in variants_of(plan))
    pending = instances_of(plan["pending"]) if plan.get("pending") else 0
    return own + pending + surplus(plan, plan.get("desired", {}))


def surplus(plan: Plan, desired: Plan) -> int:
    """Return how many instances more a change of capacities needs, by Count of each variant."""
    return sum(
        max(0, int(desired.get(variant.name, {}).get("Count", 0)) - variant.count)
        for variant in variants_of(plan)
    )


def folder_of(folder: Path, endpoint: Resource) -> Path:
    """Return an endpoint's folder under the service's."""
    return folder / "endpoints" / endpoint.region / endpoint.name
