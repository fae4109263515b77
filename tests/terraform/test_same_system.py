"""cloudformation/ and terraform/ describe one system.

Names, IAM statements, trust, memory, timeouts, retention, encryption, policies, definitions and
outputs are compared after both have been resolved for the same project. What differs on purpose is
in DIFFERENCES, each with its reason; a difference that is gone must go from there too.
"""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.terraform.cloudformation_side import cloudformation_system
from tests.terraform.systems import HOURS, WEB
from tests.terraform.terraform_side import terraform_system
from tests.terraform.workspace import Workspace

# What differs, as a pattern of the lines that `System.differences` gives, and why.
DIFFERENCES = {
    "output Api*: only CloudFormation": "known once it is made: Terraform's output `api`",
    "API key scones-test-site: enabled: *": "Terraform's default is true",
    "parameter /scones-test/api-url: value: *": "an address that is made up once it is made",
    "output ModelTopicArn: only Terraform": "other modules ask for it",
    "output StateMachineArns: only Terraform": "alarms ask for it",
    "output UndeliveredQueueUrl: only Terraform": "to read the queue with the AWS CLI",
}


@pytest.fixture(scope="session")
def differences(
    terraform: str, provider: str, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    workspace = Workspace(tmp_path_factory.mktemp("same"), provider)
    workspace.apply(WEB)
    return list(cloudformation_system().differences(terraform_system(workspace)))


KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
# What is optional on both routes: Terraform's variables, and the template's parameters.
OPTIONS = {
    "in a VPC": (
        {"sagemaker_vpc": {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}},
        {"SageMakerInVpc": "true"},
    ),
    "a key of one's own": ({"kms_key_arn": KEY}, {"KmsKeyArn": KEY}),
    "hours of the endpoint": (
        {"endpoint_hours": HOURS},
        {"EndpointOff": HOURS["off"], "EndpointOn": HOURS["on"], "TimeZone": HOURS["time_zone"]},
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_same_on_both_routes(workspace: Workspace, option: str) -> None:
    variables, parameters = OPTIONS[option]
    workspace.apply(WEB | variables)
    with_it = cloudformation_system(parameters)
    assert list(cloudformation_system().differences(with_it)), "the option changes nothing"
    found = list(with_it.differences(terraform_system(workspace)))
    unmeant = [line for line in found if not any(fnmatchcase(line, known) for known in DIFFERENCES)]
    assert not unmeant, "\n".join(unmeant)


def test_they_differ_only_where_it_is_meant(differences: list[str]) -> None:
    unmeant = [
        line for line in differences if not any(fnmatchcase(line, known) for known in DIFFERENCES)
    ]
    assert not unmeant, "\n".join(unmeant)


@pytest.mark.parametrize("known", DIFFERENCES)
def test_a_difference_that_is_listed_is_there(differences: list[str], known: str) -> None:
    assert any(fnmatchcase(line, known) for line in differences), f"gone: {known}"


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("memory_mb          = 512", "memory_mb = 1024", "memory: CloudFormation 512, Terraform"),
        ('"s3:ListBucket", ', "", 'only CloudFormation: {"Action": ["s3:GetBucketLocation", "s3:'),
        ("incoming/", "uploads/", "rule scones-test-incoming-image: pattern: "),
    ],
)
def test_a_change_on_one_side_is_seen(
    workspace: Workspace, written: str, instead: str, told: str
) -> None:
    file: Path = workspace.path / "modules" / "core" / "main.tf"
    assert written in file.read_text()
    file.write_text(file.read_text().replace(written, instead))
    workspace.apply(WEB)
    found = list(cloudformation_system().differences(terraform_system(workspace)))
    assert any(told in line for line in found), "\n".join(found)
