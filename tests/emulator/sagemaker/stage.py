"""The smallest request that each operation accepts, and something of each kind to name in it.

Where the smallest request that the model allows is not enough, `MEMBERS` and `ENOUGH` have what it
takes besides.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from scones_localstack.sagemaker import coverage
from scones_localstack.sagemaker.front import model
from tests.emulator.sagemaker.from_model import filled, merged, smallest, within
from tests.emulator.sagemaker.running import (
    INPUT,
    ROLE_ARN,
    Service,
    Workbench,
    folder_in,
    folders_out,
    unique,
)

OPERATIONS = coverage.operations()
RUNTIME = [each for each in OPERATIONS if each.startswith("Invoke")]
CONTROL = [each for each in OPERATIONS if each not in RUNTIME]
ENOUGH: dict[str, dict[str, Any]] = {
    "CreateModel": {"PrimaryContainer": {"Image": "fake", "ModelDataUrl": ""}},
    "CreateModelCard": {"Content": "{}"},
    "CreateEndpointConfig": {
        "ProductionVariants": [
            {"ModelName": "", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
        ]
    },
    "CreateTrainingJob": {
        "AlgorithmSpecification": {"TrainingImage": "fake", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        "HyperParameters": {"sleep": "60"},
    },
    "CreateProcessingJob": {
        "AppSpecification": {"ContainerEntrypoint": ["sleep", "60"]},
        "ProcessingInputs": [folder_in("one", "", INPUT)],
        "ProcessingOutputConfig": folders_out(""),
    },
    "UpdateEndpointWeightsAndCapacities": {"DesiredWeightsAndCapacities": [{"DesiredWeight": 1.0}]},
}
_INLINE = "MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringInputs.EndpointInput"
MEMBERS = {
    "CreateEndpointConfig": ["DataCaptureConfig"],
    "CreateMonitoringSchedule": [_INLINE],
    "UpdateMonitoringSchedule": [_INLINE],
    "CreateDataQualityJobDefinition": ["DataQualityJobInput.EndpointInput"],
    "CreateModelQualityJobDefinition": [
        "ModelQualityJobInput.EndpointInput",
        "ModelQualityJobInput.GroundTruthS3Input.S3Uri",
        "ModelQualityAppSpecification.ProblemType",
    ],
}


@dataclass
class Stage:
    """Something of each kind that a request can name."""

    bench: Workbench
    given: dict[str, Any]

    def request(self, operation: str, *fields: str, **named: Any) -> dict[str, Any]:
        """Return the smallest request that the service accepts, with further members."""
        shape = coverage.shape_of(operation)
        request = smallest(shape)
        for path in [*MEMBERS.get(operation, []), *fields]:
            request = merged(request, within(shape, path.split(".")))
        own = {named_after(operation): unique("own")} if named_after(operation) else {}
        request = merged(request, ENOUGH.get(operation, {}))
        whole: dict[str, Any] = filled(request, self.given | own | named)
        return whole

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Call by a client that checks every answer against the model."""
        client = self.bench.runtime if operation in RUNTIME else self.bench.sagemaker
        answered: dict[str, Any] = getattr(client, xform_name(operation))(**request)
        for _ in answered.get("Body", ()):
            pass
        return answered


def set_up(service: Service) -> Stage:
    """Make something of each kind."""
    emulator = service.emulator
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    bench = Workbench(service, emulator, bucket)
    given = {
        "ModelName": bench.model(),
        "VariantName": "AllTraffic",
        "ImageUri": "fake",
        "RoleArn": ROLE_ARN,
        "S3OutputPath": f"s3://{bucket}/out",
        "DestinationS3Uri": f"s3://{bucket}/captures",
        "LocalPath": "/opt/ml/processing/data",
        "S3DataType": "S3Prefix",
        "S3Uri": bench.put("in/slow", b"slow60"),
        "InputLocation": bench.put("quick"),
    }
    model_made = bench.sagemaker.describe_model(ModelName=given["ModelName"])
    given["ModelDataUrl"] = model_made["PrimaryContainer"]["ModelDataUrl"]
    stage = Stage(bench, given)
    for operation in (
        "CreateEndpointConfig",
        "CreateEndpoint",
        "CreateMonitoringSchedule",
        "CreateModelCard",
    ):
        request = stage.request(operation)
        stage.call(operation, request)
        given[named_after(operation)] = request[named_after(operation)]
        if operation == "CreateEndpoint":
            bench.settles(given["EndpointName"])
    given["ResourceArn"] = bench.endpoint(given["EndpointName"])["EndpointArn"]
    return stage


def named_after(operation: str) -> str:
    """The member by which a Create operation names what it creates; empty for any other."""
    if not operation.startswith("Create"):
        return ""
    required = coverage.shape_of(operation).required_members
    [name] = (each for each in required if operation.endswith(each.removesuffix("Name")))
    return str(name)


@cache
def unchecked(api: str, url: str) -> Any:
    """A client that sends what it is given, without botocore's own checks."""
    return boto3.client(
        api,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


def answer(service: Service, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request that botocore's own checks might stop, and return what is answered."""
    client = unchecked(model.RUNTIME if operation in RUNTIME else model.CONTROL_PLANE, service.url)
    try:
        response: Any = getattr(client, xform_name(operation))(**request)
    except ClientError as error:
        response = error.response
    return dict(response)


def refusal(service: Service, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the error that answers a request."""
    response = answer(service, operation, request)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400, response
    error: dict[str, Any] = response["Error"]
    return error
