"""One template for models, endpoint configurations and endpoints: deployed, changed and removed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import ROLE_ARN, wait_until
from tests.emulator.sagemaker.running import Workbench, unique

SECONDS = 60


@pytest.fixture(scope="module")
def artifact(bench: Workbench) -> str:
    """A trained model."""
    uri: str = bench.ended(bench.train())["ModelArtifacts"]["S3ModelArtifacts"]
    return uri


@pytest.fixture
def template(bench: Workbench, artifact: str) -> dict[str, Any]:
    """A model, its configuration with data capture, and an endpoint; CloudFormation names them."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/captures",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    tags = [{"Key": "team", "Value": "routing"}]
    return {
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ExecutionRoleArn": ROLE_ARN,
                    "PrimaryContainer": {
                        "Image": "fake",
                        "ModelDataUrl": artifact,
                        "Environment": {"TOLD": "first"},
                    },
                    "Tags": tags,
                },
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {"ProductionVariants": [variant], "DataCaptureConfig": capture},
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                    "Tags": tags,
                },
            },
        },
        "Outputs": {
            "ModelArn": {"Value": {"Ref": "Model"}},
            "ModelName": {"Value": {"Fn::GetAtt": ["Model", "ModelName"]}},
            "ConfigArn": {"Value": {"Ref": "Config"}},
            "ConfigName": {"Value": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
            "EndpointArn": {"Value": {"Ref": "Endpoint"}},
            "EndpointName": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}},
        },
    }


class Stack:
    """A stack that is deployed by change sets, as `aws cloudformation deploy` does."""

    def __init__(self, bench: Workbench) -> None:
        self.client = bench.emulator.client("cloudformation")
        self.name = unique("stack")

    def deploy(self, template: dict[str, Any], kind: str = "CREATE") -> str:
        """Execute a change set and return the stack's status afterwards."""
        names = {"StackName": self.name, "ChangeSetName": unique("change")}
        self.client.create_change_set(
            **names, ChangeSetType=kind, TemplateBody=json.dumps(template)
        )
        wait_until(
            lambda: self.client.describe_change_set(**names)["Status"] == "CREATE_COMPLETE",
            SECONDS,
            "the change set",
        )
        self.client.execute_change_set(**names)
        return self.settled()

    def settled(self) -> str:
        def status() -> str:
            found = self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
            return "" if found.endswith("IN_PROGRESS") else str(found)

        return str(wait_until(status, SECONDS, "the stack"))

    def outputs(self) -> dict[str, str]:
        (stack,) = self.client.describe_stacks(StackName=self.name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def physical_ids(self) -> dict[str, str]:
        listed = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    def reasons(self, status: str) -> list[str]:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            event.get("ResourceStatusReason", "")
            for event in events
            if event["ResourceStatus"] == status
            and event["ResourceType"].startswith("AWS::SageMaker")
        ]

    def delete(self) -> None:
        self.client.delete_stack(StackName=self.name)
        wait_until(self._gone, SECONDS, "the stack's deletion")

    def _gone(self) -> bool:
        try:
            stacks = self.client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError:
            return True
        assert stacks[0]["StackStatus"] != "DELETE_FAILED", self.reasons("DELETE_FAILED")
        return bool(stacks[0]["StackStatus"] == "DELETE_COMPLETE")


@pytest.fixture
def stack(bench: Workbench) -> Iterator[Stack]:
    instance = Stack(bench)
    yield instance
    instance.delete()


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    with pytest.raises(ClientError, match="Could not find"):
        call(**arguments)
    return True


