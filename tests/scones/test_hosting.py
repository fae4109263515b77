"""An endpoint of the running SageMaker service: kept as it is asked for, replaced when changed."""

from dataclasses import replace
from typing import Any

import pytest

from scones import hosting
from scones.as_asked import is_as_asked
from scones.aws import Aws
from scones.deploy import StackOutputs
from scones.hosting import EndpointRequest

VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


@pytest.fixture
def request_(aws: Aws, serving: StackOutputs) -> EndpointRequest:
    """The least that can be asked for: a model of the stack's own, on one instance."""
    return EndpointRequest(
        endpoint_name="hosting-test",
        model_name="hosting-test-1",
        image=f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/model:1",
        model_uri=f"s3://{serving.data_bucket}/models/model.tar.gz",
        role_arn=serving.sagemaker_role_arn,
        instance_type="ml.m5.large",
        capture_uri=f"s3://{serving.data_bucket}/data_capture",
        tags={"scones:project": "hosting-test"},
    )


def served(aws: Aws) -> tuple[str, dict[str, Any]]:
    """The configuration's name and its variant."""
    sagemaker = aws.client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName="hosting-test")["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    return name, variant


def test_a_changed_setting_replaces_the_endpoint_and_the_same_ones_do_not(
    aws: Aws, request_: EndpointRequest
) -> None:
    sagemaker = aws.client("sagemaker")
    hosting.deploy(aws, request_)
    first = sagemaker.describe_endpoint(EndpointName="hosting-test")["CreationTime"]
    assert served(aws)[0] == "hosting-test-1"
    hosting.deploy(aws, request_)
    assert sagemaker.describe_endpoint(EndpointName="hosting-test")["CreationTime"] == first

    changed = replace(request_, instances=2, vpc_config=VPC)
    hosting.deploy(aws, changed)
    name, variant = served(aws)
    assert name.startswith("hosting-test-1-")
    assert variant["InitialInstanceCount"] == 2
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    assert model["VpcConfig"] == VPC
    again = sagemaker.describe_endpoint(EndpointName="hosting-test")["CreationTime"]
    hosting.deploy(aws, changed)
    assert sagemaker.describe_endpoint(EndpointName="hosting-test")["CreationTime"] == again

    hosting.deploy(aws, request_)
    assert served(aws)[0] == "hosting-test-1"
    hosting.delete_endpoint(aws, "hosting-test")


@pytest.mark.parametrize(
    ("found", "asked", "same"),
    [
        ({"A": 1, "Filled": 2}, {"A": 1}, True),
        ({"A": 1}, {"A": 2}, False),
        ({"A": [{"B": 1, "Filled": 2}]}, {"A": [{"B": 1}]}, True),
        ({"A": [1, 2]}, {"A": [1]}, False),
        ({}, {"A": 1}, False),
        ({"A": 1, "VpcConfig": VPC}, {"A": 1}, False),
        ({"A": 1, "VpcConfig": VPC}, {"A": 1, "VpcConfig": VPC}, True),
    ],
)
def test_what_sagemaker_fills_in_is_no_difference_and_a_vpc_is(
    found: dict[str, Any], asked: dict[str, Any], same: bool
) -> None:
    assert is_as_asked(found, asked) == same
