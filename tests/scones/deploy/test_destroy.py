"""Destruction: all of a project goes, and nothing of any other."""

import json

import pytest

from scones.deploy import deploy, destroy, remains
from scones.deploy.remains import Ownership, Remainder
from scones.errors import DeployError
from tests.scones.stack_fixtures.fixtures import create_endpoint, stack_settings
from tests.scones.stack_fixtures.recorder import Recorder

DOOMED, LONGER = "doomed", "doomed-not"


def names_in(aws, project):
    """Everything in the account whose name starts with the project's."""
    sagemaker = aws.client("sagemaker")
    found = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    for service, operation, field, key in (
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("stepfunctions", "list_state_machines", "stateMachines", "name"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("events", "list_rules", "Rules", "Name"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    ):
        answer = getattr(aws.client(service), operation)()[field]
        found += [e[key] for e in answer if e.get("StackStatus") != "DELETE_COMPLETE"]
    gateway = aws.client("apigateway")
    for operation in ("get_rest_apis", "get_usage_plans", "get_api_keys"):
        found += [entry["name"] for entry in getattr(gateway, operation)()["items"]]
    # ListLayers fails in LocalStack once a layer has lost its last version.
    for layer in (f"{DOOMED}-pillow", f"{LONGER}-pillow"):
        versions = aws.client("lambda").list_layer_versions(LayerName=layer)
        found += [version["LayerVersionArn"].split(":")[6] for version in versions["LayerVersions"]]
    topics = aws.client("sns").list_topics()["Topics"]
    found += [topic["TopicArn"].rpartition(":")[2] for topic in topics]
    found += [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]]
    found += [
        config["EndpointConfigName"]
        for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]
    ]
    found += [model["ModelName"] for model in sagemaker.list_models()["Models"]]
    cards = sagemaker.list_model_cards()["ModelCardSummaries"]
    found += [card["ModelCardName"] for card in cards]
    return sorted(n for n in found if n.rpartition("/")[2].startswith(f"{project}-"))


def test_nothing_is_left_of_a_project_and_all_of_one_with_a_longer_name(aws):
    deploy(aws, stack_settings(LONGER))
    card = {"Content": "{}", "ModelCardStatus": "Draft"}
    for project in (LONGER, DOOMED):
        name = f"{project}-20260102-030405-006"
        aws.client("sagemaker").create_model_card(ModelCardName=name, **card)
    longer = names_in(aws, LONGER)
    outputs = deploy(aws, stack_settings(DOOMED))
    create_endpoint(aws, DOOMED, outputs)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{DOOMED}-older")
    told = Recorder()

    removed = destroy(aws, stack_settings(DOOMED), reporter=told)

    assert names_in(aws, DOOMED) == names_in(aws, LONGER) == longer
    assert removed[0] == f"endpoint {DOOMED}-classifier"
    assert f"model {DOOMED}-model" in removed
    assert f"model card {DOOMED}-20260102-030405-006" in removed
    assert f"stack {DOOMED}-core" in removed
    assert f"log group /aws/sagemaker/Endpoints/{DOOMED}-older" in removed
    assert any(f"emptying the bucket {outputs.data_bucket}" in note for note in told.notes)
    assert destroy(aws, stack_settings(DOOMED)) == []
    destroy(aws, stack_settings(LONGER))


def test_a_bucket_with_versions_and_unfinished_uploads_goes_too(aws):
    bucket = deploy(aws, stack_settings(DOOMED)).data_bucket
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="photo.png", Body=body)
    s3.delete_object(Bucket=bucket, Key="photo.png")
    s3.create_multipart_upload(Bucket=bucket, Key="large.bin")
    assert f"bucket {bucket}" in destroy(aws, stack_settings(DOOMED))
    assert names_in(aws, DOOMED) == []


def test_what_does_not_go_is_named(monkeypatch):
    monkeypatch.setattr(remains, "DEADLINE_SECONDS", 0.2)
    asked = []

    def find():
        yield Remainder("endpoint stubborn", lambda: asked.append(1))

    with pytest.raises(DeployError, match="endpoint stubborn: run `scones destroy` again"):
        remains.remove_all(find)
    assert len(asked) > 1  # an endpoint in creation refuses at first, so it is asked again


def test_a_project_with_a_longer_name_is_known_in_whatever_state_its_stack_is(aws):
    cloudformation = aws.client("cloudformation")
    topic = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    made = {"StackName": f"{LONGER}-core", "ChangeSetName": "never-executed"}
    cloudformation.create_change_set(**made, ChangeSetType="CREATE", TemplateBody=json.dumps(topic))
    assert remains.ownership(aws, stack_settings(DOOMED)).longer_projects == (LONGER,)
    cloudformation.delete_stack(StackName=f"{LONGER}-core")


def test_a_stack_that_was_deleted_owns_nothing_and_one_in_between_does():
    class Stacks:
        """CloudFormation's list as AWS has it; LocalStack has few of these states."""

        def client(self, _):
            return self

        def get_paginator(self, _):
            return self

        def paginate(self):
            states = {
                "updating": "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                "stuck": "UPDATE_ROLLBACK_FAILED",
                "gone": "DELETE_COMPLETE",
            }
            yield {
                "StackSummaries": [
                    {"StackName": f"{DOOMED}-{name}-core", "StackStatus": state}
                    for name, state in states.items()
                ]
            }

    found = remains.ownership(Stacks(), stack_settings(DOOMED))
    assert found.longer_projects == (f"{DOOMED}-stuck", f"{DOOMED}-updating")


def test_the_log_of_a_transform_job_goes_too(aws):
    logs = aws.client("logs")
    group = {"logGroupName": remains.TRANSFORM_LOG_GROUP}
    names = (f"{DOOMED}-embeddings-1/i-1", f"{LONGER}-embeddings-1/i-1")
    if not logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"]:
        logs.create_log_group(**group)
    for name in names:
        logs.create_log_stream(**group, logStreamName=name)
    deploy(aws, stack_settings(LONGER))
    removed = destroy(aws, stack_settings(DOOMED))
    assert removed == [f"log stream {remains.TRANSFORM_LOG_GROUP}/{names[0]}"]
    destroy(aws, stack_settings(LONGER))


@pytest.mark.parametrize(
    ("name", "owned"),
    [
        ("scones-classifier", True),
        ("scones-berlin-classifier", False),
        ("scones-berlin", True),  # the project scones-berlin names nothing so
        ("sconesclassifier", False),
        ("other-scones-classifier", False),
    ],
)
def test_a_name_belongs_to_the_project_with_the_longest_matching_name(name, owned):
    assert Ownership("scones", ("scones-berlin",))(name) is owned
