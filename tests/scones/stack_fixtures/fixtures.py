"""Fixtures of the running stack, made once for the tests that ask for them."""

import io
import tarfile
import time
from collections.abc import Iterator

import pytest

from scones.aws import Aws, Session
from scones.deploy import ClassRoute, DeploySettings, DetectionSettings, StackOutputs, deploy
from scones.hosting import data_capture
from scones.profiles import Profile
from tests.scones.stack_fixtures.services import running_services

PROJECT = "roundtrip"
ENDPOINT_SECONDS = 120


def stack_settings(project: str = PROJECT, **changes: object) -> DeploySettings:
    """The settings of a project; the changes take the place of the defaults."""
    defaults: dict[str, object] = {
        "project": project,
        "threshold": 0.93,
        "classes": (
            ClassRoute("bicycle", "A", "nearby"),
            ClassRoute("motorcycle", "B", "far"),
        ),
        "email": "dispatch@scones.example",
        "endpoint_name": f"{project}-classifier",
        "redeploy_on_failure": True,
        "detection": DetectionSettings(
            upload_origins=("http://127.0.0.1:8000", "http://localhost:8000")
        ),
    }
    return DeploySettings(**(defaults | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A session to LocalStack and the SageMaker service of this test run's own."""
    with running_services(tmp_path_factory.mktemp("services")) as services:
        yield Session(
            Profile(
                name="local",
                localstack_port=services.localstack_port,
                sagemaker_port=services.sagemaker_port,
            )
        )


@pytest.fixture(scope="session")
def deployed(aws: Aws) -> StackOutputs:
    """A deployed stack, its endpoint not there yet."""
    return deploy(aws, stack_settings())


@pytest.fixture(scope="session")
def serving(aws: Aws, deployed: StackOutputs) -> StackOutputs:
    """A deployed stack with an endpoint that tells red from blue."""
    create_endpoint(aws, PROJECT, deployed)
    return deployed


def create_endpoint(aws: Aws, project: str, outputs: StackOutputs) -> None:
    """Make model, configuration and endpoint, and wait until it is in service."""
    artifact = io.BytesIO()
    with tarfile.open(fileobj=artifact, mode="w:gz"):
        pass
    aws.client("s3").put_object(
        Bucket=outputs.data_bucket, Key="models/model.tar.gz", Body=artifact.getvalue()
    )
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model(
        ModelName=f"{project}-model",
        PrimaryContainer={
            "Image": f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/model:1",
            "ModelDataUrl": f"s3://{outputs.data_bucket}/models/model.tar.gz",
        },
        ExecutionRoleArn=outputs.sagemaker_role_arn,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{project}-model",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": f"{project}-model",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
        DataCaptureConfig=data_capture(f"s3://{outputs.data_bucket}/data_capture"),
    )
    name = f"{project}-classifier"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{project}-model")
    deadline = time.monotonic() + ENDPOINT_SECONDS
    status = "Creating"
    while status == "Creating" and time.monotonic() < deadline:
        status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
        time.sleep(0.1)
    assert status == "InService"
