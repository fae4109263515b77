"""The control plane as clients see it: checks, error forms, lists, tags, unknown operations.

What is marked `both_doors` runs through LocalStack's port too.
"""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import ROLE_ARN, Service, unique


def post(service: Service, target: str, body: bytes, **headers: str):
    """Send a raw request; return status, headers and document."""
    headers = {"X-Amz-Target": target, **headers}
    request = urllib.request.Request(f"{service.url}/", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.headers, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.load(error)


@pytest.fixture
def unchecked(door):
    """A client that sends what it is given, without botocore's own checks."""
    return boto3.client(
        "sagemaker",
        endpoint_url=door,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


def test_errors_have_awss_wire_form(service):
    status, headers, document = post(service, "SageMaker.DescribeModel", b'{"ModelName": "no"}')

    assert status == 400
    assert headers["x-amzn-errortype"] == "ValidationException"
    assert headers["Content-Type"].startswith("application/x-amz-json-1.1")
    assert len(headers["x-amzn-RequestId"]) == 36
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model/no"
    assert document == {
        "__type": "ValidationException",
        "message": f'Could not find model "{arn}".',
    }


@both_doors
def test_every_finding_is_reported_at_once(unchecked):
    with pytest.raises(ClientError) as caught:
        unchecked.create_training_job(
            TrainingJobName="under_score",
            RoleArn="arn:aws:iam::1:role/x",
            AlgorithmSpecification={"TrainingImage": "fake"},
            OutputDataConfig={"S3OutputPath": "s3://bucket/x"},
            InputDataConfig=[{"ChannelName": "train", "DataSource": {}}, {"ChannelName": "a b"}],
            ResourceConfig={"InstanceType": "ml.huge", "InstanceCount": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 0},
            HyperParameters={"k" * 257: "v"},
        )

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    findings = error["Message"].split("; ")
    assert findings[0].startswith("8 validation errors detected: Value 'under_score' at ")
    text = error["Message"]
    constraint = "failed to satisfy constraint: Member must"
    for finding in [
        f"Value 'under_score' at 'trainingJobName' {constraint} satisfy regular expression "
        "pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        f"Value 'arn:aws:iam::1:role/x' at 'roleArn' {constraint} satisfy regular expression",
        f"Value null at 'algorithmSpecification.trainingInputMode' {constraint} not be null",
        f"Value 'a b' at 'inputDataConfig.2.member.channelName' {constraint} satisfy regular",
        f"Value null at 'inputDataConfig.2.member.dataSource' {constraint} not be null",
        f"Value 'ml.huge' at 'resourceConfig.instanceType' {constraint} satisfy enum value set: [",
        f"Value '0' at 'stoppingCondition.maxRuntimeInSeconds' {constraint} have value greater "
        "than or equal to 1",
        "at 'hyperParameters' failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 256, Member must have length greater "
        "than or equal to 0, Member must satisfy regular expression pattern: .*]",
    ]:
        assert finding in text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The request body is not JSON"),
        (b"[]", "The request body is not a JSON object"),
        (b'{"ModelName": 3}', "int can not be converted to a String at 'modelName'"),
    ],
)
def test_a_body_of_the_wrong_form_is_a_serialization_exception(service, body, message):
    status, _, document = post(service, "SageMaker.DescribeModel", body)

    assert status == 400
    assert document["__type"] == "SerializationException"
    assert document["message"].startswith(message)


def test_nulls_and_unknown_members_are_ignored(service):
    body = json.dumps({"NameContains": None, "Surprise": 1}).encode()

    status, _, document = post(service, "SageMaker.ListModels", body)

    assert status == 200
    assert "Models" in document


@both_doors
def test_an_operation_that_is_not_there_yet_is_named(client):
    with pytest.raises(ClientError) as caught:
        client.list_notebook_instances()

    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["Error"]["Code"] == "InternalFailure"
    assert error["Error"]["Message"].startswith(
        "ListNotebookInstances is an operation of SageMaker that this service does not have yet. "
        "It has AddTags, Create"
    )


@pytest.mark.parametrize("target", ["SageMaker.MakeCoffee", "DynamoDB_20120810.ListTables", ""])
def test_an_operation_that_sagemaker_does_not_have_is_unknown(service, target):
    status, _, document = post(service, target, b"{}")

    assert status == 400
    assert document["__type"] == "UnknownOperationException"
    assert f"'{target}'" in document["message"]


def test_a_web_page_may_not_talk_to_the_service(service):
    status, _, document = post(service, "SageMaker.ListModels", b"{}", Origin="http://evil.example")

    assert status == 403
    assert document["__type"] == "AccessDeniedException"


