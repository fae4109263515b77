"""What an event says of a resource: the Describe document, in the forms AWS writes events in.

Times are in milliseconds, tags one object, and an endpoint's status is in upper case (IN_SERVICE),
while a job's is not:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import re
from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.front.model import CONTROL_PLANE, service_model
from scones_localstack.sagemaker.hosting.plans import variants_of
from scones_localstack.sagemaker.store import Resource

# A server of ours that is started again is nobody's business on AWS, where another instance is
# in service meanwhile; and so an endpoint that comes back from there has not changed either.
_NOT_TOLD = frozenset(("OutOfService",))
# AWS's events do not carry it; its own samples ask DescribeTrainingJob for it.
_LEFT_OUT = ("FinalMetricDataList",)
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class EventType:
    """How the changes of one kind of resource are told.

    Attributes:
        name: the event's detail-type.
        resource: what AWS's members are called after, such as `TrainingJob`.
        stages: the document's members of which a change leads to an event.
    """

    name: str
    resource: str
    stages: tuple[str, ...]


EVENT_TYPES = {
    "training-job": EventType(
        "SageMaker Training Job State Change",
        "TrainingJob",
        ("TrainingJobStatus", "SecondaryStatus"),
    ),
    "transform-job": EventType(
        "SageMaker Transform Job State Change", "TransformJob", ("TransformJobStatus",)
    ),
    "processing-job": EventType(
        "SageMaker Processing Job State Change", "ProcessingJob", ("ProcessingJobStatus",)
    ),
    "endpoint": EventType("SageMaker Endpoint State Change", "Endpoint", ("EndpointStatus",)),
}


def stage(resource: Resource) -> str | None:
    """Return the state that events tell changes of; None for what has none that AWS would tell."""
    kind = EVENT_TYPES.get(resource.kind)
    if kind is None:
        return None
    states = [str(resource.document.get(member, "")) for member in kind.stages]
    return None if _NOT_TOLD.intersection(states) else "/".join(states)


def arn_of(resource: Resource) -> str:
    """Return the ARN that the event's `resources` name."""
    return str(resource.document[f"{EVENT_TYPES[resource.kind].resource}Arn"])


def detail(resource: Resource) -> dict[str, Any]:
    """Return the event's `detail`."""
    kind = EVENT_TYPES[resource.kind]
    times = {"CreationTime": resource.created, "LastModifiedTime": resource.modified}
    shape = service_model(CONTROL_PLANE).operation_model(f"Describe{kind.resource}").output_shape
    document: dict[str, Any] = _in_milliseconds(resource.document | times, shape)
    for member in _LEFT_OUT:
        document.pop(member, None)
    if kind.resource == "Endpoint":
        document |= _of_an_endpoint(resource)
    return document | {"Tags": resource.tags}


def _of_an_endpoint(endpoint: Resource) -> dict[str, Any]:
    """Return what DescribeEndpoint says in another form, or knows from the model servers alone."""
    variants = [
        {
            "VariantName": variant.name,
            "DesiredWeight": variant.weight,
            "DesiredInstanceCount": variant.count,
        }
        for variant in variants_of(endpoint.plan)
    ]
    status = _WORD.sub("_", endpoint.document["EndpointStatus"]).upper()
    return {"EndpointStatus": status, "ProductionVariants": variants}


def _in_milliseconds(value: Any, shape: Any) -> Any:
    """Return a document whose times are whole milliseconds; the shape tells which members are."""
    if shape.type_name == "timestamp":
        return round(value * 1000)
    if shape.type_name == "structure":
        return {
            name: _in_milliseconds(member, shape.members[name])
            for name, member in value.items()
            if name in shape.members
        }
    if shape.type_name == "list":
        return [_in_milliseconds(item, shape.member) for item in value]
    return value
