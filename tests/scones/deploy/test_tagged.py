"""What carries the project's tag goes, wherever it was made; what cannot be deleted is named."""

import io
import json
import time
import zipfile

import boto3
import pytest
from botocore.stub import Stubber

from scones.deploy import OperationsSettings, deploy, destroy, stack
from scones.deploy.tagged import is_there, remove, tagged
from scones.errors import DeployError
from tests.aws_models import faults
from tests.scones.stack_fixtures.fixtures import stack_settings

PROJECT = "tagged"
TAG = {"Key": "scones:project", "Value": PROJECT}
ACCOUNT = "us-east-1:000000000000"


def test_destroy_takes_what_was_made_outside_the_stack(aws):
    deploy(aws, stack_settings(PROJECT))
    aws.client("logs").create_log_group(logGroupName="/mine", tags={TAG["Key"]: PROJECT})
    aws.client("logs").create_log_group(logGroupName="/other", tags={TAG["Key"]: "another"})
    aws.client("ssm").put_parameter(Name="/mine", Value="x", Type="String", Tags=[TAG])
    removed = destroy(aws, stack_settings(PROJECT))
    assert f"tagged arn:aws:logs:{ACCOUNT}:log-group:/mine" in removed
    assert f"tagged arn:aws:ssm:{ACCOUNT}:parameter/mine" in removed
    assert not list(tagged(aws, stack_settings(PROJECT)))
    assert is_there(aws, f"arn:aws:logs:{ACCOUNT}:log-group:/other")
    assert destroy(aws, stack_settings(PROJECT)) == []
    aws.client("logs").delete_log_group(logGroupName="/other")


def make_each_kind(aws, role_arn):
    """One of each kind that the tagging API of the emulator does not name."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("one.py", "def handler(event, context): return event")
    aws.client("s3").create_bucket(Bucket="outside-the-stack")
    aws.client("s3").put_object(Bucket="outside-the-stack", Key="photo.png", Body=b"photo")
    aws.client("lambda").create_function(
        FunctionName="outside",
        Runtime="python3.13",
        Handler="one.handler",
        Role=role_arn,
        Code={"ZipFile": code.getvalue()},
    )
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    aws.client("stepfunctions").create_state_machine(
        name="outside", definition=json.dumps(definition), roleArn=role_arn
    )
    aws.client("sns").create_topic(Name="outside")
    aws.client("sqs").create_queue(QueueName="outside")
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="outside",
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="outside", WaiterConfig={"Delay": 1}
    )
    gateway = aws.client("apigateway")
    region = aws.region
    api = gateway.create_rest_api(name="outside")["id"]
    key = gateway.create_api_key(name="outside")["id"]
    plan = gateway.create_usage_plan(name="outside")["id"]
    return [
        f"arn:aws:apigateway:{region}::/{kind}"
        for kind in (f"restapis/{api}/stages/v1", f"apikeys/{key}", f"usageplans/{plan}")
    ]


def test_each_kind_can_be_looked_for_and_deleted(aws, deployed):
    of_the_api = make_each_kind(aws, deployed.sagemaker_role_arn)
    for arn in (
        *of_the_api,
        "arn:aws:s3:::outside-the-stack",
        f"arn:aws:lambda:{ACCOUNT}:function:outside",
        f"arn:aws:states:{ACCOUNT}:stateMachine:outside",
        f"arn:aws:sns:{ACCOUNT}:outside",
        f"arn:aws:sqs:{ACCOUNT}:outside",
        aws.client("cloudformation").describe_stacks(StackName="outside")["Stacks"][0]["StackId"],
    ):
        assert is_there(aws, arn), arn
        remove(aws, arn)
        deadline = time.monotonic() + 60
        while is_there(aws, arn):  # a stack takes a moment
            assert time.monotonic() < deadline, arn
            time.sleep(0.1)


@pytest.mark.parametrize("kind", ["endpoint", "endpoint-config", "model", "model-card"])
def test_what_sagemaker_no_longer_has_is_not_there(aws, kind):
    assert not is_there(aws, f"arn:aws:sagemaker:{ACCOUNT}:{kind}/gone")


def test_an_unknown_kind_is_named(aws):
    arn = f"arn:aws:rds:{ACCOUNT}:db:mine"
    assert is_there(aws, arn)
    with pytest.raises(DeployError, match=r"db:mine carries the tag .*delete it"):
        remove(aws, arn)


OPERATIONS = OperationsSettings(50, 1, 3, 600, "", "", "UTC")


def test_the_second_stack_comes_and_goes_with_the_first(aws):
    settings = stack_settings(PROJECT, operations=OPERATIONS, tags={"scones:owner": "ada"})
    outputs = deploy(aws, settings)
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{PROJECT}-")
    assert len(alarms["MetricAlarms"]) == 6
    pages = aws.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"/{PROJECT}")
    listed = {found["Name"]: found["Value"] for page in pages for found in page["Parameters"]}
    assert {name.removeprefix(f"/{PROJECT}/"): value for name, value in listed.items()} == {
        "api-url": outputs.api_url,
        "classify-batch-state-machine": outputs.batch_state_machine_arn,
        "classify-image-state-machine": outputs.classify_state_machine_arn,
        "data-bucket": outputs.data_bucket,
        "endpoint-name": settings.endpoint_name,
        "train-and-deploy-state-machine": outputs.train_state_machine_arn,
        "uploads-bucket": outputs.uploads_bucket,
    }
    events = aws.client("cloudformation").describe_stack_events
    before = len(events(StackName=f"{PROJECT}-operations")["StackEvents"])
    deploy(aws, settings)
    assert len(events(StackName=f"{PROJECT}-operations")["StackEvents"]) == before
    removed = destroy(aws, settings)
    assert removed.index(f"stack {PROJECT}-operations") < removed.index(f"stack {PROJECT}-core")
    assert destroy(aws, settings) == []


def test_a_protected_stack_is_unprotected_only_to_be_destroyed(aws):
    deploy(aws, stack_settings(PROJECT))
    cloudformation = aws.client("cloudformation")
    cloudformation.update_termination_protection(
        StackName=f"{PROJECT}-core", EnableTerminationProtection=True
    )
    assert f"stack {PROJECT}-core" in destroy(aws, stack_settings(PROJECT))


def test_protection_is_asked_for_in_aws_terms():
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("cloudformation", region_name="us-east-1", **keys)
    policy = {"StackName": "s", "StackPolicyBody": json.dumps(stack.DATA_POLICY)}
    protection = {"StackName": "s", "EnableTerminationProtection": True}
    assert faults("cloudformation", "SetStackPolicy", policy) == []
    with Stubber(client) as stub:
        stub.add_response("update_termination_protection", {"StackId": "s"}, protection)
        stub.add_response("set_stack_policy", {}, policy)
        stack.protect(client, "s")
        stub.assert_no_pending_responses()
