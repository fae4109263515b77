"""`destroy` takes the project's repositories in ECR, and leaves those of others; ECR is moto's."""

import json

import boto3
import pytest

from scones.deploy import deploy, destroy, preview
from scones.errors import DeployError
from tests.scones.stack_fixtures.ecr import MANIFEST, REGION, running_ecr
from tests.scones.stack_fixtures.fixtures import stack_settings

PROJECT = "timber"
SETTINGS = stack_settings(PROJECT, image_repositories=())


class WithEcr:
    """The emulated account, which has no ECR of its own, and one beside it."""

    def __init__(self, aws, ecr):
        self._aws = aws
        self._ecr = ecr
        self.region, self.account = aws.region, aws.account

    def client(self, service_name):
        return self._ecr if service_name == "ecr" else self._aws.client(service_name)


@pytest.fixture
def ecr(tmp_path):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with running_ecr(tmp_path, registry=False) as stand_in:
        client = boto3.client("ecr", region_name=REGION, endpoint_url=stand_in.url, **keys)
        yield client
        client.close()


def make(ecr, name, project):
    """A repository with an image in it."""
    ecr.create_repository(repositoryName=name, tags=[{"Key": "scones:project", "Value": project}])
    config = {"digest": "sha256:" + "0" * 64, "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag="1")


def names(ecr):
    return {r["repositoryName"] for r in ecr.describe_repositories()["repositories"]}


def test_tagged_repositories_go_with_their_images_and_others_stay(aws, ecr):
    account = WithEcr(aws, ecr)
    deploy(account, SETTINGS)
    for name, project in {
        f"{PROJECT}/pines": PROJECT,
        "elsewhere": PROJECT,
        f"{PROJECT}-berlin/pines": f"{PROJECT}-berlin",
    }.items():
        make(ecr, name, project)
    ecr.create_repository(repositoryName=f"{PROJECT}/untagged")
    removed = destroy(account, SETTINGS)
    assert {f"repository {PROJECT}/pines", "repository elsewhere"} <= set(removed)
    assert names(ecr) == {f"{PROJECT}-berlin/pines", f"{PROJECT}/untagged"}
    assert destroy(account, SETTINGS) == []


class Undeletable:
    """ECR that says that it has deleted, and has not."""

    def __init__(self, ecr):
        self._ecr = ecr

    def __getattr__(self, name):
        return (lambda **_: None) if name == "delete_repository" else getattr(self._ecr, name)


def test_a_repository_that_stays_is_named(aws, ecr, monkeypatch):
    monkeypatch.setattr("scones.deploy.remains.DEADLINE_SECONDS", 0.1)
    make(ecr, f"{PROJECT}/pines", PROJECT)
    with pytest.raises(DeployError, match=rf"still there.*repository {PROJECT}/pines"):
        destroy(WithEcr(aws, Undeletable(ecr)), SETTINGS)


def test_where_there_is_no_ecr_it_is_not_asked(aws):
    assert destroy(WithEcr(aws, None), stack_settings("prairie")) == []


def test_a_plan_names_a_repository_that_an_image_is_to_be_pushed_to(aws, ecr):
    asked = stack_settings(PROJECT, image_repositories=[f"{PROJECT}/pines"])
    account = WithEcr(aws, ecr)

    def created():
        return {c.name for c in preview(account, asked) if c.type == "AWS::ECR::Repository"}

    assert created() == {f"{PROJECT}/pines"}
    make(ecr, f"{PROJECT}/pines", PROJECT)
    assert created() == set()