def test_a_stack_creates_what_its_template_says_and_removes_it(bench, stack, template):
    assert stack.deploy(template) == "CREATE_COMPLETE"

    outputs = stack.outputs()
    endpoint = bench.endpoint(outputs["EndpointName"])
    config = bench.sagemaker.describe_endpoint_config(EndpointConfigName=outputs["ConfigName"])
    model = bench.sagemaker.describe_model(ModelName=outputs["ModelName"])
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointArn"] == outputs["EndpointArn"] == stack.physical_ids()["Endpoint"]
    assert config["EndpointConfigArn"] == outputs["ConfigArn"]
    assert model["ModelArn"] == outputs["ModelArn"]
    assert config["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://{bench.bucket}/captures"
    tags = bench.sagemaker.list_tags(ResourceArn=outputs["EndpointArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "routing"}]
    assert bench.invoke(outputs["EndpointName"])["told"] == "first"
    assert not any("fallback" in reason for reason in stack.reasons("CREATE_COMPLETE"))

    stack.delete()

    sagemaker = bench.sagemaker
    assert refused(sagemaker.describe_endpoint, EndpointName=outputs["EndpointName"])
    assert refused(sagemaker.describe_endpoint_config, EndpointConfigName=outputs["ConfigName"])
    assert refused(sagemaker.describe_model, ModelName=outputs["ModelName"])


def test_names_of_the_template_and_numbers_as_text_are_taken(bench, stack, template):
    resources = template["Resources"]
    name = unique("named")
    resources["Model"]["Properties"]["ModelName"] = name
    resources["Endpoint"]["Properties"]["EndpointName"] = name
    resources["Config"]["Properties"]["ProductionVariants"][0]["InitialInstanceCount"] = "1"

    assert stack.deploy(template) == "CREATE_COMPLETE"

    assert (stack.outputs()["ModelName"], stack.outputs()["EndpointName"]) == (name, name)


def test_tags_change_in_place(bench, stack, template):
    stack.deploy(template)
    before = stack.physical_ids()
    for each in ("Model", "Endpoint"):
        template["Resources"][each]["Properties"]["Tags"] = [{"Key": "cost", "Value": "1"}]

    assert stack.deploy(template, "UPDATE") == "UPDATE_COMPLETE"

    assert stack.physical_ids() == before
    for each in ("Model", "Endpoint"):
        tags = bench.sagemaker.list_tags(ResourceArn=before[each])["Tags"]
        assert tags == [{"Key": "cost", "Value": "1"}]


def test_a_new_model_replaces_model_and_configuration_and_updates_the_endpoint(
    bench, stack, template
):
    stack.deploy(template)
    before = stack.outputs()
    container = template["Resources"]["Model"]["Properties"]["PrimaryContainer"]
    container["Environment"]["TOLD"] = "second"

    assert stack.deploy(template, "UPDATE") == "UPDATE_COMPLETE", stack.reasons("UPDATE_FAILED")

    after = stack.outputs()
    assert after["EndpointArn"] == before["EndpointArn"]
    assert after["ModelArn"] != before["ModelArn"]
    assert after["ConfigArn"] != before["ConfigArn"]
    endpoint = bench.endpoint(after["EndpointName"])
    assert endpoint["EndpointConfigName"] == after["ConfigName"]
    assert bench.invoke(after["EndpointName"])["told"] == "second"
    sagemaker = bench.sagemaker
    assert refused(sagemaker.describe_model, ModelName=before["ModelName"])
    assert refused(sagemaker.describe_endpoint_config, EndpointConfigName=before["ConfigName"])

    stack.delete()

    assert refused(sagemaker.describe_model, ModelName=after["ModelName"])
    assert refused(sagemaker.describe_endpoint_config, EndpointConfigName=after["ConfigName"])


def test_an_update_that_fails_tells_why_and_leaves_the_old_model_in_service(bench, stack, template):
    stack.deploy(template)
    name = stack.outputs()["EndpointName"]
    container = template["Resources"]["Model"]["Properties"]["PrimaryContainer"]
    container["Environment"] = {"TOLD": "second", "EXIT_AT_START": "5"}

    assert stack.deploy(template, "UPDATE") != "UPDATE_COMPLETE"

    (reason,) = stack.reasons("UPDATE_FAILED")
    assert "did not pass the ping health check" in reason
    assert bench.invoke(name)["told"] == "first"

    stack.delete()

    assert refused(bench.sagemaker.describe_endpoint, EndpointName=name)


def test_an_endpoint_that_fails_fails_the_stack_with_its_reason(bench, stack, template):
    container = template["Resources"]["Model"]["Properties"]["PrimaryContainer"]
    container["Environment"]["EXIT_AT_START"] = "5"
    name = unique("failing")
    template["Resources"]["Endpoint"]["Properties"]["EndpointName"] = name

    status = stack.deploy(template)

    assert status in ("CREATE_FAILED", "ROLLBACK_COMPLETE")
    (reason,) = stack.reasons("CREATE_FAILED")
    assert "did not pass the ping health check" in reason
    assert refused_soon(bench, name)


def refused_soon(bench: Workbench, name: str) -> bool:
    def gone() -> bool:
        try:
            bench.endpoint(name)
        except ClientError:
            return True
        return False

    return bool(wait_until(gone, SECONDS, "the failed endpoint's deletion"))


def test_a_refusal_of_sagemaker_is_the_reason(stack, template):
    template["Resources"]["Model"]["Properties"]["PrimaryContainer"]["Image"] = "unknown"

    assert stack.deploy(template) in ("CREATE_FAILED", "ROLLBACK_COMPLETE")

    reasons = stack.reasons("CREATE_FAILED")
    assert any("unknown" in reason for reason in reasons)


def test_an_endpoint_that_is_gone_already_does_not_hinder_the_removal(bench, stack, template):
    stack.deploy(template)
    bench.delete(stack.outputs()["EndpointName"])

    stack.delete()
