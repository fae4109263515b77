"""Deploy: a model artifact in S3 becomes an endpoint that answers and captures what it is asked."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from scones import as_asked
from scones.aws import Aws
from scones.errors import EndpointError
from scones.progress import SILENT, Reporter
from scones.tags import as_list

VARIANT = "AllTraffic"
POLL_SECONDS = 0.25
DEADLINE_SECONDS = 1800.0
_UPDATING = ("Updating", "SystemUpdating", "RollingBack")
_UNTOUCHABLE = ("Creating", *_UPDATING)


@dataclass(frozen=True)
class EndpointRequest:
    """What is served, where, and where its captures go.

    Attributes:
        endpoint_name: The endpoint.
        model_name: Names the model and the endpoint configuration.
        image: URI of the algorithm's image.
        model_uri: S3 URI of the model.tar.gz.
        role_arn: The role that the model server assumes.
        instance_type: Such as ml.m5.large.
        capture_uri: S3 prefix for data capture, at 100 %; None for none.
        instances: How many there are at first.
        vpc_config: Security groups and subnets, as SageMaker has them; None for SageMaker's own.
        kms_key_arn: Key of what is captured; empty for AWS's own.
        tags: Of model, configuration and endpoint.
    """

    endpoint_name: str
    model_name: str
    image: str
    model_uri: str
    role_arn: str
    instance_type: str
    capture_uri: str | None
    instances: int = 1
    vpc_config: Mapping[str, Sequence[str]] | None = None
    kms_key_arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def deploy(aws: Aws, request: EndpointRequest, *, reporter: Reporter = SILENT) -> None:
    """Create model, endpoint configuration and endpoint, and wait until it is in service.

    What is there as it is asked for is kept; an endpoint that serves another model, or serves it
    otherwise, is replaced.

    Raises:
        EndpointError: SageMaker refuses, or the endpoint fails.
    """
    sagemaker = aws.client("sagemaker")
    try:
        configuration = _configuration(sagemaker, request)
        found = _settled_status(aws, request.endpoint_name)
        if found is not None and not _serves(sagemaker, request, configuration, found):
            reporter.note(f"{request.endpoint_name} is {found}: replacing it")
            delete_endpoint(aws, request.endpoint_name)
            found = None
        if found is None:
            sagemaker.create_endpoint(
                EndpointName=request.endpoint_name,
                EndpointConfigName=configuration,
                Tags=as_list(request.tags),
            )
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise EndpointError(f"SageMaker refused the endpoint: {message}") from error
    wait_in_service(aws, request.endpoint_name, reporter=reporter)


def status(aws: Aws, endpoint_name: str) -> str | None:
    """Return the endpoint's status, or None where there is no such endpoint."""
    try:
        found = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint_name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    return str(found["EndpointStatus"])


def wait_in_service(aws: Aws, endpoint_name: str, *, reporter: Reporter = SILENT) -> None:
    """Wait until the endpoint answers.

    Raises:
        EndpointError: It is not there, failed, or took longer than DEADLINE_SECONDS.
    """
    sagemaker = aws.client("sagemaker")
    deadline = time.monotonic() + DEADLINE_SECONDS
    seen = None
    while time.monotonic() < deadline:
        try:
            found = sagemaker.describe_endpoint(EndpointName=endpoint_name)
        except ClientError as error:
            raise EndpointError(
                f"no endpoint '{endpoint_name}': run `scones train` and `scones endpoint`"
            ) from error
        if found["EndpointStatus"] != seen:
            seen = found["EndpointStatus"]
            reporter.note(f"{endpoint_name}: {seen}")
        if seen == "InService":
            return
        if seen == "Failed":
            raise EndpointError(
                f"endpoint '{endpoint_name}' failed: {found.get('FailureReason', 'unknown')}"
            )
        time.sleep(POLL_SECONDS)
    raise EndpointError(f"endpoint '{endpoint_name}' was {seen} for {DEADLINE_SECONDS:.0f} s")


def delete_endpoint(aws: Aws, endpoint_name: str) -> None:
    """Delete the endpoint and wait until it is gone.

    Raises:
        EndpointError: It is still there after DEADLINE_SECONDS.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := status(aws, endpoint_name)) in _UNTOUCHABLE and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # SageMaker refuses to delete it before
    if found not in (None, "Deleting"):  # the second: an earlier command has said so already
        aws.client("sagemaker").delete_endpoint(EndpointName=endpoint_name)
    while time.monotonic() < deadline:
        if status(aws, endpoint_name) is None:
            return
        time.sleep(POLL_SECONDS)
    raise EndpointError(f"endpoint '{endpoint_name}' is still being deleted: try again later")


def _settled_status(aws: Aws, endpoint_name: str) -> str | None:
    """Return the status once an update has ended: until then it serves what it served before."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := status(aws, endpoint_name)) in _UPDATING and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return found


def data_capture(uri: str, kms_key_arn: str = "") -> dict[str, Any]:
    """Return a DataCaptureConfig that keeps all that is asked and answered under an S3 prefix."""
    key = {"KmsKeyId": kms_key_arn} if kms_key_arn else {}
    return {
        **key,
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": uri,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }


def _configuration(sagemaker: Any, request: EndpointRequest) -> str:
    """Return the name of a configuration that is as asked; make it, and its model, if need be."""
    tags = as_list(request.tags)
    vpc = {"VpcConfig": dict(request.vpc_config)} if request.vpc_config else {}
    container = {"Image": request.image, "ModelDataUrl": request.model_uri}
    model = as_asked.model(
        sagemaker,
        request.model_name,
        {"PrimaryContainer": container, **vpc},
        {"ExecutionRoleArn": request.role_arn, "Tags": tags},
    )
    variant = {
        "VariantName": VARIANT,
        "ModelName": model,
        "InstanceType": request.instance_type,
        "InitialInstanceCount": request.instances,
        "InitialVariantWeight": 1,
    }
    asked: dict[str, Any] = {"ProductionVariants": [variant]}
    if request.capture_uri:
        asked["DataCaptureConfig"] = data_capture(request.capture_uri, request.kms_key_arn)
    return as_asked.configuration(sagemaker, request.model_name, asked, {"Tags": tags})


def _serves(sagemaker: Any, request: EndpointRequest, configuration: str, found: str) -> bool:
    if found not in {"InService", "Creating", "OutOfService"}:  # the last: its server restarts
        return False
    described = sagemaker.describe_endpoint(EndpointName=request.endpoint_name)
    return bool(described["EndpointConfigName"] == configuration)
