"""What DescribeEndpoint says of an endpoint's variants, from what there is at the moment."""

from typing import Any

from scones_localstack.sagemaker.front.control import Document
from scones_localstack.sagemaker.hosting.capture import summary as capture_summary
from scones_localstack.sagemaker.hosting.deployment import (
    Deployment,
    EndpointStatus,
    VariantStatus,
)
from scones_localstack.sagemaker.hosting.fleet import Fleet
from scones_localstack.sagemaker.hosting.variant import Variant

# What a variant's configuration and its summary share.
_AS_CONFIGURED = ("ManagedInstanceScaling", "RoutingConfig")


def describe(deployment: Deployment) -> Document:
    """Return the members of DescribeEndpoint's answer that follow from the deployment."""
    plan = deployment.plan
    document: Document = {
        "ProductionVariants": [
            _variant(variant, deployment, deployment.fleet)
            for variant in deployment.fleet.variants.values()
        ]
    }
    if capture := capture_summary(plan.get("capture")):
        document["DataCaptureConfig"] = capture
    if plan.get("async"):
        document["AsyncInferenceConfig"] = plan["async"]
    coming = deployment.pending
    if deployment.status == EndpointStatus.CREATING:
        coming = deployment.fleet
    if coming is not None:
        document["PendingDeploymentSummary"] = _pending(coming, deployment)
    return document


def _pending(fleet: Fleet, deployment: Deployment) -> Document:
    return {
        "EndpointConfigName": fleet.plan.get("config", ""),
        "StartTime": deployment.since,
        "ProductionVariants": [
            _variant(variant, deployment, fleet)
            | {"InstanceType": variant.plan.document["InstanceType"]}
            for variant in fleet.variants.values()
        ],
    }


def _variant(variant: Variant, deployment: Deployment, fleet: Fleet) -> Document:
    configured = variant.plan.document
    desired: dict[str, Any] = deployment.plan.get("desired", {}).get(variant.name, {})
    stage: VariantStatus | None = deployment.stages.get(fleet)
    image = variant.plan.container["Image"]
    summary = {
        "VariantName": variant.name,
        "DeployedImages": [
            {
                "SpecifiedImage": image,
                "ResolvedImage": image,
                "ResolutionTime": configured.get("ResolvedAt", deployment.since),
            }
        ],
        "CurrentWeight": variant.plan.weight,
        "DesiredWeight": desired.get("Weight", variant.plan.weight),
        "CurrentInstanceCount": len(variant.live),
        "DesiredInstanceCount": desired.get("Count", variant.plan.count),
    }
    if stage:
        summary["VariantStatus"] = [{"Status": str(stage), "StartTime": deployment.since}]
    return summary | {name: configured[name] for name in _AS_CONFIGURED if name in configured}
