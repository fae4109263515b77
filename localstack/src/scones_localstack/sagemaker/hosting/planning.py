"""Plans made from an endpoint configuration, and from what an endpoint has been given since."""

from typing import Any

from scones_localstack.sagemaker.arns import ENDPOINT
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.hosting.models import find_model
from scones_localstack.sagemaker.hosting.plans import (
    Plan,
    instances_of,
    number_of,
    variants_of,
)
from scones_localstack.sagemaker.requests import check_limit
from scones_localstack.sagemaker.store import Resource, Store, now

# VariantProperty, by the name under which a variant's plan keeps it.
_RETAINED = {"DesiredWeight": "Weight", "DesiredInstanceCount": "Count"}


def plan_for(store: Store, config: Resource) -> Plan:
    """Return what a configuration asks for, so that it and its models may be deleted meanwhile.

    Raises:
        ValidationException: a model is not there any more.
    """
    variants = []
    for variant in config.document["ProductionVariants"]:
        model = find_model(store, config.region, variant["ModelName"])
        container = model.document["PrimaryContainer"]
        variants.append(variant | {"Container": container, "ResolvedAt": now()})
    return {
        "number": 0,
        "config": config.name,
        "variants": variants,
        "capture": config.document.get("DataCaptureConfig"),
        "async": config.document.get("AsyncInferenceConfig"),
    }


def successor(plan: Plan, present: Plan, asked: dict[str, Any]) -> Plan:
    """Return the plan of an update.

    Args:
        plan: of the new configuration.
        present: of the endpoint as it is.
        asked: UpdateEndpoint's request, which may ask to retain weights and counts.
    """
    plan = plan | {"number": number_of(present) + 1}
    if not asked.get("RetainAllVariantProperties"):
        return plan
    excluded = {
        entry["VariantPropertyType"] for entry in asked.get("ExcludeRetainedVariantProperties", ())
    }
    had = {variant.name: variant for variant in variants_of(present)}
    for variant in variants_of(plan):
        if variant.name in had:
            before = had[variant.name]
            kept = {"Weight": before.weight, "Count": before.count}
            for kind, member in _RETAINED.items():
                if kind not in excluded:
                    variant.document[member] = kept[member]
    return plan


def changes(present: Plan, entries: list[dict[str, Any]], endpoint_arn: str) -> Plan:
    """Return UpdateEndpointWeightsAndCapacities' request as a part of a plan.

    Raises:
        ValidationException: a variant is not there, is named twice, or would have no instance.
    """
    known = {variant.name for variant in variants_of(present)}
    wanted: Plan = {}
    for entry in entries:
        name = entry["VariantName"]
        if name not in known:
            raise ValidationException(f'Could not find variant "{name}" of "{endpoint_arn}".')
        if name in wanted:
            raise ValidationException(f'Variant "{name}" is named twice.')
        if entry.get("DesiredInstanceCount") == 0:
            raise ValidationException(
                "DesiredInstanceCount 0 is not supported by this service yet: use 1."
            )
        members = {"Weight": "DesiredWeight", "Count": "DesiredInstanceCount"}
        wanted[name] = {own: entry[aws] for own, aws in members.items() if aws in entry}
    return wanted


def check_instances(store: Store, more: int, limit: int) -> None:
    """Raise if so many more instances would be too many.

    Raises:
        ResourceLimitExceeded: in AWS's form.
    """
    present = sum(instances_of(endpoint.plan) for endpoint in store.every(ENDPOINT))
    check_limit("endpoint instances at once", present, limit, "--max-instances", more)


def check_variants(store: Store, variants: list[dict[str, Any]], region: str) -> None:
    """Check a configuration's ProductionVariants and fill in what AWS takes for granted.

    Raises:
        ValidationException: in AWS's words where they are known.
    """
    names = [variant["VariantName"] for variant in variants]
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"ProductionVariants: {name} is the name of two variants.")
    for variant in variants:
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if member not in variant:
                raise ValidationException(f"ProductionVariants.{member} is missing.")
        variant.setdefault("InitialVariantWeight", 1.0)
        find_model(store, region, variant["ModelName"])