def test_regions_are_worlds_apart(service):
    ohio = service.client(region="us-east-2")
    name = unique("model")
    ohio.create_model(ModelName=name, PrimaryContainer={"Image": "fake"}, ExecutionRoleArn=ROLE_ARN)

    assert ohio.describe_model(ModelName=name)["ModelArn"].split(":")[3] == "us-east-2"
    with pytest.raises(ClientError, match="Could not find model"):
        service.client().describe_model(ModelName=name)


@pytest.fixture
def models(client):
    """Three models, in the order of their creation, and the text their names share."""
    shared = unique("listed")
    names = [f"{letter}-{shared}" for letter in "bca"]
    for name in names:
        client.create_model(
            ModelName=name, PrimaryContainer={"Image": "fake"}, ExecutionRoleArn=ROLE_ARN
        )
    return names, shared


def listed(client, **asked):
    answer = client.list_models(**asked)
    return [model["ModelName"] for model in answer["Models"]]


@both_doors
def test_lists_are_sorted_as_asked(client, models):
    names, shared = models

    assert listed(client, NameContains=shared) == names[::-1]
    assert listed(client, NameContains=shared, SortOrder="Ascending") == names
    by_name = listed(client, NameContains=shared, SortBy="Name", SortOrder="Ascending")
    assert by_name == sorted(names)


@both_doors
def test_lists_come_in_pages(client, models):
    _, shared = models
    pages = client.get_paginator("list_models").paginate(
        NameContains=shared, PaginationConfig={"PageSize": 2}
    )

    assert [len(page["Models"]) for page in pages] == [2, 1]
    with pytest.raises(ClientError, match="NextToken 'nonsense' is not valid"):
        client.list_models(NextToken="nonsense")


@both_doors
def test_lists_are_filtered_by_time(client, models):
    names, shared = models
    hour = timedelta(hours=1)
    soon, before = datetime.now(UTC) + hour, datetime.now(UTC) - hour

    assert listed(client, NameContains=shared, CreationTimeAfter=soon) == []
    assert listed(client, NameContains=shared, CreationTimeBefore=before) == []
    between = {"CreationTimeAfter": before, "CreationTimeBefore": soon}
    assert listed(client, NameContains=shared, **between) == names[::-1]


@both_doors
def test_jobs_and_endpoints_are_listed_by_status(bench):
    completed, failed = bench.train(), bench.train({"fail": "x"})
    bench.ended(completed)
    bench.ended(failed)
    name = bench.deploy(bench.model())
    client = bench.sagemaker

    jobs = client.list_training_jobs(StatusEquals="Failed", MaxResults=100)
    endpoints = client.list_endpoints(StatusEquals="InService", NameContains=name)
    configs = client.list_endpoint_configs(MaxResults=1)

    names = [job["TrainingJobName"] for job in jobs["TrainingJobSummaries"]]
    assert failed in names
    assert completed not in names
    assert [endpoint["EndpointName"] for endpoint in endpoints["Endpoints"]] == [name]
    assert len(configs["EndpointConfigs"]) == 1


@both_doors
def test_tags_are_kept_changed_and_removed(client):
    name = unique("model")
    arn = client.create_model(
        ModelName=name,
        PrimaryContainer={"Image": "fake"},
        ExecutionRoleArn=ROLE_ARN,
        Tags=[{"Key": "team", "Value": "routing"}, {"Key": "stage", "Value": "dev"}],
    )["ModelArn"]

    client.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "prod"}])
    client.delete_tags(ResourceArn=arn, TagKeys=["team", "absent"])

    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "prod"}]
    for other in (arn.replace(":model/", ":project/"), arn.replace("000000000000", "111111111111")):
        with pytest.raises(ClientError, match="is not the ARN of a resource"):
            client.list_tags(ResourceArn=other)


def test_a_limit_is_told_with_the_option_that_sets_it(emulator, tmp_path):
    limits = {"max-endpoints": 1}
    with Service(tmp_path / "state", emulator, limits) as service:
        client = service.client()
        client.create_model(
            ModelName="m", PrimaryContainer={"Image": "fake"}, ExecutionRoleArn=ROLE_ARN
        )
        variant = {
            "VariantName": "v",
            "ModelName": "m",
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
        }
        client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
        client.create_endpoint(EndpointName="first", EndpointConfigName="c")

        with pytest.raises(ClientError) as caught:
            client.create_endpoint(EndpointName="second", EndpointConfigName="c")

    error = caught.value.response["Error"]
    assert error["Code"] == "ResourceLimitExceeded"
    assert "current utilization of 1 and a request delta of 1" in error["Message"]
    assert "--max-endpoints" in error["Message"]
