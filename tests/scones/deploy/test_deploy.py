"""Deployments of the core stack to a real LocalStack."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from scones.aws import Aws
from scones.deploy import deploy, destroy, outputs
from scones.deploy.artifacts import ensure_bucket
from scones.deploy.operation import Condition, condition_of, describe
from scones.deploy.pipeline import make_way
from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DeployError
from tests.scones.stack_fixtures.fixtures import stack_settings
from tests.scones.stack_fixtures.recorder import Recorder

PROJECT = "trial"
BUCKET = "trial-data-000000000000-us-east-1"
STACK = "trial-core"


@pytest.fixture
def trial(aws: Aws) -> Iterator[Aws]:
    """An account in which nothing of the project `trial` is left after the test."""
    yield aws
    destroy(aws, stack_settings(PROJECT))


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkout in which one file is changed."""

    def edit(name: str, old: str, new: str) -> Path:
        root = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
        for folder in ("api", "asl", "cloudformation"):
            shutil.copytree(SOURCE_ROOT / folder, root / folder)
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))
        return root

    return edit


def status(aws: Aws) -> str | None:
    found = describe(aws.client("cloudformation"), STACK)
    return found["StackStatus"] if found else None


def environment(aws: Aws, function: str) -> dict[str, str]:
    found = aws.client("lambda").get_function_configuration(FunctionName=function)
    return found["Environment"]["Variables"]


def test_the_outputs_are_those_of_what_is_there(aws, deployed):
    stepfunctions, s3 = aws.client("stepfunctions"), aws.client("s3")
    for arn in (deployed.classify_state_machine_arn, deployed.batch_state_machine_arn):
        assert stepfunctions.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"
    for name in (deployed.serialize_function, deployed.classify_function, deployed.filter_function):
        assert aws.client("lambda").get_function(FunctionName=name)
    assert aws.client("sns").get_topic_attributes(TopicArn=deployed.topic_arn)
    role = deployed.sagemaker_role_arn.rpartition("/")[2]
    assert aws.client("iam").get_role(RoleName=role)
    assert s3.head_bucket(Bucket=deployed.data_bucket)
    assert s3.head_bucket(Bucket=deployed.uploads_bucket)
    for name in (deployed.detect_function, deployed.annotate_function, deployed.answer_function):
        function = aws.client("lambda").get_function_configuration(FunctionName=name)
        assert [layer["Arn"].split(":")[6] for layer in function["Layers"]] == ["roundtrip-pillow"]
    assert aws.client("apigateway").get_rest_api(restApiId=deployed.api_id)["name"] == (
        "roundtrip-api"
    )
    assert aws.client("apigateway").get_api_key(apiKey=deployed.api_key_id)["enabled"]
    assert deployed.api_url.endswith("/v1")
    assert aws.client("sqs").get_queue_url(QueueName=deployed.detection_failed_queue)
    assert outputs(aws, stack_settings()) == deployed


@pytest.mark.parametrize("purpose", ["data", "uploads", "artifacts"])
def test_all_buckets_are_closed_to_the_public_and_encrypted(aws, deployed, purpose):
    bucket = deployed.data_bucket.replace("-data-", f"-{purpose}-")
    s3 = aws.client("s3")
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_without_a_change_nothing_is_done(aws, deployed):
    cloudformation = aws.client("cloudformation")
    before = cloudformation.describe_stack_events(StackName="roundtrip-core")["StackEvents"]
    told = Recorder()
    assert deploy(aws, stack_settings(), reporter=told) == deployed
    after = cloudformation.describe_stack_events(StackName="roundtrip-core")["StackEvents"]
    assert len(after) == len(before)
    assert told.notes == ["roundtrip-core is up to date"]


def test_a_new_threshold_changes_two_resources(trial):
    told = Recorder()
    deploy(trial, stack_settings(PROJECT))
    deploy(trial, stack_settings(PROJECT, threshold=0.8), reporter=told)
    assert environment(trial, "trial-filter-confidence")["THRESHOLD"] == "0.8"
    assert environment(trial, "trial-answer-request")["THRESHOLD"] == "0.8"
    assert "trial-core: 2 resources to change" in told.notes


def test_progress_counts_up_to_all_resources(trial):
    told = Recorder()
    deploy(trial, stack_settings(PROJECT), reporter=told)
    labels, done, total = zip(*told.steps, strict=True)
    assert (set(labels), done[-1], set(total)) == ({"stack"}, total[0], {total[0]})


def test_a_change_that_localstack_only_pretends_to_make_is_made_and_data_stay(trial, edited):
    deploy(trial, stack_settings(PROJECT))
    trial.client("s3").put_object(Bucket=BUCKET, Key="train/photo.png", Body=b"photo")
    root = edited("cloudformation/core.yaml", "prefix: incoming/", "prefix: arriving/")
    deploy(trial, stack_settings(PROJECT, source_root=root))
    rule = trial.client("events").describe_rule(Name="trial-incoming-image")
    assert "arriving/" in rule["EventPattern"]
    kept = trial.client("s3").get_object(Bucket=BUCKET, Key="train/photo.png")["Body"].read()
    assert kept == b"photo"


def test_another_document_makes_another_api_and_another_deployment(trial, edited):
    before = deploy(trial, stack_settings(PROJECT))
    root = edited("api/openapi.json", '"/classify"', '"/classify-again"')
    after = deploy(trial, stack_settings(PROJECT, source_root=root))
    client = trial.client("apigateway")
    paths = {found["path"] for found in client.get_resources(restApiId=after.api_id)["items"]}
    assert "/classify-again" in paths
    assert "/classify" not in paths
    assert [api["id"] for api in client.get_rest_apis()["items"] if api["id"] == before.api_id] in (
        [],
        [after.api_id],
    )


