"""What roles asked for, what their policies grant, and how the two compare.

requests ─▶ needs (action, resource) ─┐
                                      ├─▶ refused: asked, not granted
policies ─▶ grants ───────────────────┘   unused: granted, never asked
"""

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .aws_account import REGION, Request

ACCOUNT = "000000000000"

# Where IAM's name of an action is not the service's and the operation's.
PREFIXES = {
    "stepfunctions": "states",
    "sagemaker-runtime": "sagemaker",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/s3-api-permissions.html
ACTIONS = {
    "s3:HeadObject": ("s3:GetObject",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:DeleteObjects": ("s3:DeleteObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:UploadPart": ("s3:PutObject",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3:PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "lambda:Invoke": ("lambda:InvokeFunction",),
}
_PASSES_ROLE = {"RoleArn", "ExecutionRoleArn"}


@dataclass(frozen=True, order=True)
class Need:
    """An action that was asked for, and on what; no resource where none can be named."""

    action: str
    resource: str


def actions(request: Request) -> tuple[str, ...]:
    """The IAM actions that a request takes."""
    prefix = PREFIXES.get(request.service, request.service)
    named = f"{prefix}:{request.operation}"
    found = ACTIONS.get(named, (named,))
    # SageMaker asks for this too where something is made with tags.
    tags = prefix == "sagemaker" and request.parameters.get("Tags")
    return (*found, "sagemaker:AddTags") if tags else found


def needs(request: Request) -> Iterator[Need]:
    """What a role must be allowed for a request."""
    for action in actions(request):
        for resource in _resources(request, action):
            yield Need(action, resource)
    if request.service == "sagemaker" and request.operation.startswith("Create"):
        for name in _PASSES_ROLE & set(request.parameters):
            yield Need("iam:PassRole", request.parameters[name])


def _resources(request: Request, action: str) -> Iterator[str]:
    asked = request.parameters
    find = _RESOURCES.get(request.service)
    found = list(find(request.operation, asked)) if find else []
    if action == "s3:ListBucket":
        found = [f"arn:aws:s3:::{asked['Bucket']}"]
    yield from found or ["*"]


def _s3(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    key = f"/{unquote(asked['Key'])}" if "Key" in asked else ""
    yield f"arn:aws:s3:::{asked['Bucket']}{key}"


def _lambda(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    name = str(asked["FunctionName"])
    yield name if name.startswith("arn:") else _arn("lambda", f"function:{name}")


def _logs(operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    if "logGroupName" in asked:
        stream = f"log-stream:{asked['logStreamName']}" if operation == "PutLogEvents" else ""
        yield _arn("logs", f"log-group:{asked['logGroupName']}:{stream}")


def _sns(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    yield asked["TopicArn"]


def _states(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    yield asked["stateMachineArn"]


def _sqs(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    yield _arn("sqs", asked["QueueUrl"].rpartition("/")[2])


def _ssm(_operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    yield _arn("ssm", f"parameter/{asked['Name'].lstrip('/')}")


def _sagemaker(operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    if "ResourceArn" in asked:
        yield asked["ResourceArn"]
    for name, kind in (
        ("TrainingJobName", "training-job"),
        ("ModelName", "model"),
        ("EndpointName", "endpoint"),
        ("EndpointConfigName", "endpoint-config"),
    ):
        if name in asked:
            yield _arn("sagemaker", f"{kind}/{asked[name].lower()}")


_RESOURCES: dict[str, Callable[[str, Mapping[str, Any]], Iterator[str]]] = {
    "s3": _s3,
    "lambda": _lambda,
    "logs": _logs,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "stepfunctions": _states,
    "sagemaker": _sagemaker,
    "sagemaker-runtime": _sagemaker,
}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass
class Comparison:
    """One role: what it asked for, what it was not granted, and what it never used."""

    role: str
    asked: set[Need] = field(default_factory=set)
    refused: set[Need] = field(default_factory=set)
    unused: set[str] = field(default_factory=set)


def compare(
    role: str, requests: Iterable[Request], statements: Iterable[Mapping[str, Any]]
) -> Comparison:
    """Compare what a role asked for with what its policy's statements allow."""
    granted = [
        (action, resource)
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]
    asked = {need for request in requests for need in needs(request)}
    refused = {need for need in asked if not any(_allows(*grant, need) for grant in granted)}
    used = {need.action for need in asked}
    return Comparison(role, asked, refused, {action for action, _ in granted} - used)


def _allows(action: str, resource: str, need: Need) -> bool:
    return fnmatch.fnmatchcase(need.action, action) and fnmatch.fnmatchcase(need.resource, resource)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
