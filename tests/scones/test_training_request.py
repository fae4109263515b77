"""The parameters of CreateTrainingJob: what each setting becomes, checked against botocore."""

from dataclasses import replace

import pytest

from scones.tags import as_list
from scones.training_request import TrainingRequest, parameters, volume_key
from tests.aws_models import faults

REQUEST = TrainingRequest(
    job_name="bakery-1",
    image="scones/image-classification:latest",
    instance_type="ml.m5.large",
    role_arn="arn:aws:iam::000000000000:role/jobs",
    channels={"train": "s3://bakery/train", "validation": "s3://bakery/validation"},
    output_uri="s3://bakery/models",
    checkpoint_uri="s3://bakery/checkpoints/bakery-1",
    hyperparameters={"epochs": 3, "early_stopping": True},
    max_runtime_seconds=600,
)
KEY = "arn:aws:kms:us-east-1:000000000000:key/1"
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}


def asked_of_aws(request: TrainingRequest) -> dict[str, object]:
    """The parameters, after AWS's model has found nothing wrong with them."""
    asked = parameters(request)
    whole = asked | {
        "TrainingJobName": request.job_name,
        "RoleArn": request.role_arn,
        "Tags": as_list(request.tags),
    }
    assert faults("sagemaker", "CreateTrainingJob", whole) == []
    return asked


def test_by_default_a_job_trains_on_one_instance_on_demand_in_no_vpc() -> None:
    asked = asked_of_aws(REQUEST)
    assert asked["ResourceConfig"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
    }
    assert asked["EnableManagedSpotTraining"] is False
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert "VpcConfig" not in asked


def test_a_spot_job_waits_beside_its_runtime_and_keeps_checkpoints() -> None:
    asked = asked_of_aws(replace(REQUEST, spot_wait_seconds=300))
    assert asked["EnableManagedSpotTraining"] is True
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900}
    assert asked["CheckpointConfig"] == {"S3Uri": "s3://bakery/checkpoints/bakery-1"}


def test_machines_network_and_tags_are_those_asked_for() -> None:
    request = replace(
        REQUEST, instances=2, volume_gb=50, vpc_config=VPC, tags={"scones:project": "bakery"}
    )
    asked = asked_of_aws(request)
    assert asked["ResourceConfig"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 2,
        "VolumeSizeInGB": 50,
    }
    assert asked["VpcConfig"] == VPC


def test_one_key_encrypts_disk_and_artifact() -> None:
    asked = asked_of_aws(replace(REQUEST, kms_key_arn=KEY))
    assert asked["OutputDataConfig"] == {"S3OutputPath": "s3://bakery/models", "KmsKeyId": KEY}
    machines = asked["ResourceConfig"]
    assert isinstance(machines, dict)
    assert machines["VolumeKmsKeyId"] == KEY


@pytest.mark.parametrize(
    ("instance_type", "takes_a_key"),
    [
        ("ml.m5.large", True),
        ("ml.p3.2xlarge", True),
        ("ml.m5d.large", False),
        ("ml.g4dn.xlarge", False),
        ("ml.p4de.24xlarge", False),
        ("ml.g5.xlarge", False),
    ],
)
def test_a_disk_that_hardware_encrypts_takes_no_key(instance_type: str, takes_a_key: bool) -> None:
    assert bool(volume_key(instance_type, KEY)) == takes_a_key
    assert volume_key(instance_type, "") == {}