def test_a_definition_that_step_functions_refuses_changes_nothing(aws, edited):
    root = edited("asl/classify_batch.asl.json", '"Type": "Pass"', '"Type": "Nonsense"')
    with pytest.raises(DeployError, match=r"'classify_batch' is not valid.*Nonsense"):
        deploy(aws, stack_settings(PROJECT, source_root=root))
    assert status(aws) is None
    buckets = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if name.startswith(f"{PROJECT}-")]


def test_a_resource_that_was_only_pretended_is_an_error_each_time(trial, edited):
    dashboard = "Resources:\n  Board:\n    Type: AWS::CloudWatch::Dashboard\n"
    dashboard += "    Properties: {DashboardBody: '{}'}\n"
    root = edited("cloudformation/core.yaml", "Resources:\n", dashboard)
    for _ in range(2):
        with pytest.raises(DeployError, match=r"Board|AWS::CloudWatch::Dashboard"):
            deploy(trial, stack_settings(PROJECT, source_root=root))
    deploy(trial, stack_settings(PROJECT))


def test_a_failed_update_names_its_cause_and_the_next_command_works(trial, edited):
    deploy(trial, stack_settings(PROJECT))
    trial.client("s3").put_object(Bucket=BUCKET, Key="train/photo.png", Body=b"photo")
    root = edited("cloudformation/core.yaml", "Runtime: python3.13", "Runtime: ruby3.3")
    with pytest.raises(DeployError, match=r"Function \(AWS::Lambda::Function\): .*ruby3.3"):
        deploy(trial, stack_settings(PROJECT, source_root=root))
    with pytest.raises(DeployError, match="run `scones deploy` again"):
        outputs(trial, stack_settings(PROJECT))
    assert deploy(trial, stack_settings(PROJECT)).data_bucket == BUCKET
    assert trial.client("s3").head_object(Bucket=BUCKET, Key="train/photo.png")


def test_a_bucket_whose_making_was_interrupted_is_closed_by_the_next_command(aws):
    s3, bucket = aws.client("s3"), "half-made-artifacts"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    ensure_bucket(s3, bucket, aws.region)
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}


def test_a_change_set_that_was_never_executed_is_passed_over(trial):
    trial.client("cloudformation").create_change_set(
        StackName=STACK,
        ChangeSetName="interrupted",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    assert status(trial) == "REVIEW_IN_PROGRESS"
    assert deploy(trial, stack_settings(PROJECT)).data_bucket == BUCKET


KILLED = """
import sys
from scones.aws import Session
from scones.deploy import deploy
from scones.profiles import Profile
from tests.scones.stack_fixtures.fixtures import stack_settings

class Loud:
    def note(self, message): pass
    def progress(self, label, done, total, unit=""): print(label, done, flush=True)

aws = Session(Profile(name="local", localstack_port=int(sys.argv[1])))
deploy(aws, stack_settings("trial"), reporter=Loud())
"""


def test_the_command_after_a_killed_one_waits_and_finishes(trial):
    port = trial.client("s3").meta.endpoint_url.rpartition(":")[2]
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, port], cwd=SOURCE_ROOT, stdout=subprocess.PIPE
    )
    assert killed.stdout is not None
    first = killed.stdout.readline()
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert first == b"stack 1\n"
    assert asdict(deploy(trial, stack_settings(PROJECT)))["data_bucket"] == BUCKET
    assert status(trial) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def test_outputs_of_nothing_name_the_command_that_deploys(aws):
    with pytest.raises(
        DeployError, match="no stack 'absent-core' in us-east-1: run `scones deploy`"
    ):
        outputs(aws, stack_settings("absent"))


@pytest.mark.parametrize(
    ("seen", "condition"),
    [
        (None, Condition.ABSENT),
        ("REVIEW_IN_PROGRESS", Condition.ABSENT),
        ("CREATE_COMPLETE", Condition.READY),
        ("UPDATE_ROLLBACK_COMPLETE", Condition.READY),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Condition.BUSY),
        ("DELETE_IN_PROGRESS", Condition.BUSY),
        ("ROLLBACK_COMPLETE", Condition.VOID),
        ("DELETE_FAILED", Condition.VOID),
        ("UPDATE_ROLLBACK_FAILED", Condition.STUCK),
        ("UPDATE_FAILED", Condition.STUCK),
    ],
)
def test_a_status_tells_what_can_be_done_next(seen, condition):
    assert condition_of(seen) is condition


class Account:
    """An account whose CloudFormation gives prepared answers: states that LocalStack never has."""

    region, account = "us-east-1", "000000000000"

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self._client = boto3.client("cloudformation", region_name="us-east-1", **keys)
        self.stubber = Stubber(self._client)

    def client(self, service_name: str) -> Any:
        assert service_name == "cloudformation"
        return self._client


def test_a_stuck_update_on_aws_is_a_persons_decision():
    account = Account()
    stack = {"StackName": STACK, "CreationTime": 0, "StackStatus": "UPDATE_ROLLBACK_FAILED"}
    account.stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})
    settings = stack_settings(PROJECT, redeploy_on_failure=False)
    with (
        account.stubber,
        pytest.raises(DeployError, match=f"continue-update-rollback --stack-name {STACK}"),
    ):
        make_way(account, STACK, settings, Recorder())
